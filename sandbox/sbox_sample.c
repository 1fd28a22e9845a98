#include "sbox_sample.h"

#define WORDS(list)                                                                    \
    {                                                                                  \
        list, (int)(sizeof(list) / sizeof(list[0]))                                    \
    }

static const char *const english_first[] = {
    "Emma",      "Liam",    "Olivia",   "Noah",     "Ava",    "Ethan",
    "Sophia",    "Mason",   "Isabella", "Lucas",    "Mia",    "Logan",
    "Charlotte", "Jackson", "Amelia",   "Aiden",    "Harper", "Elijah",
    "Evelyn",    "James",   "Abigail",  "Benjamin", "Emily",  "Henry",
    "Grace",     "Owen",    "Chloé",    "Samuel",   "Zoë",    "Daniel",
};
static const char *const english_last[] = {
    "Smith",   "Johnson",  "Williams",    "Brown",    "Jones",    "Garcia", "Miller",
    "Davis",   "Martinez", "Lopez",       "Wilson",   "Anderson", "Taylor", "Moore",
    "Jackson", "Martin",   "Lee",         "Thompson", "White",    "Harris", "Clark",
    "Lewis",   "Robinson", "Walker",      "O'Brien",  "Young",    "Allen",  "King",
    "Wright",  "Nguyen",   "Smith-Jones", "Peña",
};
static const char *const german_first[] = {
    "Anna",    "Jürgen", "Sabine", "Björn",  "Käthe",   "Lukas", "Jörg",     "Petra",
    "Günther", "Heike",  "Sören",  "Monika", "Rüdiger", "Ute",   "Matthias", "Bärbel",
};
static const char *const german_last[] = {
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber",  "Schäfer",
    "Köhler", "Groß",    "Jäger",     "Böhm",    "Krüger", "Vogel",
    "Strauß", "Hübner",  "Löwe",      "Becker",
};
static const char *const french_first[] = {
    "Camille", "Éric",  "Amélie", "François", "Léa",    "Hélène", "Mathéo", "Zoé",
    "Benoît",  "Chloé", "Théo",   "Inès",     "Jérôme", "Céline", "Loïc",   "Margaux",
};
static const char *const french_last[] = {
    "Martin",   "Lefèvre",    "Dubois",   "Moreau", "Fournier", "Gérard",
    "Besançon", "d'Alembert", "Rousseau", "Noël",   "Lemaître", "Chevalier",
    "Barré",    "Tremblay",   "Gagné",    "Côté",
};
static const char *const titles[] = {
    "Account Executive",     "Software Engineer",    "Support Specialist",
    "Sales Manager",         "HR Generalist",        "Financial Analyst",
    "Product Manager",       "Office Manager",       "Data Analyst",
    "Systems Administrator", "Marketing Specialist", "Legal Counsel",
};
static const char *const departments[] = {
    "Sales",
    "Engineering",
    "Customer Support",
    "Human Resources",
    "Finance",
    "Product",
    "Operations",
    "IT",
    "Marketing",
    "Legal",
    "Research & Development",
};
static const char *const roles[] = {
    "Super Admin",       "Manager",   "Billing Admin", "Standard", "User Admin",
    "Call Center Agent", "Team Lead", "Contractor",    "Auditor",  "Receptionist",
};
static const char *const sites[] = {
    "London", "Toronto", "Berlin", "Paris", "Sydney", "New York", "Austin",
};
static const char *const queues[] = {
    "Sales", "Support", "Billing", "Returns", "Reception", "VIP Desk", "Onboarding",
};
static const sbox_words_t english_first_names = WORDS(english_first);
static const sbox_words_t english_last_names = WORDS(english_last);
static const sbox_words_t german_first_names = WORDS(german_first);
static const sbox_words_t german_last_names = WORDS(german_last);
static const sbox_words_t french_first_names = WORDS(french_first);
static const sbox_words_t french_last_names = WORDS(french_last);

const sbox_words_t sbox_sample_titles = WORDS(titles);
const sbox_words_t sbox_sample_departments = WORDS(departments);
const sbox_words_t sbox_sample_roles = WORDS(roles);
const sbox_words_t sbox_sample_sites = WORDS(sites);
const sbox_words_t sbox_sample_queues = WORDS(queues);

#define ENGLISH &english_first_names, &english_last_names
#define GERMAN &german_first_names, &german_last_names
#define FRENCH &french_first_names, &french_last_names

static const sbox_place_t places[] = {
    {30, "United States", "1", "CA", "Belmont", "20 Davis Drive", "94002", "58", "1033",
     "12h", "1650", ENGLISH},
    {12, "United States", "1", "NY", "New York", "350 Fifth Avenue", "10118", "64",
     "1033", "12h", "1212", ENGLISH},
    {8, "Canada", "39", "ON", "Toronto", "100 King Street West", "M5X 1A9", "64",
     "4105", "12h", "1416", ENGLISH},
    {5, "Canada", "39", "QC", "Montréal", "1 Place Ville Marie", "H3B 2C4", "64",
     "3084", "24h", "1514", FRENCH},
    {15, "United Kingdom", "224", "GTL", "London", "85 Uxbridge Road", "W5 5TH", "92",
     "2057", "24h", "4477", ENGLISH},
    {14, "Germany", "87", "BE", "Berlin", "Unter den Linden 21", "10117", "6", "1031",
     "24h", "49151", GERMAN},
    {9, "France", "75", "IDF", "Paris", "12 rue de la Paix", "75002", "96", "1036",
     "24h", "336", FRENCH},
    {7, "Australia", "15", "NSW", "Sydney", "1 Macquarie Place", "2000", "84", "3081",
     "12h", "614", ENGLISH},
};

const sbox_place_t *sbox_sample_place(unsigned int percent)
{
    const sbox_place_t *place = places;
    unsigned int below = (unsigned int)place->share;

    while (percent >= below &&
           place + 1 < places + sizeof(places) / sizeof(places[0])) {
        place++;
        below += (unsigned int)place->share;
    }
    return place;
}
