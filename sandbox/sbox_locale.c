#include "sbox_locale.h"

#include <string.h>

/* The ids 1, 2, 6 and 58 are RingCentral's; the others are ours. */
static const sbox_timezone_t timezones[] = {
    {"1", "GMT", "Casablanca, Monrovia, Reykjavik", 0},
    {"2", "WET", "Dublin, Edinburgh, Lisbon, London", 0},
    {"3", "Europe/Amsterdam", "Amsterdam, Copenhagen, Madrid, Paris, Vilnius", 60},
    {"4", "Europe/Belgrade", "Belgrade, Sarajevo, Skopje, Sofija, Zagreb", 60},
    {"5", "Europe/Bratislava", "Bratislava, Budapest, Ljubljana, Prague, Warsaw", 60},
    {"6", "Europe/Berlin", "Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", 60},
    {"7", "Europe/Brussels", "Brussels, Copenhagen, Madrid, Paris", 60},
    {"8", "Africa/Lagos", "West Central Africa", 60},
    {"9", "Europe/Athens", "Athens, Bucharest", 120},
    {"10", "Europe/Istanbul", "Istanbul", 180},
    {"11", "Europe/Minsk", "Minsk", 180},
    {"12", "Africa/Cairo", "Cairo", 120},
    {"13", "Africa/Harare", "Harare, Pretoria", 120},
    {"14", "Africa/Johannesburg", "Johannesburg", 120},
    {"15", "Europe/Helsinki", "Helsinki, Kiev, Riga, Sofia, Tallinn, Vilnius", 120},
    {"16", "Asia/Jerusalem", "Jerusalem", 120},
    {"17", "Asia/Amman", "Amman", 180},
    {"18", "Asia/Beirut", "Beirut", 120},
    {"19", "Asia/Baghdad", "Baghdad", 180},
    {"20", "Asia/Kuwait", "Kuwait, Riyadh", 180},
    {"21", "Europe/Moscow", "Moscow, St. Petersburg, Volgograd", 180},
    {"22", "Africa/Nairobi", "Nairobi", 180},
    {"23", "Asia/Tehran", "Tehran", 210},
    {"24", "Asia/Dubai", "Abu Dhabi, Muscat", 240},
    {"25", "Asia/Baku", "Baku", 240},
    {"26", "Asia/Tbilisi", "Tbilisi", 240},
    {"27", "Asia/Yerevan", "Yerevan", 240},
    {"28", "Asia/Kabul", "Kabul", 270},
    {"29", "Asia/Yekaterinburg", "Ekaterinburg", 300},
    {"30", "Asia/Karachi", "Islamabad, Karachi", 300},
    {"31", "Asia/Tashkent", "Tashkent", 300},
    {"32", "Asia/Calcutta", "Chennai, Kolkata, Mumbai, New Delhi", 330},
    {"33", "Asia/Colombo", "Sri Jayawardenepura", 330},
    {"34", "Asia/Katmandu", "Kathmandu", 345},
    {"35", "Asia/Almaty", "Astana, Almaty", 300},
    {"36", "Asia/Dhaka", "Dhaka", 360},
    {"37", "Asia/Novosibirsk", "Novosibirsk", 420},
    {"38", "Asia/Rangoon", "Yangon (Rangoon)", 390},
    {"39", "Asia/Bangkok", "Bangkok, Hanoi, Jakarta", 420},
    {"40", "Asia/Jakarta", "Jakarta", 420},
    {"41", "Asia/Krasnoyarsk", "Krasnoyarsk", 420},
    {"42", "Asia/Hong_Kong", "Beijing, Chongqing, Hong Kong, Urumqi", 480},
    {"43", "Asia/Shanghai", "Beijing, Shanghai", 480},
    {"44", "Asia/Irkutsk", "Irkutsk, Ulaan Bataar", 480},
    {"45", "Asia/Kuala_Lumpur", "Kuala Lumpur, Singapore", 480},
    {"46", "Asia/Singapore", "Singapore", 480},
    {"47", "Asia/Manila", "Manila", 480},
    {"48", "Australia/Perth", "Perth", 480},
    {"49", "Asia/Taipei", "Taipei", 480},
    {"50", "Asia/Tokyo", "Osaka, Sapporo, Tokyo", 540},
    {"51", "Asia/Seoul", "Seoul", 540},
    {"52", "Asia/Yakutsk", "Yakutsk", 540},
    {"53", "Pacific/Midway", "Midway Island, Samoa", -660},
    {"54", "US/Hawaii", "Hawaii", -600},
    {"55", "US/Alaska", "Alaska", -540},
    {"56", "America/Tijuana", "Tijuana, Baja California", -480},
    {"57", "America/Phoenix", "Arizona (no daylight saving)", -420},
    {"58", "US/Pacific", "Pacific Time (US & Canada)", -480},
    {"59", "US/Arizona", "Arizona", -420},
    {"60", "US/Mountain", "Mountain Time (US & Canada)", -420},
    {"61", "US/Central", "Central Time (US & Canada)", -360},
    {"62", "America/Mexico_City", "Guadalajara, Mexico City, Monterrey", -360},
    {"63", "America/Chihuahua", "Chihuahua, La Paz, Mazatlan", -360},
    {"64", "US/Eastern", "Eastern Time (US & Canada)", -300},
    {"65", "US/East-Indiana", "Indiana (East)", -300},
    {"66", "America/Bogota", "Bogota, Lima, Quito", -300},
    {"67", "America/Caracas", "Caracas", -240},
    {"68", "Canada/Atlantic", "Atlantic Time (Canada)", -240},
    {"69", "America/La_Paz", "La Paz", -240},
    {"70", "America/Santiago", "Santiago", -240},
    {"71", "Canada/Newfoundland", "Newfoundland", -210},
    {"72", "America/Sao_Paulo", "Brasilia", -180},
    {"73", "America/Argentina/Buenos_Aires", "Buenos Aires, Georgetown", -180},
    {"74", "America/Godthab", "Greenland", -120},
    {"75", "America/Montevideo", "Montevideo", -180},
    {"76", "Atlantic/South_Georgia", "Mid-Atlantic", -120},
    {"77", "Atlantic/Azores", "Azores", -60},
    {"78", "Atlantic/Cape_Verde", "Cape Verde Is.", -60},
    {"79", "America/Guatemala", "Central America", -360},
    {"80", "America/Regina", "Saskatchewan", -360},
    {"81", "Australia/Adelaide", "Adelaide", 570},
    {"82", "Australia/Darwin", "Darwin", 570},
    {"83", "Australia/Brisbane", "Brisbane", 600},
    {"84", "Australia/Sydney", "Canberra, Melbourne, Sydney", 600},
    {"85", "Pacific/Guam", "Guam, Port Moresby", 600},
    {"86", "Australia/Hobart", "Hobart", 600},
    {"87", "Asia/Vladivostok", "Vladivostok", 600},
    {"88", "Asia/Magadan", "Magadan, Solomon Is., New Caledonia", 660},
    {"89", "Pacific/Auckland", "Auckland, Wellington", 720},
    {"90", "Pacific/Fiji", "Fiji, Kamchatka, Marshall Is.", 720},
    {"91", "Pacific/Tongatapu", "Nuku'alofa", 780},
    {"92", "Europe/London", "London", 0},
    {"93", "Europe/Dublin", "Dublin", 0},
    {"94", "Europe/Lisbon", "Lisbon", 0},
    {"95", "Europe/Madrid", "Madrid", 60},
    {"96", "Europe/Paris", "Paris", 60},
    {"97", "Europe/Rome", "Rome", 60},
    {"98", "Europe/Vienna", "Vienna", 60},
    {"99", "Europe/Zurich", "Zurich", 60},
    {"100", "Europe/Stockholm", "Stockholm", 60},
    {"101", "Europe/Copenhagen", "Copenhagen", 60},
    {"102", "Europe/Oslo", "Oslo", 60},
    {"103", "Europe/Prague", "Prague", 60},
    {"104", "Europe/Warsaw", "Warsaw", 60},
    {"105", "Europe/Budapest", "Budapest", 60},
    {"106", "Europe/Bucharest", "Bucharest", 120},
    {"107", "Europe/Kiev", "Kiev", 120},
    {"108", "Africa/Casablanca", "Casablanca", 60},
    {"109", "Asia/Riyadh", "Riyadh", 180},
    {"110", "Pacific/Honolulu", "Honolulu", -600},
    {"111", "UTC", "Coordinated Universal Time", 0},
};

