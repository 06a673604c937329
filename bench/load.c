// SPDX-License-Identifier: Apache-2.0
/* A rate alone hides lost requests: every body carries its lane, its call and a sequence number,
 * and an answer counts only if each byte is that of the request in flight. Calls are timed from the
 * moment the one before was answered, so that time spent queueing on the sender's side is part of
 * it. */
#include "bench/load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "bench/histogram.h"
#include "bench/watch.h"

struct load_mark { /* the first LOAD_BODY_MIN bytes of a body */
    uint32_t lane;
    uint32_t call;
    uint64_t sequence;
};

struct lane_call {
    uint64_t sent_ns;
    uint64_t sequence;
    bool open;
};

struct lane {
    struct load *load;
    uint32_t index;
    struct lane_call *calls;    /* owned */
    struct histogram latencies; /* of the window */
    atomic_uint errors;
};

struct load {
    struct load_options options;
    struct lane *lanes;      /* owned */
    uint8_t *pattern;        /* owned: body_size bytes, what follows the mark in every body */
    uint64_t from_ns, to_ns; /* the window */
    atomic_uint ended_count; /* calls that are not sent again */
    pthread_t keeper;        /* reads the costs when the window opens and when it closes */
    struct watch_cost before[LOAD_WATCHED_MAX + 1], after[LOAD_WATCHED_MAX + 1];
};

static uint64_t load_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void load_sleep_until(uint64_t time_ns)
{
    struct timespec until = { .tv_sec = (time_t)(time_ns / 1000000000u),
        .tv_nsec = (long)(time_ns % 1000000000u) };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        ;
}

static void load_read_costs(const struct load *load, struct watch_cost *costs)
{
    costs[0] = watch_read(getpid());
    for (uint32_t i = 0; i < load->options.watched_count; i++)
        costs[i + 1] = watch_read(load->options.watched[i]);
}

static void *load_keep_time(void *user)
{
    struct load *load = user;

    load_sleep_until(load->from_ns);
    load_read_costs(load, load->before);
    load_sleep_until(load->to_ns);
    load_read_costs(load, load->after);
    return NULL;
}

struct load *load_new(const struct load_options *options)
{
    struct load *load = calloc(1, sizeof(*load));

    CHECK(load != NULL);
    load->options = *options;
    load->pattern = malloc(options->body_size);
    load->lanes = calloc(options->lane_count, sizeof(*load->lanes));
    CHECK(load->pattern != NULL && load->lanes != NULL);
    for (uint32_t i = 0; i < options->body_size; i++)
        load->pattern[i] = (uint8_t)(i * 31 + 7);
    for (uint32_t i = 0; i < options->lane_count; i++) {
        struct lane *lane = &load->lanes[i];

        lane->load = load;
        lane->index = i;
        lane->calls = calloc(options->outstanding, sizeof(*lane->calls));
        CHECK(lane->calls != NULL);
    }
    load->from_ns = load_now() + options->warmup_ms * UINT64_C(1000000);
    load->to_ns = load->from_ns + options->duration_ms * UINT64_C(1000000);
    CHECK(pthread_create(&load->keeper, NULL, load_keep_time, load) == 0);
    return load;
}

struct load *load_free(struct load *load)
{
    if (load == NULL)
        return NULL;
    for (uint32_t i = 0; i < load->options.lane_count; i++)
        free(load->lanes[i].calls);
    free(load->lanes);
    free(load->pattern);
    free(load);
    return NULL;
}

struct lane *load_lane(struct load *load, uint32_t index)
{
    CHECK(index < load->options.lane_count);
    return &load->lanes[index];
}

void lane_request(struct lane *lane, uint32_t index, uint8_t *body)
{
    const struct load *load = lane->load;
    struct lane_call *call = &lane->calls[index];
    struct load_mark mark = { lane->index, index, call->sequence + 1 };

    CHECK(!call->open);
    memcpy(body, &mark, sizeof(mark));
    memcpy(body + sizeof(mark), load->pattern + sizeof(mark),
            load->options.body_size - sizeof(mark));
    if (call->sequence == 0)
        call->sent_ns = load_now();
    call->sequence += 1;
    call->open = true;
}

uint32_t lane_find(const struct lane *lane, const void *body, size_t size)
{
    struct load_mark mark;

    if (size < sizeof(mark))
        return LOAD_CALLS_MAX;
    memcpy(&mark, body, sizeof(mark));
    return mark.call < lane->load->options.outstanding ? mark.call : LOAD_CALLS_MAX;
}

