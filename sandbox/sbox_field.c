#include "sbox_field.h"

#define LIST SBOX_F_LIST
#define READ SBOX_F_READ

/* Password, PIN and ids of other objects have no flag: their answer, if any, is made
 * elsewhere. */
static const sbox_field_t fields[] = {
    {SBOX_T_FIRST_NAME, "contact.firstName", 64, SBOX_F_REQUIRED | LIST, NULL},
    {SBOX_T_LAST_NAME, "contact.lastName", 64, LIST, NULL},
    {SBOX_T_COMPANY, "contact.company", 64, LIST, NULL},
    {SBOX_T_JOB_TITLE, "contact.jobTitle", 64, LIST, NULL},
    {SBOX_T_EMAIL, "contact.email", 254, SBOX_F_REQUIRED | LIST, NULL},
    {SBOX_T_BUSINESS_PHONE, "contact.businessPhone", 32, LIST, NULL},
    {SBOX_T_MOBILE_PHONE, "contact.mobilePhone", 32, LIST, NULL},
    {SBOX_T_COUNTRY, "contact.businessAddress.country", 64, 0, NULL},
    {SBOX_T_STATE, "contact.businessAddress.state", 64, 0, NULL},
    {SBOX_T_CITY, "contact.businessAddress.city", 64, LIST, NULL},
    {SBOX_T_STREET, "contact.businessAddress.street", 256, LIST, NULL},
    {SBOX_T_ZIP, "contact.businessAddress.zip", 32, LIST, NULL},
    {SBOX_T_DEPARTMENT, "contact.department", 64, LIST, NULL},
    {SBOX_T_PRONOUNCED_TYPE, "contact.pronouncedName.type", 16, LIST,
     "Default|TextToSpeech|Recorded"},
    {SBOX_T_PRONOUNCED_TEXT, "contact.pronouncedName.text", 256, LIST, NULL},
    {SBOX_T_PARTNER_ID, "partnerId", 256, LIST, NULL},
    {SBOX_T_SUB_TYPE, "subType", 32, LIST,
     "VideoPro|VideoProPlus|DigitalSignageOnlyRooms|Unknown|Emergency"},
    {SBOX_T_SETUP_WIZARD, "setupWizardState", 16, READ,
     "NotStarted|Incomplete|Completed"},
    {SBOX_T_HOME_COUNTRY, "regionalSettings.homeCountry.id", 8, 0, NULL},
    {SBOX_T_TIMEZONE, "regionalSettings.timezone.id", 8, 0, NULL},
    {SBOX_T_LANGUAGE, "regionalSettings.language.id", 8, 0, NULL},
    {SBOX_T_GREETING, "regionalSettings.greetingLanguage.id", 8, 0, NULL},
    {SBOX_T_LOCALE, "regionalSettings.formattingLocale.id", 8, 0, NULL},
    {SBOX_T_TIME_FORMAT, "regionalSettings.timeFormat", 4, 0, "12h|24h"},
    {SBOX_T_COMMENT, "statusInfo.comment", 256, 0, NULL},
    {SBOX_T_REASON, "statusInfo.reason", 16, 0, "Voluntarily|Involuntarily"},
    {SBOX_T_PASSWORD, "password", 127, 0, NULL},
    {SBOX_T_PIN, "ivrPin", 10, 0, NULL},
    {SBOX_T_SITE, "site.id", 32, 0, NULL},
    {SBOX_T_COST_CENTER, "costCenter.id", 32, SBOX_F_CREATE_ONLY, NULL},
    {SBOX_T_NAME, "name", 129, SBOX_F_CREATE_ONLY, NULL},
};

const sbox_field_t *sbox_field_all(int *n)
{
    *n = (int)(sizeof(fields) / sizeof(fields[0]));
    return fields;
}

const char *sbox_field_path(sbox_text_t slot)
{
    return fields[slot].path;
}
