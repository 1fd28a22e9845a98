/* What the sample company is made of. */
#ifndef SBOX_SAMPLE_H
#define SBOX_SAMPLE_H

#define SBOX_SAMPLE_DOMAIN "demo-company.example.com"
#define SBOX_SAMPLE_FIXED_ROLES 5

typedef struct sbox_words_t {
    const char *const *word;
    int n;
} sbox_words_t;

/* An office and the people who work in it. Ids are those of the dictionaries. */
typedef struct sbox_place_t {
    int share; /* of 100 people */
    const char *country, *country_id, *state, *city, *street, *zip;
    const char *timezone, *language, *time_format;
    const char *mobile; /* calling code and prefix */
    const sbox_words_t *first_names, *last_names;
} sbox_place_t;

/* The place of one of 100 people; the company's own is that of number 0. */
const sbox_place_t *sbox_sample_place(unsigned int percent);

extern const sbox_words_t sbox_sample_titles;
extern const sbox_words_t sbox_sample_departments;
extern const sbox_words_t sbox_sample_roles; /* the fixed ones first */
extern const sbox_words_t sbox_sample_sites;
extern const sbox_words_t sbox_sample_queues;

#endif
