/* The knobs: where RingCentral's behaviour is not known, or varies, one setting for
 * each possibility. Read and turned through the control interface. */
#ifndef SBOX_KNOB_H
#define SBOX_KNOB_H

#include <apr_pools.h>
#include <jansson.h>

typedef enum {
    /* control */
    SBOX_K_TIME_SCALE,
    SBOX_K_DEBUG_HEADERS,
    SBOX_K_RECORD,
    SBOX_K_DATE_SKEW_S,
    SBOX_K_MAINTENANCE,
    /* OAuth */
    SBOX_K_BAD_JWT_CODE,
    SBOX_K_REFRESH_TOKENS,
    SBOX_K_MAX_SESSIONS,
    SBOX_K_AUTH_KEY,
    SBOX_K_EXPIRED_OUTER,
    SBOX_K_API_401_WWW,
    SBOX_K_TOKEN_TTL_S,
    SBOX_K_JWT_GRANT,
    SBOX_K_MISSING_APP_PERMISSIONS,
    SBOX_K_MISSING_USER_PERMISSIONS,
    /* errors */
    SBOX_K_CMN201_STATUS,
    SBOX_K_DUP_EXT_NUMBER,
    SBOX_K_EXT_IN_USE,
    SBOX_K_DUP_LOGIN_EMAIL,
    SBOX_K_LICENSE_LIMIT,
    SBOX_K_BAD_TRANSITION,
    SBOX_K_UNCLEARABLE,
    /* extensions */
    SBOX_K_PERPAGE_OVER,
    SBOX_K_ORDER,
    SBOX_K_EMAIL_CASE,
    SBOX_K_LIST_LAG_MS,
    SBOX_K_FILTER_LAG_MS,
    SBOX_K_MULTI_ID_EXTENSION,
    SBOX_K_MULTI_ID_MAX,
    SBOX_K_MULTI_ID_COST,
    SBOX_K_EMAIL_AS_LOGIN_DEFAULT,
    SBOX_K_ENABLE_NEEDS_PASSWORD,
    SBOX_K_ENABLE_NEEDS_PIN,
    SBOX_K_UNKNOWN_BODY,
    SBOX_K_ACCOUNT_CAP,
    SBOX_K_REFERENCES_UNIQUE,
    SBOX_K_REFERENCES_WRITABLE,
    SBOX_K_REFERENCES_MERGE,
    SBOX_K_NULL_SEMANTICS,
    SBOX_K_ALLOW_FROZEN,
    SBOX_K_PASSWORD_MIN,
    SBOX_K_STATE_OUT,
    SBOX_K_SITE_FEATURE,
    SBOX_K_CMN304,
    SBOX_K_ASSIGNED_ROLE_PAGING,
    /* bulk */
    SBOX_K_BULK_START_MS,
    SBOX_K_BULK_ITEM_MS,
    SBOX_K_BULK_PARALLEL,
    SBOX_K_TASK_TTL_S,
    SBOX_K_AFFECTED_ITEMS,
    SBOX_K_BULK_UNASSIGNED,
    SBOX_K_LICENSES,
    /* directory */
    SBOX_K_DIRECTORY_LAG_MS,
    SBOX_K_DIRECTORY_HIDDEN,
    /* its own SCIM service */
    SBOX_K_SCIM_REST_LAG_MS,
    SBOX_K_SCIM_COUNT_MAX,
    /* webhooks */
    SBOX_K_ALLOW_HTTP_HOOKS,
    SBOX_K_HOOK_TLS_VERIFY,
    SBOX_K_HOOK_CA_FILE,
    SBOX_K_HOOK_HEADER,
    SBOX_K_EVENT_SHAPE,
    SBOX_K_HOOK_DELAY_MS,
    SBOX_K_HOOK_DUP,
    SBOX_K_HOOK_DROP,
    SBOX_K_HOOK_REORDER,
    SBOX_K_HOOK_RETRIES,
    SBOX_K_HOOK_RETRY_MS,
    SBOX_K_BLACKLIST_RECOVERS,
    /* limits */
    SBOX_K_LIMITS,
    SBOX_K_LIMIT_LIGHT,
    SBOX_K_LIMIT_MEDIUM,
    SBOX_K_LIMIT_HEAVY,
    SBOX_K_LIMIT_AUTH,
    SBOX_K_WINDOW_S,
    SBOX_K_PENALTY_S,
    SBOX_K_LIMIT_OVERRIDES,
    SBOX_K_AFTER_PENALTY,
    SBOX_K_COUNT_REJECTED,
    SBOX_K_OMIT_HEADERS,
    SBOX_K_OMIT_RETRY_AFTER,
    SBOX_K_ACCOUNT_LIMIT,
    SBOX_K_IP_LIMIT,
    /* latency */
    SBOX_K_LATENCY,
    SBOX_K_LATENCY_READ_MS,
    SBOX_K_LATENCY_WRITE_MS,
    SBOX_K_LATENCY_LIST_MS,
    SBOX_K_MAX_CONNS,
    SBOX_KNOBS
} sbox_knob_t;

typedef struct sbox_knobs_t sbox_knobs_t;

/* All at their defaults. Lives as long as `p`. */
sbox_knobs_t *sbox_knobs_create(apr_pool_t *p);
void sbox_knobs_reset(sbox_knobs_t *knobs);

/* "off" reads as 0. */
double sbox_knob_number(const sbox_knobs_t *knobs, sbox_knob_t knob);
int sbox_knob_int(const sbox_knobs_t *knobs, sbox_knob_t knob);
/* Has an enumerated knob this value? */
int sbox_knob_is(const sbox_knobs_t *knobs, sbox_knob_t knob, const char *value);
/* Borrowed. Valid until the knob is turned. */
const char *sbox_knob_text(const sbox_knobs_t *knobs, sbox_knob_t knob);
const json_t *sbox_knob_json(const sbox_knobs_t *knobs, sbox_knob_t knob);

/* All of them as one JSON object. A new reference. */
json_t *sbox_knobs_json(const sbox_knobs_t *knobs);
/* Turns the knobs that `patch` names; null restores a default. All or nothing: NULL,
 * or what is wrong and what would be right, in `p`. */
const char *sbox_knobs_patch(sbox_knobs_t *knobs, apr_pool_t *p, const json_t *patch);

#endif
