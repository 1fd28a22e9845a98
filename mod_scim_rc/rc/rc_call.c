#include "rc_call.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

#define COLLISION_PAUSE apr_time_from_sec(1)
#define OUTAGE_PAUSE apr_time_from_msec(500)
#define ID_MAX_BYTES 20
#define WORD_MAX_BYTES 64
#define ETAG_MAX_BYTES 200
#define PAGES_MAX 1000

char *rc_percent_encode(apr_pool_t *p, const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    char *encoded = apr_palloc(p, 3 * strlen(s) + 1), *e = encoded;

    for (; *s; s++) {
        if (apr_isalnum(*s) || strchr("-._~", *s)) {
            *e++ = *s;
        }
        else {
            *e++ = '%';
            *e++ = hex[(unsigned char)*s >> 4];
            *e++ = hex[*s & 0x0f];
        }
    }
    *e = '\0';
    return encoded;
}

const char *rc_query_add(apr_pool_t *p, const char *query, const char *name,
                         const char *value)
{
    return apr_pstrcat(p, query ? query : "", query ? "&" : "?", name, "=",
                       rc_percent_encode(p, value), NULL);
}

/* The limit that a 429 speaks of. The account's and the network's limits come without
 * the headers of a group; CMN-304 is a collision of two calls and no limit at all. */
static rc_penalty_t penalty_of(apr_pool_t *p, const rc_http_response_t *response)
{
    const char *code;
    int explained;

    if (response->status != 429) {
        return RC_NO_PENALTY;
    }
    code = rc_answer_error(p, response, &explained)->code;
    if (strcmp(code, "CMN-304") == 0) {
        return RC_NO_PENALTY;
    }
    if (!apr_table_get(response->headers, "X-Rate-Limit-Group") &&
        (strcmp(code, "CMN-302") == 0 || strcmp(code, "CMN-310") == 0)) {
        return RC_ACCOUNT_PENALTY;
    }
    return RC_GROUP_PENALTY;
}

void rc_call_exchange(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                      const rc_pass_t *pass, const rc_http_request_t *request,
                      rc_sent_t *sent)
{
    rc_pacer_answer_t answer = {1, NULL, RC_NO_PENALTY};

    memset(sent, 0, sizeof *sent);
    sent->exchange = c->transport->perform(c->transport->ctx, p, request,
                                           &sent->response, &sent->problem);
    if (sent->exchange == RC_EXCHANGE_UNREACHED) {
        answer.sent = 0;
    }
    else if (sent->exchange == RC_EXCHANGE_DONE) {
        answer.headers = sent->response.headers;
        answer.penalty = penalty_of(p, &sent->response);
        sent->limited = answer.penalty == RC_GROUP_PENALTY;
    }
    sent->penalty = rc_pacer_leave(&c->pacer, env, pass, &answer);
}

static const char *url_of(apr_pool_t *p, const rc_client_t *c, const rc_call_t *call)
{
    const char *path = call->endpoint->path, *mark = strstr(path, "{id}");
    const char *query = call->query ? call->query : "";

    if (!mark) {
        return apr_pstrcat(p, c->conf.platform, path, query, NULL);
    }
    return apr_pstrcat(p, c->conf.platform, apr_pstrmemdup(p, path, mark - path),
                       call->id, mark + strlen("{id}"), query, NULL);
}

/* An id goes into the path: other characters could name another resource. */
static int is_id(const rc_endpoint_t *endpoint, const char *id)
{
    static const char word[] =
        "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    int is_word = endpoint->flags & RC_WORD_ID;
    apr_size_t len = id ? strspn(id, is_word ? word : "0123456789") : 0;

    return len > 0 && len <= (is_word ? WORD_MAX_BYTES : ID_MAX_BYTES) && !id[len];
}

