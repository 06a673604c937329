// SPDX-License-Identifier: Apache-2.0
/* From main to exit: how a service starts, runs and stops. The thread that calls mu_service_main is
 * the first handlers' thread. Signals only set a number and ring the bell that it sleeps by. */
#include "mu/service.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/err.h"
#include "base/log.h"
#include "client/enrolment.h"
#include "client/futex.h"
#include "client/lock.h"
#include "client/served.h"

enum {
    EXIT_DONE = 0,
    EXIT_FOR_GOOD = 100, /* do not restart me */
    EXIT_AGAIN = 111     /* restart me later */
};

enum {
    SERVICE_RETRY_MS = 20,     /* between two attempts of a start */
    SERVICE_PUBLISH_MS = 1000, /* for types, by hand: at first, and between later attempts */
    SERVICE_REDIAL_MAX_MS = 1000,
    SERVICE_STOP_TIMEOUT_MS = 5000, /* where no supervisor says it */
    SERVICE_LEAVE_MS = 1000,        /* for the last answers and the other threads */
    SERVICE_ARENAS_MAX = 2          /* of malloc: nng's threads would each take one */
};

struct run {
    const struct mu_service *service;
    struct bootstrap bootstrap;
    struct host host;
    struct mu_arena arena;
    pthread_t threads[MU_SERVICE_THREADS_MAX];
    uint32_t thread_count;
    bool published;
    uint64_t publish_us; /* by hand: the next attempt */
    uint64_t redial_us;  /* by hand, without a connection: the next attempt */
    uint32_t redial_ms;  /* and the pause behind it */
};

/* ---- signals ---- */

static struct host *service_host; /* whom signals stop; set before they are let in */

static void service_on_signal(int number)
{
    int error = errno;

    (void)number;
    atomic_fetch_add(&service_host->stop, 1);
    host_ring(service_host, INT32_MAX);
    errno = error;
}

static void service_block_signals(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(how, &set, NULL);
}

