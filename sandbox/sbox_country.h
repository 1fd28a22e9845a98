/* The countries that the sandbox knows. */
#ifndef SBOX_COUNTRY_H
#define SBOX_COUNTRY_H

typedef struct sbox_country_t {
    int id;
    const char *iso; /* ISO 3166-1 alpha-2 */
    const char *name;
    const char *name_de;
    const char *calling_code;
    int numbers_sold;
} sbox_country_t;

/* All of them, by English name, and how many. Static. */
const sbox_country_t *sbox_country_all(int *n);

/* NULL when there is none. */
const sbox_country_t *sbox_country_by_id(int id);
/* By ISO code or by name in English or German, in any letter case. */
const sbox_country_t *sbox_country_find(const char *text);

#endif