/* Ids are Windows language codes. */
static const sbox_language_t languages[] = {
    {"1033", "en-US", "English (United States)", 1, 1, 1},
    {"2057", "en-GB", "English (United Kingdom)", 1, 1, 1},
    {"3081", "en-AU", "English (Australia)", 1, 1, 1},
    {"4105", "en-CA", "English (Canada)", 0, 0, 1},
    {"3084", "fr-CA", "French (Canada)", 1, 1, 1},
    {"1036", "fr-FR", "French (France)", 1, 1, 1},
    {"1031", "de-DE", "German (Germany)", 1, 1, 1},
    {"1040", "it-IT", "Italian (Italy)", 1, 1, 1},
    {"1034", "es-ES", "Spanish (Spain)", 1, 1, 1},
    {"21514", "es-419", "Spanish (Latin America)", 1, 1, 1},
    {"1046", "pt-BR", "Portuguese (Brazil)", 1, 1, 1},
    {"2070", "pt-PT", "Portuguese (Portugal)", 1, 1, 1},
    {"1043", "nl-NL", "Dutch (Netherlands)", 1, 1, 1},
    {"1041", "ja-JP", "Japanese (Japan)", 1, 1, 1},
    {"1042", "ko-KR", "Korean (South Korea)", 1, 1, 1},
    {"2052", "zh-CN", "Chinese (Simplified, China)", 1, 1, 1},
    {"1028", "zh-TW", "Chinese (Traditional, Taiwan)", 1, 1, 1},
    {"3076", "zh-HK", "Chinese (Traditional, Hong Kong)", 1, 0, 1},
    {"1035", "fi-FI", "Finnish (Finland)", 1, 0, 1},
};

const sbox_timezone_t *sbox_timezone_all(int *n)
{
    *n = (int)(sizeof(timezones) / sizeof(timezones[0]));
    return timezones;
}

const sbox_timezone_t *sbox_timezone_by_id(const char *id)
{
    size_t i;

    for (i = 0; id && i < sizeof(timezones) / sizeof(timezones[0]); i++) {
        if (!strcmp(timezones[i].id, id)) {
            return &timezones[i];
        }
    }
    return NULL;
}

const sbox_language_t *sbox_language_all(int *n)
{
    *n = (int)(sizeof(languages) / sizeof(languages[0]));
    return languages;
}

const sbox_language_t *sbox_language_by_id(const char *id)
{
    size_t i;

    for (i = 0; id && i < sizeof(languages) / sizeof(languages[0]); i++) {
        if (!strcmp(languages[i].id, id)) {
            return &languages[i];
        }
    }
    return NULL;
}
