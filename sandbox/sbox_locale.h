/* The time zones and languages that the sandbox knows. */
#ifndef SBOX_LOCALE_H
#define SBOX_LOCALE_H

typedef struct sbox_timezone_t {
    const char *id;
    const char *name;
    const char *description;
    int bias; /* minutes east of UTC in winter */
} sbox_timezone_t;

typedef struct sbox_language_t {
    const char *id;
    const char *locale; /* "en-US" */
    const char *name;
    int ui, greeting, formatting;
} sbox_language_t;

/* All of them and how many; one by its id, NULL when there is none. Static. */
const sbox_timezone_t *sbox_timezone_all(int *n);
const sbox_timezone_t *sbox_timezone_by_id(const char *id);
const sbox_language_t *sbox_language_all(int *n);
const sbox_language_t *sbox_language_by_id(const char *id);

#endif