/* Is the answer the one that is known? */
static int is_unchanged(apr_pool_t *p, rc_tagged_t *tagged, const rc_sent_t *sent)
{
    const char *tag;

    if (!tagged || sent->exchange != RC_EXCHANGE_DONE) {
        return 0;
    }
    tag = apr_table_get(sent->response.headers, "ETag");
    tagged->unchanged = sent->response.status == 304 && tagged->known;
    if (tagged->unchanged) {
        tagged->current = tagged->known;
    }
    else {
        tagged->current =
            tag && strlen(tag) <= ETAG_MAX_BYTES ? apr_pstrdup(p, tag) : NULL;
    }
    return tagged->unchanged;
}

static rc_error_t *judge(apr_pool_t *p, const rc_call_t *call, const rc_sent_t *sent,
                         json_t **document)
{
    rc_error_t *error;

    switch (sent->exchange) {
    case RC_EXCHANGE_UNREACHED:
        return rc_error(p, RC_UNREACHED, "no connection to RingCentral: %s",
                        sent->problem);
    case RC_EXCHANGE_LOST:
        return rc_error(p, RC_LOST, "the answer to %s was lost: %s",
                        call->endpoint->name, sent->problem);
    case RC_EXCHANGE_DONE:
        break;
    }
    error = rc_answer_judge(p, call->endpoint, &sent->response, document);
    if (error && sent->penalty > error->retry_after) {
        error->retry_after = sent->penalty;
    }
    return error;
}

/* A call on its way. */
typedef struct attempt_t {
    const rc_call_t *call;
    apr_pool_t *scratch;
    rc_http_request_t request; /* but for the token */
    rc_tagged_t *tagged;       /* or NULL */
    rc_pass_t pass;
    rc_bearer_t bearer;
    int sent;    /* did it come to the exchange? */
    int limited; /* by a limit of its credential alone */
    int repeated, collided, moved;
    unsigned renewed;    /* credentials (bits) that got a new token */
    unsigned tried;      /* credentials that cannot do it */
    rc_error_t *failure; /* why the last of them could not */
} attempt_t;

static void set_tried(attempt_t *attempt, int credential, rc_error_t *failure)
{
    attempt->tried |= 1u << credential;
    attempt->failure = failure;
}

/* Takes the place that the caller has, or waits for a pass. */
static rc_error_t *enter(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         const rc_wish_t *wish, rc_pass_t *pass)
{
    rc_pacer_call_t entry = {who->env, *wish, who->deadline};
    rc_place_t *place = who->place;

    if (place && !place->used && wish->groups == RC_GROUP_BIT(place->pass.group)) {
        if (wish->credentials & 1u << place->pass.credential) {
            *pass = place->pass;
            place->used = 1;
            return NULL;
        }
        pass->ticket = place->pass.ticket;
        rc_place_return(c, who, place);
    }
    return rc_pacer_enter(&c->pacer, p, &entry, pass);
}

/* Gets a pass, and then a token of the credential that it is for: that wait is rare and
 * short, and the place in the line is not lost by it. */
static rc_error_t *prepare(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           const rc_call_t *call, attempt_t *attempt)
{
    const rc_pacer_answer_t nothing = {0, NULL, RC_NO_PENALTY};
    rc_pass_t *pass = &attempt->pass;

    for (;;) {
        const rc_choice_t choice = {call->endpoint->name, attempt->tried};
        rc_wish_t wish = {RC_GROUP_BIT(call->endpoint->group), 0, who->work,
                          c->conf.timeout, NULL};
        rc_error_t *error;

        wish.credentials = rc_credential_choose(c, who, p, &choice, &error);
        if (!wish.credentials) {
            return error ? error : attempt->failure;
        }
        error = enter(c, who, p, &wish, pass);
        if (error) {
            return error;
        }
        error = rc_token_get(c, who, p, pass->credential, &attempt->bearer);
        if (!error && rc_pacer_renew(&c->pacer, who->env, c->conf.timeout, pass)) {
            return NULL;
        }
        rc_pacer_leave(&c->pacer, who->env, pass, &nothing);
        if (error && error->kind == RC_INTERRUPTED) {
            return error;
        }
        if (error) {
            set_tried(attempt, pass->credential, error);
        }
    }
}

