#include "sbox_problem.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"

typedef struct row_t {
    const char *code;
    int status;
    const char *outer; /* NULL: the code */
    const char *text;  /* with at most one %s, the parameter */
} row_t;

static const row_t rows[] = {
    {"CMN-100", 400, NULL, "Mandatory parameter [%s] not specified"},
    {"CMN-101", 400, "InvalidParameter", "Parameter [%s] value is invalid."},
    {"CMN-102", 404, NULL, "Resource for parameter [%s] is not found"},
    {"CMN-103", 400, NULL, "JSON can't be parsed."},
    {"CMN-106", 400, NULL, "Batch request is limited to %s entries"},
    {"CMN-109", 403, NULL, "Feature not available."},
    {"CMN-110", 405, NULL, "Method not allowed"},
    {"CMN-111", 415, NULL, "Unsupported media type"},
    {"CMN-120", 404, NULL, "Invalid URI"},
    {"CMN-201", 503, NULL, "Service Temporary Unavailable"},
    {"CMN-202", 501, NULL, "Operation is not supported"},
    {"CMN-203", 500, NULL, "Internal Server Error"},
    {"CMN-301", 429, NULL, "Request rate exceeded"},
    {"CMN-302", 429, NULL, "Request rate exceeded"},
    {"CMN-304", 429, NULL, "Duplicate concurrent request. Try again later"},
    {"CMN-310", 429, NULL, "Global request rate exceeded"},
    {"CMN-401", 403, "InsufficientPermissions", "[%s] permission required"},
    {"CMN-406", 400, NULL, "Duplicate value for parameter %s found in request"},
    {"CMN-408", 403, NULL, "[%s] permission required"},
    {"CMN-413", 413, NULL, "Request entity too large"},
    {"EXT-262", 400, NULL, "Home country is invalid"},
    {"EXT-356", 400, NULL, "[lastName] cannot be specified for non-user extension."},
    {"EXT-403", 403, NULL, "The system extension cannot be deleted"},
    {"PWD-001", 400, NULL, "Password is too short"},
    {"PWD-002", 400, NULL, "Password must contain at least one number"},
    {"PWD-003", 400, NULL, "Password must contain at least one upper-case letter"},
    {"PWD-004", 400, NULL, "Password must contain at least one lower-case letter"},
    {"PWD-005", 400, NULL, "Password must contain at least one special character"},
    {"SUB-406", 403, NULL,
     "Not allowed subscribe for events to extensions of other account"},
    {"SUB-505", 403, NULL, "Subscriptions limit exceeded"},
    {"SUB-508", 400, NULL, "Event filter [%s] is not supported"},
    {"SUB-515", 400, NULL,
     "Subscription containing only reminder filter is not allowed"},
    {"SUB-520", 400, NULL, "WebHook responds without the validation token"},
    {"SUB-521", 400, NULL, "WebHook is not reachable"},
    {"SUB-522", 400, NULL,
     "WebHook responds with incorrect HTTP status. HTTP status is %s"},
    {"SUB-523", 400, NULL, "HTTPS is required"},
    {"SUB-524", 400, NULL, "WebHook certificate is not valid"},
    {"SUB-525", 400, NULL, "WebHook server response is invalid"},
    {"ADG-112", 400, NULL, "Request body is invalid."},
    {"ADG-121", 400, NULL, "Parameter [%s] is invalid. "},
    {"ADG-122", 404, NULL, "Contact not found."},
};

static const row_t *find(const char *code)
{
    apr_size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!strcmp(rows[i].code, code)) {
            return &rows[i];
        }
    }
    return find("CMN-203");
}

/* `text` with its "%s", if any, replaced. */
static const char *filled(apr_pool_t *p, const char *text, const char *parameter)
{
    const char *hole = strstr(text, "%s");

    return hole ? apr_pstrcat(p, apr_pstrmemdup(p, text, (apr_size_t)(hole - text)),
                              parameter ? parameter : "", hole + 2, NULL)
                : text;
}

const sbox_problem_t *sbox_problem_status(apr_pool_t *p, const char *code, int status,
                                          const char *parameter)
{
    const row_t *row = find(code);
    sbox_problem_t *problem = apr_pcalloc(p, sizeof(*problem));

    problem->status = status ? status : row->status;
    problem->outer = row->outer;
    problem->code = row->code;
    problem->message = filled(p, row->text, parameter);
    if (row->status == 403) {
        problem->permission = parameter;
    }
    else if (strcmp(code, "CMN-106") && strncmp(code, "SUB-", 4)) {
        problem->parameter = parameter;
    }
    return problem;
}

