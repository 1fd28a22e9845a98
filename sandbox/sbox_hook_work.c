#include "sbox_hook_private.h"

#include <apr_allocator.h>
#include <apr_atomic.h>
#include <apr_strings.h>

#define SLICE apr_time_from_msec(100)

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *data)
{
    sbox_hooks_t *hooks = data;
    apr_thread_mutex_t *lock = hooks->box->lock;
    apr_pool_t *own = apr_thread_pool_get(thread);
    sbox_sender_t *sender = sbox_sender_create(own);
    sbox_job_t job = {0};
    sbox_sent_t sent;

    apr_pool_create(&job.pool, own);
    apr_thread_mutex_lock(lock);
    while (!apr_atomic_read32(&hooks->ending)) {
        apr_interval_time_t wait = 0;

        if (sbox_hook_take(hooks, &job, &wait)) {
            apr_thread_mutex_unlock(lock);
            sbox_sender_post(sender, job.pool, &job.letter, &sent);
            apr_thread_mutex_lock(lock);
            sbox_hook_done(hooks, &job, &sent);
            apr_pool_clear(job.pool);
        }
        else if (wait) {
            apr_thread_cond_timedwait(hooks->work, lock, wait);
        }
        else {
            apr_thread_cond_wait(hooks->work, lock);
        }
    }
    apr_thread_mutex_unlock(lock);
    return NULL;
}

void sbox_hooks_start(sbox_hooks_t *hooks)
{
    while (hooks->n_threads < SBOX_HOOK_THREADS &&
           apr_thread_create(&hooks->threads[hooks->n_threads], NULL, work, hooks,
                             hooks->pool) == APR_SUCCESS) {
        hooks->n_threads++;
    }
    apr_thread_cond_signal(hooks->work);
}

static apr_status_t stop(void *data)
{
    sbox_hooks_t *hooks = data;
    apr_status_t rv;
    int i;

    apr_atomic_set32(&hooks->ending, 1);
    apr_thread_mutex_lock(hooks->box->lock);
    apr_thread_cond_broadcast(hooks->work);
    apr_thread_mutex_unlock(hooks->box->lock);
    for (i = 0; i < hooks->n_threads; i++) {
        apr_thread_join(&rv, hooks->threads[i]);
    }
    hooks->n_threads = 0;
    sbox_hooks_reset(hooks->box);
    json_decref(hooks->history);
    return APR_SUCCESS;
}

/* Threads make pools in it while httpd makes others elsewhere. */
static apr_pool_t *own_pool(apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_thread_mutex_t *mutex;
    apr_pool_t *p;

    apr_allocator_create(&allocator);
    apr_pool_create_ex(&p, parent, NULL, allocator);
    apr_allocator_owner_set(allocator, p);
    apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, p);
    apr_allocator_mutex_set(allocator, mutex);
    apr_pool_tag(p, "sandbox hooks");
    return p;
}

sbox_hooks_t *sbox_hooks_create(sbox_t *box)
{
    apr_pool_t *p = own_pool(box->pool);
    sbox_hooks_t *hooks = apr_pcalloc(p, sizeof(*hooks));

    hooks->box = box;
    hooks->pool = p;
    hooks->history = json_array();
    apr_thread_cond_create(&hooks->work, p);
    apr_thread_cond_create(&hooks->progress, p);
    sbox_hook_send_init(p);
    apr_pool_pre_cleanup_register(box->pool, hooks, stop);
    return hooks;
}

void sbox_hooks_wake(sbox_t *box)
{
    apr_thread_cond_broadcast(box->hooks->work);
}

/* Makes everything due. Is there nothing, and nobody at work? */
static int hasten(sbox_hooks_t *hooks)
{
    apr_time_t now = sbox_clock_now(&hooks->box->clock);
    sbox_subscription_t *s;
    sbox_delivery_t *delivery;
    int waiting = 0;

    sbox_hooks_tick(hooks);
    for (s = hooks->first; s; s = s->next) {
        for (delivery = s->first; delivery; delivery = delivery->next) {
            delivery->due = delivery->due < now ? delivery->due : now;
            waiting++;
        }
    }
    return !waiting && !hooks->n_busy;
}

int sbox_hooks_flush(sbox_t *box, apr_interval_time_t timeout)
{
    sbox_hooks_t *hooks = box->hooks;
    apr_time_t until = apr_time_now() + timeout;

    while (!hasten(hooks)) {
        if (apr_time_now() >= until || apr_atomic_read32(&hooks->ending)) {
            return 0;
        }
        sbox_hooks_wake(box);
        apr_thread_cond_timedwait(hooks->progress, box->lock, SLICE);
    }
    return 1;
}
