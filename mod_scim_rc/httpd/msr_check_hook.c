#include "msr_module.h"
#include "msr_check_hook.h"

#include <string.h>
#include <apr_strings.h>

#include "msr_hook.h"

typedef struct check_t {
    apr_pool_t *p;
    const msr_registry_t *registry;
    const msr_complaints_t *complaints;
    const apr_array_header_t *locations; /* msr_handled_t */
} check_t;

static void complain(const check_t *c, const ap_directive_t *where, const char *problem)
{
    c->complaints->complain(c->complaints->baton, where, problem);
}

static void check_location(const check_t *c, const msr_handled_t *location)
{
    const msr_account_t *account = location->use->account;

    if (account && !account->conf.webhook) { /* a wrong name is another's complaint */
        complain(c, location->where,
                 apr_psprintf(c->p,
                              "SetHandler " MSR_HOOK_HANDLER
                              ": needs ScimRCWebhook in <ScimRCAccount %s>: the "
                              "address of this location as RingCentral reaches it",
                              account->conf.name));
    }
}

static int is_served(const check_t *c, const msr_account_t *account)
{
    int i;

    for (i = 0; i < c->locations->nelts; i++) {
        if (APR_ARRAY_IDX(c->locations, i, msr_handled_t).use->account == account) {
            return 1;
        }
    }
    return 0;
}

static void check_account(const check_t *c, const msr_account_t *account)
{
    const gw_account_conf_t *conf = &account->conf;
    int i;

    if (!conf->webhook) {
        return;
    }
    if (!is_served(c, account)) {
        complain(c, account->where,
                 apr_psprintf(c->p,
                              "account '%s': ScimRCWebhook: needs a <Location> with "
                              "SetHandler " MSR_HOOK_HANDLER " and ScimRCUse %s, "
                              "which answers there",
                              conf->name, conf->name));
    }
    for (i = 0; i < c->registry->accounts->nelts; i++) {
        const msr_account_t *other =
            APR_ARRAY_IDX(c->registry->accounts, i, msr_account_t *);

        if (other == account) {
            return;
        }
        if (other->conf.webhook && !strcmp(other->conf.webhook, conf->webhook)) {
            complain(c, account->where,
                     apr_psprintf(c->p,
                                  "account '%s': ScimRCWebhook: '%s' is also that of "
                                  "the account '%s'; each needs its own",
                                  conf->name, conf->webhook, other->conf.name));
        }
    }
}

void msr_check_hooks(apr_pool_t *p, const msr_registry_t *registry,
                     const msr_complaints_t *complaints)
{
    const check_t c = {p, registry, complaints,
                       msr_check_handler(p, registry, MSR_HOOK_HANDLER, complaints)};
    int i;

    for (i = 0; i < c.locations->nelts; i++) {
        check_location(&c, &APR_ARRAY_IDX(c.locations, i, msr_handled_t));
    }
    for (i = 0; i < registry->accounts->nelts; i++) {
        check_account(&c, APR_ARRAY_IDX(registry->accounts, i, msr_account_t *));
    }
}