static rc_error_t *try_call(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                            const rc_call_t *call, attempt_t *attempt,
                            json_t **document)
{
    rc_http_request_t request = attempt->request;
    rc_error_t *error;
    rc_sent_t sent;
    apr_time_t start;
    char *authorization;

    attempt->sent = 0;
    error = prepare(c, who, p, call, attempt);
    if (error) {
        return error;
    }
    authorization = apr_pstrcat(attempt->scratch, "Authorization: Bearer ",
                                attempt->bearer.value, NULL);
    request.headers = apr_array_copy(attempt->scratch, request.headers);
    APR_ARRAY_PUSH((apr_array_header_t *)request.headers, const char *) = authorization;
    start = base_now(who->env);
    rc_call_exchange(c, who->env, attempt->scratch, &attempt->pass, &request, &sent);
    base_secret_clear(authorization, strlen(authorization));
    attempt->sent = 1;
    attempt->limited = sent.limited;
    *document = NULL;
    error = is_unchanged(p, attempt->tagged, &sent) ? NULL
                                                    : judge(p, call, &sent, document);
    base_log(who->env, BASE_LOG_DEBUG, APR_SUCCESS, "%s: %d %s in %d ms",
             call->endpoint->name, sent.response.status, error ? error->message : "ok",
             (int)apr_time_as_msec(base_now(who->env) - start));
    if (attempt->bearer.doubted && sent.exchange == RC_EXCHANGE_DONE &&
        sent.response.status != 401) {
        rc_token_trust(c, who, &attempt->bearer);
    }
    if (!error) {
        rc_credential_permit(c, who, call->endpoint->name, &attempt->bearer);
    }
    return error;
}

/* 1 after the pause; 0 at once when it does not fit before the deadline. */
static int pause_for(const rc_caller_t *who, apr_interval_time_t pause)
{
    return base_now(who->env) + pause < who->deadline &&
           base_sleep(who->env, pause) == APR_SUCCESS;
}

/* May another credential do it, or must this one? */
static int has_others(rc_client_t *c, const rc_caller_t *who, const rc_call_t *call,
                      attempt_t *attempt)
{
    const rc_choice_t others = {call->endpoint->name,
                                attempt->tried | 1u << attempt->bearer.credential};
    rc_error_t *none;

    return rc_credential_choose(c, who, attempt->scratch, &others, &none) != 0;
}

/* A 401 says that nothing was done: again with a new token, or with another
 * credential. */
static int is_repeated_with(rc_client_t *c, const rc_caller_t *who,
                            const rc_call_t *call, attempt_t *attempt,
                            rc_error_t *error)
{
    const unsigned self = 1u << attempt->bearer.credential;

    if (!(attempt->renewed & self) && !attempt->bearer.doubted) {
        attempt->renewed |= self;
        rc_token_drop(c, who, attempt->scratch, &attempt->bearer);
        return 1;
    }
    rc_token_distrust(c, who, attempt->scratch, &attempt->bearer, error);
    set_tried(attempt, attempt->bearer.credential, error);
    return has_others(c, who, call, attempt);
}

/* Is the call to be sent once more? */
static int is_repeated(rc_client_t *c, const rc_caller_t *who, const rc_call_t *call,
                       attempt_t *attempt, rc_error_t *error)
{
    const rc_choice_t choice = {call->endpoint->name, attempt->tried};

    if (!attempt->sent) {
        return 0;
    }
    if (error->http_status == 401) {
        return is_repeated_with(c, who, call, attempt, error);
    }
    if (rc_credential_forbid(c, who, &choice, &attempt->bearer, error)) {
        set_tried(attempt, attempt->bearer.credential, error);
        return 1;
    }
    if (strcmp(error->code, "CMN-304") == 0) {
        return !attempt->collided++ && pause_for(who, COLLISION_PAUSE);
    }
    if (attempt->limited) { /* nothing was done, and the others may have room */
        return !attempt->moved++ && has_others(c, who, call, attempt);
    }
    if ((call->endpoint->flags & RC_WRITES) || attempt->repeated++) {
        return 0;
    }
    if (error->kind == RC_UNAVAILABLE) {
        return pause_for(who, error->retry_after ? apr_time_from_sec(error->retry_after)
                                                 : OUTAGE_PAUSE);
    }
    return error->kind == RC_LOST && pause_for(who, 0);
}