const sbox_problem_t *sbox_problem(apr_pool_t *p, const char *code,
                                   const char *parameter)
{
    return sbox_problem_status(p, code, 0, parameter);
}

const sbox_problem_t *sbox_problem_invalid(apr_pool_t *p, const char *parameter)
{
    return sbox_problem_status(p, "CMN-101", 0, parameter);
}

const sbox_problem_t *sbox_problem_knob(apr_pool_t *p, const sbox_knobs_t *knobs,
                                        sbox_knob_t knob, const char *parameter)
{
    const json_t *how = sbox_knob_json(knobs, knob);
    sbox_problem_t *problem = apr_pcalloc(p, sizeof(*problem));
    const char *named = base_json_string(how, "parameterName");
    const char *message = base_json_string(how, "message");
    const row_t *row;

    problem->status = (int)base_json_int(how, "status", 400);
    problem->code = apr_pstrdup(p, base_json_string(how, "code"));
    problem->parameter = named ? apr_pstrdup(p, named) : parameter;
    row = find(problem->code);
    if (!strcmp(row->code, problem->code)) {
        problem->outer = row->outer;
    }
    problem->message =
        message ? apr_pstrdup(p, message) : filled(p, row->text, problem->parameter);
    return problem;
}

const sbox_problem_t *sbox_problem_token(apr_pool_t *p, const char *outer,
                                         const char *code, const char *message)
{
    sbox_problem_t *problem = apr_pcalloc(p, sizeof(*problem));

    problem->status = 401;
    problem->outer = outer;
    problem->code = code;
    problem->message = message;
    return problem;
}

static void set_text(json_t *object, const char *name, const char *value)
{
    if (value) {
        json_object_set_new(object, name, json_string(value));
    }
}

const sbox_problem_t *sbox_problem_scim(apr_pool_t *p, int status,
                                        const char *scim_type, const char *detail)
{
    sbox_problem_t *problem = apr_pcalloc(p, sizeof(*problem));

    problem->status = status;
    problem->code = "SCIM";
    problem->message = detail;
    problem->scim_type = scim_type;
    return problem;
}

/* Rule 33. */
static json_t *scim_json(const sbox_problem_t *problem)
{
    json_t *body = json_pack(
        "{s:[s], s:o, s:s}", "schemas", "urn:ietf:params:scim:api:messages:2.0:Error",
        "status", json_sprintf("%d", problem->status), "detail", problem->message);

    set_text(body, "scimType",
             problem->scim_type                  ? problem->scim_type
             : problem->status != 400            ? NULL
             : !strcmp(problem->code, "CMN-103") ? "invalidSyntax"
                                                 : "invalidValue");
    return body;
}

json_t *sbox_problem_json(const sbox_problem_t *problem)
{
    json_t *error = json_object();

    set_text(error, "errorCode", problem->code);
    set_text(error, "message", problem->message);
    set_text(error, "parameterName", problem->parameter);
    return error;
}

void sbox_problem_answer(apr_pool_t *p, sbox_answer_t *answer,
                         const sbox_problem_t *problem, sbox_shape_t shape)
{
    json_t *body, *errors, *error;

    if (shape == SBOX_SHAPE_SCIM) {
        sbox_answer_json(p, answer, problem->status, scim_json(problem));
        return;
    }
    body = json_object();
    errors = json_array();
    error = sbox_problem_json(problem);
    /* The v2 schemas name a parameter in a 400 only. */
    if (shape == SBOX_SHAPE_V2 && problem->status != 400) {
        json_object_del(error, "parameterName");
    }
    if (shape == SBOX_SHAPE_V1) {
        set_text(body, "errorCode", problem->outer ? problem->outer : problem->code);
        set_text(body, "message", problem->message);
        set_text(error, "permissionName", problem->permission);
    }
    json_array_append_new(errors, error);
    json_object_set_new(body, "errors", errors);
    if (shape == SBOX_SHAPE_V1) {
        set_text(body, "parameterName", problem->parameter);
        set_text(body, "permissionName", problem->permission);
    }
    sbox_answer_json(p, answer, problem->status, body);
}