static void service_take_signals(struct host *host)
{
    struct sigaction action = { .sa_handler = service_on_signal, .sa_flags = SA_RESTART };

    service_host = host;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- start ---- */

/* Sleeps a little, or until a signal. */
static void service_pause(struct run *run, uint32_t wait_ms)
{
    unsigned seen = atomic_load(&run->host.bell);

    if (atomic_load(&run->host.stop) == 0)
        futex_wait(&run->host.bell, seen, clock_us() + wait_ms * UINT64_C(1000));
}

static bool service_is_lost(struct host *host)
{
    bool lost;

    pthread_mutex_lock(&host->client->lock);
    lost = host->lost;
    pthread_mutex_unlock(&host->client->lock);
    return lost;
}

/* Connects; a supervised process goes on trying, one by hand says why not. Returns an exit status,
 * or -1 to go on. */
static int service_attach(struct run *run)
{
    uint64_t deadline_ms = clock_ms() + ENROLMENT_TIMEOUT_MS;
    enum enrolment_outcome outcome;
    int error;

    do {
        outcome = enrolment_attach(&run->host, &run->bootstrap, ENROLMENT_TIMEOUT_MS, &error);
        if (outcome == ENROLMENT_OK)
            return -1;
        if (outcome == ENROLMENT_REFUSED || error == -EACCES || error == -EINVAL)
            break;
        if (run->bootstrap.word == NULL && error < 0)
            break;
        service_pause(run, SERVICE_RETRY_MS);
    } while (clock_ms() < deadline_ms && atomic_load(&run->host.stop) == 0);
    if (atomic_load(&run->host.stop) > 0)
        return EXIT_DONE;
    if (outcome == ENROLMENT_REFUSED)
        return EXIT_FOR_GOOD;
    log_error("no node answers at %s: %s%s", run->bootstrap.address,
            error < 0 ? strerror(-error) : "it does not welcome this service",
            run->bootstrap.word == NULL ? " (`mu up` starts one)" : "");
    return EXIT_AGAIN;
}

static int service_publish(struct run *run)
{
    bool by_hand = run->bootstrap.word == NULL;
    uint64_t deadline_ms = clock_ms() + (by_hand ? 0 : ENROLMENT_TIMEOUT_MS);
    enum enrolment_outcome outcome;

    for (;;) {
        outcome = enrolment_publish(&run->host, &run->bootstrap, SERVICE_PUBLISH_MS);
        if (outcome != ENROLMENT_LATER || clock_ms() >= deadline_ms ||
                atomic_load(&run->host.stop) > 0 || service_is_lost(&run->host))
            break;
        service_pause(run, SERVICE_RETRY_MS);
    }
    run->published = outcome == ENROLMENT_OK;
    if (run->published)
        return -1;
    if (outcome == ENROLMENT_REFUSED)
        return EXIT_FOR_GOOD;
    if (atomic_load(&run->host.stop) > 0)
        return EXIT_DONE;
    if (!by_hand) {
        log_error("the registry does not answer");
        return EXIT_AGAIN;
    }
    run->publish_us = clock_us() + SERVICE_PUBLISH_MS * UINT64_C(1000);
    log_warn(
            "the registry does not answer: until it does, nobody can look up this service's types");
    return -1;
}

static int service_call_start(struct run *run)
{
    const struct mu_service *service = run->service;
    int r;

    if (service->start == NULL)
        return -1;
    r = place_make(run->bootstrap.state_dir, 0700);
    if (r == 0)
        r = service->start(service->state, run->host.client, run->bootstrap.state_dir);
    if (r >= 0)
        return -1;
    log_error(
            "cannot start, with %s for what must last: %s", run->bootstrap.state_dir, strerror(-r));
    return EXIT_AGAIN;
}

static void service_begin_drain(struct host *host)
{
    pthread_mutex_lock(&host->client->lock);
    host_drain(host);
    connection_unlock(host->client);
}

static void *service_thread(void *user)
{
    struct host *host = user;
    struct mu_arena arena;

    mu_arena_init(&arena, SIZE_MAX);
    for (;;) {
        unsigned seen = atomic_load(&host->bell);

        if (atomic_load(&host->over))
            break;
        if (atomic_load(&host->stop) > 0)
            service_begin_drain(host);
        host_turn(host, &arena, seen, UINT64_MAX);
    }
    mu_arena_deinit(&arena);
    return NULL;
}

static int service_start_threads(struct run *run)
{
    uint32_t wanted = run->service->threads;

    if (wanted > MU_SERVICE_THREADS_MAX)
        wanted = MU_SERVICE_THREADS_MAX;
    service_block_signals(SIG_BLOCK);
    while (run->thread_count + 1 < wanted &&
            pthread_create(&run->threads[run->thread_count], NULL, service_thread, &run->host) == 0)
        run->thread_count += 1;
    service_block_signals(SIG_UNBLOCK);
    if (run->thread_count + 1 >= wanted)
        return -1;
    log_error("no thread number %u of %u for the handlers", run->thread_count + 2, wanted);
    return EXIT_AGAIN;
}

/* A supervised one gives up what it needs no more. */
static int service_lock(const struct run *run)
{
    const Mu__Node__V1__Bootstrap *word = run->bootstrap.word;
    int r = word != NULL && word->lock != NULL ? lock_down(word->lock) : 0;

    if (r == 0)
        return -1;
    log_error("cannot give up what it needs no more: %s", strerror(-r));
    return EXIT_AGAIN;
}

/* ---- run ---- */

/* By hand, a lost connection is made anew, with everything that belongs to it. */
static enum enrolment_outcome service_redial(struct run *run)
{
    enum enrolment_outcome outcome;
    int error;

    if (clock_us() < run->redial_us)
        return ENROLMENT_LATER;
    outcome = enrolment_attach(&run->host, &run->bootstrap, SERVICE_REDIAL_MAX_MS, &error);
    if (outcome == ENROLMENT_OK) {
        service_publish(run);
        enrolment_say_ready(&run->host);
        log_info("connected again");
        run->redial_ms = 0;
        return outcome;
    }
    pthread_mutex_lock(&run->host.client->lock);
    run->host.lost = true; /* still */
    pthread_mutex_unlock(&run->host.client->lock);
    run->redial_ms = run->redial_ms == 0 ? SERVICE_RETRY_MS : 2 * run->redial_ms;
    if (run->redial_ms > SERVICE_REDIAL_MAX_MS)
        run->redial_ms = SERVICE_REDIAL_MAX_MS;
    run->redial_us = clock_us() + run->redial_ms * UINT64_C(1000);
    return outcome;
}

static int service_loop(struct run *run)
{
    struct host *host = &run->host;

    for (;;) {
        unsigned seen = atomic_load(&host->bell);
        uint64_t until_us = UINT64_MAX;
        bool lost = service_is_lost(host);

        if (atomic_load(&host->stop) > 0)
            return EXIT_DONE;
        if (lost && run->bootstrap.word != NULL) {
            log_warn("the connection to the router was lost");
            return EXIT_AGAIN;
        }
        if (lost) {
            if (service_redial(run) == ENROLMENT_REFUSED)
                return EXIT_FOR_GOOD;
            until_us = run->redial_us;
        } else if (!run->published) {
            if (clock_us() >= run->publish_us)
                service_publish(run);
            until_us = run->published ? UINT64_MAX : run->publish_us;
        }
        host_turn(host, &run->arena, seen, until_us);
    }
}

/* ---- stop ---- */

/* Takes no new calls and finishes those there are, as long as there is time. */
static void service_drain(struct run *run)
{
    struct host *host = &run->host;
    const Mu__Node__V1__Bootstrap *word = run->bootstrap.word;
    uint32_t wait_ms = word != NULL && word->stop_timeout_ms != 0 ? word->stop_timeout_ms
                                                                  : SERVICE_STOP_TIMEOUT_MS;
    uint64_t deadline_us = clock_us() + wait_ms * UINT64_C(1000);
    unsigned signals = atomic_load(&host->stop);
    bool done;

    service_begin_drain(host);
    if (run->service->drain != NULL)
        run->service->drain(run->service->state);
    do {
        unsigned seen = atomic_load(&host->bell);

        pthread_mutex_lock(&host->client->lock);
        done = host->drained || host->lost;
        pthread_mutex_unlock(&host->client->lock);
        if (!done)
            host_turn(host, &run->arena, seen, deadline_us);
    } while (!done && clock_us() < deadline_us && atomic_load(&host->stop) == signals);
}

/* Lets the last answers leave. */
static void service_leave(struct run *run)
{
    struct mu_client *client = run->host.client;
    uint64_t deadline_us = clock_us() + SERVICE_LEAVE_MS * UINT64_C(1000);
    size_t queued;

    do {
        unsigned seen = atomic_load(&run->host.bell);

        pthread_mutex_lock(&client->lock);
        queued = carrier_exists(&client->carrier) ? carrier_queued(&client->carrier) : 0;
        pthread_mutex_unlock(&client->lock);
        if (queued > 0)
            futex_wait(&run->host.bell, seen, clock_us() + 1000);
    } while (queued > 0 && clock_us() < deadline_us);
}

/* False where a handler does not return. */
static bool service_join_threads(struct run *run)
{
    struct timespec until;

    atomic_store(&run->host.over, true);
    host_ring(&run->host, INT32_MAX);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SERVICE_LEAVE_MS / 1000;
    for (; run->thread_count > 0; run->thread_count--) {
        if (pthread_timedjoin_np(run->threads[run->thread_count - 1], NULL, &until) != 0)
            return false;
    }
    return true;
}

/* Everything between HELLO and the last answer. Returns the exit status. */
static int service_serve(struct run *run)
{
    int status = service_attach(run);

    if (status >= 0)
        return status;
    status = service_call_start(run);
    if (status >= 0)
        return status;
    status = service_publish(run);
    if (status < 0)
        status = service_start_threads(run);
    if (status < 0)
        status = service_lock(run);
    if (status < 0) {
        malloc_trim(0); /* what starting took, a service does not need again */
        enrolment_say_ready(&run->host);
        log_info("serving as %s %s", run->bootstrap.name, run->bootstrap.version);
        status = service_loop(run);
        if (status == EXIT_DONE)
            service_drain(run);
    }
    if (!service_join_threads(run)) {
        log_warn("a handler does not return: leaving without it");
        _exit(status);
    }
    host_fail_all(&run->host);
    if (run->service->stop != NULL)
        run->service->stop(run->service->state);
    service_leave(run);
    return status;
}

static int service_run(struct run *run)
{
    const Mu__Node__V1__Bootstrap *word = run->bootstrap.word;
    uint32_t calls_max =
            word != NULL && word->calls_max != 0 ? word->calls_max : MU_SERVICE_CALLS_DEFAULT;
    int status = EXIT_AGAIN;
    int r = host_init(&run->host, run->service, run->bootstrap.name, calls_max);

    if (r == 0)
        r = connection_new(&run->host.client, run->bootstrap.address, &host_duty, &run->host);
    if (r == 0) {
        service_block_signals(SIG_BLOCK);
        service_take_signals(&run->host);
        mu_arena_init(&run->arena, SIZE_MAX);
        service_block_signals(SIG_UNBLOCK);
        status = service_serve(run);
        connection_close(run->host.client);
        mu_arena_deinit(&run->arena);
    } else {
        log_error("cannot start: %s", strerror(-r));
    }
    host_deinit(&run->host);
    return status;
}

/* The trace of the call that this thread handles. */
static const uint8_t *service_trace(void)
{
    const struct mu_call *call = served_current();

    return call != NULL ? mu_call_trace(call) : NULL;
}

_Static_assert((int)LOG_TRACE_SIZE == (int)MU_TRACE_SIZE, "the log's traces are the bus's");

int mu_service_main(const struct mu_service *service, int argc, char **argv)
{
    static struct run run; /* large, and there is one service in a process */
    enum bootstrap_wish wish;
    int status = EXIT_FOR_GOOD;
    int r;

    descriptors_open_standard();
    mallopt(M_ARENA_MAX, SERVICE_ARENAS_MAX);
    memset(&run, 0, sizeof(run));
    run.service = service;
    wish = bootstrap_read_arguments(&run.bootstrap, service, argc, argv);
    if (wish == BOOTSTRAP_WRONG)
        return EXIT_FOR_GOOD;
    if (wish != BOOTSTRAP_RUN) {
        bootstrap_print(wish, service, argv[0]);
        return EXIT_DONE;
    }
    log_open(run.bootstrap.name);
    log_trace_by(service_trace);
    r = bootstrap_find(&run.bootstrap, service, BOOTSTRAP_FD);
    if (r == 0) {
        log_open(run.bootstrap.name);
        status = service_run(&run);
    } else {
        log_error("cannot start as \"%s\": %s", run.bootstrap.name, strerror(-r));
    }
    log_open(service->type->name); /* the bootstrap's name goes */
    bootstrap_deinit(&run.bootstrap);
    return status;
}
