#include "sbox.h"

#include "sbox_bulk.h"
#include "sbox_calls.h"
#include "sbox_company.h"
#include "sbox_credential.h"
#include "sbox_event.h"
#include "sbox_fault.h"
#include "sbox_hook.h"
#include "sbox_limit.h"
#include "sbox_session.h"
#include "sbox_specimen.h"

#define ACCOUNT_ID APR_INT64_C(400131426008)

static apr_status_t release(void *data)
{
    sbox_t *box = data;

    json_decref(box->mailbox);
    json_decref(box->snapshots);
    json_decref(box->in_flight);
    return APR_SUCCESS;
}

static void set_initial_knobs(sbox_t *box)
{
    json_t *patch = json_pack("{s:f, s:s}", "time_scale", box->settings->time_scale,
                              "limits", box->settings->limits ? "real" : "off");

    sbox_knobs_reset(box->knobs);
    sbox_knobs_patch(box->knobs, box->pool, patch);
    json_decref(patch);
    sbox_clock_start(&box->clock, box->settings->time_scale);
}

sbox_t *sbox_create(apr_pool_t *p, const sbox_settings_t *settings)
{
    sbox_t *box = apr_pcalloc(p, sizeof(*box));

    box->pool = p;
    box->settings = settings;
    apr_thread_mutex_create(&box->lock, APR_THREAD_MUTEX_DEFAULT, p);
    box->knobs = sbox_knobs_create(p);
    box->snapshots = json_object();
    box->specimens = sbox_specimens_create(p);
    box->in_flight = json_object();
    box->mailbox = json_array();
    apr_pool_cleanup_register(p, box, release, apr_pool_cleanup_null);
    box->hooks = sbox_hooks_create(box);
    sbox_reset(box, 1);
    return box;
}

void sbox_reset(sbox_t *box, int knobs)
{
    apr_pool_t *p;

    if (box->world) {
        apr_pool_destroy(box->world);
    }
    apr_pool_create(&box->world, box->pool);
    apr_pool_tag(box->world, "sandbox world");
    if (knobs) {
        set_initial_knobs(box);
    }
    box->dice = box->settings->seed;
    box->credentials = sbox_credentials_create(box->world, box->settings);
    box->sessions = sbox_sessions_create(box->world);
    box->limits = sbox_limits_create(box->world);
    box->faults = sbox_faults_create(box->world);
    box->calls = sbox_calls_create(box->world);
    box->tasks = sbox_tasks_create(box->world);
    json_array_clear(box->mailbox);
    json_object_clear(box->in_flight);
    apr_pool_create(&p, box->world);
    box->account = sbox_account_create(p, ACCOUNT_ID);
    sbox_company_build(box->account, box->settings);
    sbox_event_watch(box);
    sbox_hooks_reset(box);
}

double sbox_dice(sbox_t *box)
{
    apr_uint64_t z;

    box->dice += APR_UINT64_C(0x9e3779b97f4a7c15);
    z = (box->dice ^ (box->dice >> 30)) * APR_UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * APR_UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (double)(z >> 11) / (double)(APR_UINT64_C(1) << 53);
}

sbox_change_t sbox_change(sbox_t *box)
{
    static const sbox_knob_t lags[] = {SBOX_K_LIST_LAG_MS, SBOX_K_FILTER_LAG_MS,
                                       SBOX_K_DIRECTORY_LAG_MS,
                                       SBOX_K_SCIM_REST_LAG_MS};
    sbox_change_t change;
    int longest = 0;
    apr_size_t i;

    for (i = 0; i < sizeof(lags) / sizeof(lags[0]); i++) {
        int lag = sbox_knob_int(box->knobs, lags[i]);

        longest = lag > longest ? lag : longest;
    }
    change.now = sbox_clock_now(&box->clock);
    change.remembered = longest > 0;
    sbox_account_forget(box->account, change.now - (apr_time_t)longest * 1000);
    return change;
}
