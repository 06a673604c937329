// SPDX-License-Identifier: Apache-2.0
/* mu-load: calls a service here and one on other nodes by turns, near.Add and far.Add where nothing
 * else is said, so many times a second, until its input ends. Every call has a number, which the
 * services write down, and when it is over a line in FILE: number, begin and end in microseconds of
 * the monotonic clock, code, executed. A call begins when its time has come, whatever became of
 * those before: what hangs does not slow the others.
 *
 * The last line it prints is how late it came to a call at worst, in microseconds: for so long the
 * machine did not let it run. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "mu/client.h"
#include "tally/v1/tally.pb-c.h"

enum { LOAD_SECOND_US = 1000000 };

struct load {
    struct mu_client *client;
    FILE *file;               /* guarded by lock */
    const char *endpoints[2]; /* of calls with even and with odd numbers */
    uint32_t per_second;
    uint32_t timeout_ms;
    uint32_t first; /* number of the first call */
    uint32_t made;  /* calls that were begun */
    uint64_t begin_us;
    uint64_t late_us;
    pthread_mutex_t lock;
    pthread_cond_t none_open;
    uint32_t open; /* guarded by lock */
};

struct load_call {
    struct load *load; /* borrowed: outlives its calls */
    uint32_t number;
    uint64_t begin_us;
};

static void load_ended(struct mu_result *result, void *user)
{
    struct load_call *call = user;
    struct load *load = call->load;

    pthread_mutex_lock(&load->lock);
    fprintf(load->file, "%u %llu %llu %s %s\n", call->number, (unsigned long long)call->begin_us,
            (unsigned long long)clock_us(), mu_code_name(result->status.code),
            mu_executed_name(result->status.executed));
    load->open -= 1;
    if (load->open == 0)
        pthread_cond_signal(&load->none_open);
    pthread_mutex_unlock(&load->lock);
    free(call);
}

/* Begins the next call. */
static void load_call(struct load *load)
{
    const struct mu_call_options options = { .timeout_ms = load->timeout_ms };
    Tally__V1__AddRequest request = TALLY__V1__ADD_REQUEST__INIT;
    struct load_call *call = malloc(sizeof(*call));
    uint8_t body[16];

    if (call == NULL)
        abort();
    *call = (struct load_call){
        .load = load, .number = load->first + load->made, .begin_us = clock_us()
    };
    load->made += 1;
    request.number = call->number;
    pthread_mutex_lock(&load->lock);
    load->open += 1;
    pthread_mutex_unlock(&load->lock);
    mu_call_async(load->client, load->endpoints[call->number % 2],
            (struct mu_bytes){ body, tally__v1__add_request__pack(&request, body) }, &options,
            load_ended, call);
}

/* Begins all calls whose time has come, and has what was written reach its reader. */
static void load_catch_up(struct load *load)
{
    uint64_t passed_us = clock_us() - load->begin_us;
    uint64_t due = passed_us * load->per_second / LOAD_SECOND_US;

    while (load->made <= due) {
        uint64_t time_us = (uint64_t)load->made * LOAD_SECOND_US / load->per_second;

        if (passed_us - time_us > load->late_us)
            load->late_us = passed_us - time_us;
        load_call(load);
    }
    pthread_mutex_lock(&load->lock);
    fflush(load->file);
    pthread_mutex_unlock(&load->lock);
}

/* Until the input ends. Returns 0 or -errno. */
static int load_run(struct load *load)
{
    const struct itimerspec beat = {
        .it_interval = { 0, LOAD_SECOND_US * 1000L / load->per_second }, .it_value = { 0, 1 }
    };
    struct pollfd fds[] = { { .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
                                    .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN } };
    uint64_t beats;

    if (fds[0].fd < 0 || timerfd_settime(fds[0].fd, 0, &beat, NULL) < 0)
        return -errno;
    load->begin_us = clock_us();
    while (fds[1].revents == 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return -errno;
        if (fds[0].revents != 0 && read(fds[0].fd, &beats, sizeof(beats)) < 0)
            return -errno;
        load_catch_up(load);
    }
    close(fds[0].fd);
    return 0;
}

static void load_finish(struct load *load)
{
    pthread_mutex_lock(&load->lock);
    while (load->open > 0)
        pthread_cond_wait(&load->none_open, &load->lock);
    pthread_mutex_unlock(&load->lock);
    fclose(load->file);
    mu_client_close(load->client);
    printf("%llu\n", (unsigned long long)load->late_us);
}

int main(int argc, char **argv)
{
    struct load load = { .lock = PTHREAD_MUTEX_INITIALIZER,
        .none_open = PTHREAD_COND_INITIALIZER,
        .endpoints = { "near.Add", "far.Add" } };
    int r;

    if (argc != 5 && argc != 7) {
        fprintf(stderr, "usage: mu-load FILE FIRST-NUMBER CALLS-PER-SECOND TIMEOUT-MS [ENDPOINT "
                        "ENDPOINT]\n");
        return 2;
    }
    load.file = fopen(argv[1], "we");
    load.first = (uint32_t)strtoul(argv[2], NULL, 10);
    load.per_second = (uint32_t)strtoul(argv[3], NULL, 10);
    load.timeout_ms = (uint32_t)strtoul(argv[4], NULL, 10);
    if (argc == 7) {
        load.endpoints[0] = argv[5];
        load.endpoints[1] = argv[6];
    }
    r = load.file != NULL && load.per_second > 0 ? mu_client_open(&load.client, NULL) : -EINVAL;
    if (r == 0)
        r = load_run(&load);
    if (r < 0) {
        fprintf(stderr, "mu-load: %s\n", strerror(-r));
        return 1;
    }
    load_finish(&load);
    return 0;
}
