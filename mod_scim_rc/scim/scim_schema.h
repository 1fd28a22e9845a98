/* Schemas as const tables: the one description of every attribute, which discovery,
 * validation, projection, filters, paths and the gateway's mapping all read. */
#ifndef SCIM_SCHEMA_H
#define SCIM_SCHEMA_H

#include <stddef.h>

#define SCIM_URN_USER "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_URN_ENTERPRISE_USER                                                       \
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

/* The characteristics of RFC 7643 section 7. */
typedef enum {
    SCIM_STRING,
    SCIM_BOOLEAN,
    SCIM_INTEGER,
    SCIM_DECIMAL,
    SCIM_DATETIME,
    SCIM_REFERENCE,
    SCIM_BINARY,
    SCIM_COMPLEX
} scim_kind_t;

typedef enum {
    SCIM_READ_WRITE,
    SCIM_READ_ONLY,
    SCIM_IMMUTABLE,
    SCIM_WRITE_ONLY
} scim_mutability_t;

typedef enum {
    SCIM_RETURNED_DEFAULT,
    SCIM_RETURNED_ALWAYS,
    SCIM_RETURNED_NEVER,
    SCIM_RETURNED_REQUEST
} scim_returned_t;

typedef enum {
    SCIM_UNIQUE_NONE,
    SCIM_UNIQUE_SERVER,
    SCIM_UNIQUE_GLOBAL
} scim_uniqueness_t;

#define SCIM_MULTI 1    /* multi-valued */
#define SCIM_REQUIRED 2 /* required on create and after every change */
#define SCIM_EXACT 4    /* caseExact */
#define SCIM_COMMON 8   /* of every resource (id, externalId, meta): not in /Schemas */
#define SCIM_IGNORED                                                                   \
    16                  /* the RFC has it, the service has no place for it: taken and  \
                         * dropped, not announced, never present */
#define SCIM_DERIVED 32 /* readOnly, made from others; a write is taken and ignored */

typedef struct scim_attr_t {
    const char *name; /* NULL ends a table */
    const char *description;
    scim_kind_t kind;
    unsigned flags;
    scim_mutability_t mutability;
    scim_returned_t returned;
    scim_uniqueness_t uniqueness;
    size_t max_length;                  /* characters of a string, 0: none stated */
    const char *const *canonical;       /* canonicalValues, NULL-terminated, or NULL */
    const char *const *reference_types; /* of a reference, NULL-terminated, or NULL */
    const struct scim_attr_t *sub;      /* of a complex attribute, or NULL */
} scim_attr_t;

typedef struct scim_schema_t {
    const char *urn;
    const char *name;
    const char *description;
    const scim_attr_t *attrs;
    const scim_attr_t *common; /* scim_common_attrs, or NULL for an extension */
} scim_schema_t;

/* A resource type (RFC 7643 section 6). */
typedef struct scim_type_t {
    const char *name;     /* "User" */
    const char *endpoint; /* "/Users" */
    const char *description;
    const scim_schema_t *core;
    const scim_schema_t *const *extensions; /* NULL-terminated */
} scim_type_t;

extern const scim_schema_t scim_schema_user;
extern const scim_schema_t scim_schema_enterprise_user;
extern const scim_type_t scim_type_user;

/* Names are compared without letter case (RFC 7643 section 2.1). All return NULL
 * when there is no such thing. */

/* The schema of `type`, core or extension, with this URN. */
const scim_schema_t *scim_type_schema(const scim_type_t *type, const char *urn);

/* An attribute of a schema; of the core schema also the common ones. */
const scim_attr_t *scim_schema_attr(const scim_schema_t *schema, const char *name);

/* A sub-attribute. For a multi-valued simple attribute "value" is none. */
const scim_attr_t *scim_attr_sub(const scim_attr_t *attr, const char *name);

/* The attributes that every resource has: schemas, id, externalId, meta; ended by a
 * row without a name. */
extern const scim_attr_t scim_common_attrs[];

#endif