static void fill_request(rc_client_t *c, const rc_call_t *call, attempt_t *attempt)
{
    apr_array_header_t *headers =
        apr_array_make(attempt->scratch, 4, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    APR_ARRAY_PUSH(headers, const char *) = "Accept-Language: en-US";
    if (attempt->tagged && attempt->tagged->known) {
        APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(
            attempt->scratch, "If-None-Match: ", attempt->tagged->known, NULL);
    }
    if (call->body) {
        APR_ARRAY_PUSH(headers, const char *) = "Content-Type: application/json";
        attempt->request.body =
            base_json_text(attempt->scratch, call->body, &attempt->request.body_len);
    }
    attempt->request.method = call->endpoint->method;
    attempt->request.url = url_of(attempt->scratch, c, call);
    attempt->request.headers = headers;
    attempt->request.timeout = c->conf.timeout;
}

/* Carries out a call, by one of those credentials that attempt->tried lets. */
static rc_error_t *carry_out(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                             attempt_t *attempt, json_t **document)
{
    const rc_call_t *call = attempt->call;
    rc_error_t *error;

    if (call->endpoint->thing && !is_id(call->endpoint, call->id)) {
        return rc_error(p, RC_NOT_FOUND, "no id of RingCentral has this form");
    }
    if (call->endpoint->flags & RC_FIRST_ONLY) {
        attempt->tried = ~1u;
    }
    apr_pool_create(&attempt->scratch, p);
    fill_request(c, call, attempt);
    do {
        error = try_call(c, who, p, call, attempt, document);
    } while (error && is_repeated(c, who, call, attempt, error));
    base_secret_clear(&attempt->bearer, sizeof attempt->bearer);
    if (attempt->request.body) { /* there may be a password in it */
        base_secret_clear((char *)attempt->request.body, attempt->request.body_len);
    }
    apr_pool_destroy(attempt->scratch);
    return error;
}

rc_error_t *rc_call(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                    const rc_call_t *call, json_t **document)
{
    attempt_t attempt = {.call = call};

    return carry_out(c, who, p, &attempt, document);
}

rc_error_t *rc_call_tagged(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           rc_tagged_t *tagged, json_t **document)
{
    attempt_t attempt = {.call = tagged->call, .tagged = tagged};

    return carry_out(c, who, p, &attempt, document);
}

rc_error_t *rc_call_bound(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          rc_bound_t *bound, json_t **document)
{
    attempt_t attempt = {.call = bound->call,
                         .tried =
                             bound->credential < 0 ? 0 : ~(1u << bound->credential)};
    rc_error_t *error = carry_out(c, who, p, &attempt, document);

    bound->credential = attempt.pass.credential;
    return error;
}

int rc_call_has_next(const json_t *document, json_int_t page)
{
    json_int_t pages = base_json_int(document, "paging.totalPages", -1);
    json_int_t per_page = base_json_int(document, "paging.perPage", 0);
    size_t here = json_array_size(json_object_get(document, "records"));

    if (here == 0) {
        return 0;
    }
    return pages >= 0 ? page < pages : per_page > 0 && here >= (size_t)per_page;
}

rc_error_t *rc_call_pages(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          const rc_call_t *call, json_t *records)
{
    apr_pool_t *of_page;
    json_t *document;
    rc_error_t *error;
    int page = 0;

    apr_pool_create(&of_page, p);
    do {
        rc_call_t one = *call;

        apr_pool_clear(of_page);
        one.query =
            rc_query_add(of_page, call->query, "page", apr_itoa(of_page, ++page));
        error = rc_call(c, who, of_page, &one, &document);
        if (error) {
            return error; /* lives in of_page, which lives as long as `p` */
        }
        if (json_array_extend(records, json_object_get(document, "records"))) {
            return rc_error(p, RC_PROTOCOL, "the answer to %s has no records",
                            call->endpoint->name);
        }
    } while (rc_call_has_next(document, page) && page < PAGES_MAX);
    apr_pool_destroy(of_page);
    return NULL;
}