static bool lane_is_right(const struct lane *lane, uint32_t index, const void *body, size_t size)
{
    const struct load *load = lane->load;
    struct load_mark mark;

    if (index >= load->options.outstanding || size != load->options.body_size)
        return false;
    memcpy(&mark, body, sizeof(mark));
    return lane->calls[index].open && mark.lane == lane->index && mark.call == index &&
           mark.sequence == lane->calls[index].sequence &&
           memcmp((const uint8_t *)body + sizeof(mark), load->pattern + sizeof(mark),
                   size - sizeof(mark)) == 0;
}

bool lane_answer(struct lane *lane, uint32_t index, const void *body, size_t size)
{
    struct load *load = lane->load;
    struct lane_call *call;
    uint64_t now = load_now();

    if (!lane_is_right(lane, index, body, size)) {
        lane_error(lane, index);
        return false;
    }
    call = &lane->calls[index];
    call->open = false;
    if (now >= load->from_ns && now < load->to_ns)
        histogram_record(&lane->latencies, now - call->sent_ns);
    call->sent_ns = now;
    if (now < load->to_ns)
        return true;
    atomic_fetch_add(&load->ended_count, 1);
    return false;
}

void lane_error(struct lane *lane, uint32_t index)
{
    atomic_fetch_add(&lane->errors, 1);
    if (index >= lane->load->options.outstanding || !lane->calls[index].open)
        return;
    lane->calls[index].open = false;
    atomic_fetch_add(&lane->load->ended_count, 1);
}

bool load_is_over(const struct load *load)
{
    const struct load_options *options = &load->options;

    return atomic_load(&load->ended_count) == options->lane_count * options->outstanding ||
           load_now() >= load->to_ns + LOAD_GRACE_MS * UINT64_C(1000000);
}

void load_wait(const struct load *load)
{
    load_sleep_until(load->to_ns);
    while (!load_is_over(load))
        load_sleep_until(load_now() + 1000000);
}

static void load_print_costs(const struct load *load, double calls)
{
    double cpu_us = 0;
    double switches = 0;

    printf("\"cpu_us_each\": [");
    for (uint32_t i = 0; i <= load->options.watched_count; i++) {
        double us = (double)(load->after[i].cpu_ns - load->before[i].cpu_ns) / 1e3 / calls;

        printf("%s%.3f", i > 0 ? ", " : "", us);
        cpu_us += us;
        if (load->after[i].switches > load->before[i].switches) /* threads may have ended */
            switches += (double)(load->after[i].switches - load->before[i].switches) / calls;
    }
    printf("], \"cpu_us\": %.3f, \"switches\": %.2f}\n", cpu_us, switches);
}

int load_report(struct load *load, const char *peer)
{
    const struct load_options *options = &load->options;
    struct histogram *all = calloc(1, sizeof(*all));
    uint64_t unanswered = 0;
    uint64_t errors = 0;

    CHECK(all != NULL);
    pthread_join(load->keeper, NULL);
    for (uint32_t i = 0; i < options->lane_count; i++) {
        histogram_add(all, &load->lanes[i].latencies);
        errors += atomic_load(&load->lanes[i].errors);
        for (uint32_t j = 0; j < options->outstanding; j++)
            unanswered += load->lanes[i].calls[j].open;
    }
    printf("{\"peer\": \"%s\", \"mode\": \"%s\", \"body\": %u, \"outstanding\": %u, \"clients\": "
           "%u, "
           "\"calls\": %llu, \"errors\": %llu, \"unanswered\": %llu, \"calls_per_s\": %.1f, "
           "\"p50_us\": %.2f, \"p90_us\": %.2f, \"p99_us\": %.2f, \"max_us\": %.2f, ",
            peer, options->mode, options->body_size, options->outstanding, options->lane_count,
            (unsigned long long)all->total, (unsigned long long)errors,
            (unsigned long long)unanswered, (double)all->total * 1e3 / (double)options->duration_ms,
            histogram_quantile(all, 0.5) / 1e3, histogram_quantile(all, 0.9) / 1e3,
            histogram_quantile(all, 0.99) / 1e3, (double)all->max_ns / 1e3);
    load_print_costs(load, all->total > 0 ? (double)all->total : 1);
    fflush(stdout);
    free(all);
    return errors == 0 && unanswered == 0 ? 0 : 1;
}
