/* The states and provinces that the sandbox knows. */
#ifndef SBOX_PROVINCE_H
#define SBOX_PROVINCE_H

typedef struct sbox_province_t {
    int id;
    const char *country; /* ISO 3166-1 alpha-2 */
    const char *iso;     /* the part behind the hyphen of ISO 3166-2 */
    const char *name;
    const char *name_de; /* NULL: as in English */
} sbox_province_t;

/* All of them, by country and English name, and how many. Static. */
const sbox_province_t *sbox_province_all(int *n);

/* By ISO code or name, in any letter case; `country` as ISO code. NULL: none. */
const sbox_province_t *sbox_province_find(const char *country, const char *text);

#endif
