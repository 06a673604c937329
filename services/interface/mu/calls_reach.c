// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/calls_reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/trace_id.h"

/* ---- clocks ---- */

static bool calls_reach_is_made_in(
        const Mu__Router__V1__CallRecord *inner, const Mu__Router__V1__CallRecord *outer)
{
    return inner->parent_span.len == TRACE_ID_SPAN_SIZE && outer->span.len == TRACE_ID_SPAN_SIZE &&
           memcmp(inner->parent_span.data, outer->span.data, TRACE_ID_SPAN_SIZE) == 0;
}

/* By how much `inner` is to be moved so that it lies within `outer`; 0 where it does. */
static int64_t calls_reach_shift(
        const Mu__Router__V1__CallRecord *inner, const Mu__Router__V1__CallRecord *outer)
{
    int64_t early_us = (int64_t)(outer->began_us - inner->began_us);
    int64_t room_us = (int64_t)outer->took_us - (int64_t)inner->took_us;

    if (early_us <= 0 && -early_us <= room_us)
        return 0;
    return early_us + (room_us > 0 ? room_us / 2 : 0);
}

/* True where a call went between the two nodes: `*shiftp` is then by how much the times of `moved`
 * are off. */
static bool calls_reach_compare(
        const struct calls *fixed, const struct calls *moved, int64_t *shiftp)
{
    for (size_t i = 0; i < fixed->count; i++) {
        for (size_t j = 0; j < moved->count; j++) {
            if (calls_reach_is_made_in(moved->records[j], fixed->records[i])) {
                *shiftp = calls_reach_shift(moved->records[j], fixed->records[i]);
                return true;
            }
            if (calls_reach_is_made_in(fixed->records[i], moved->records[j])) {
                *shiftp = -calls_reach_shift(fixed->records[i], moved->records[j]);
                return true;
            }
        }
    }
    return false;
}

static void calls_reach_move(const struct calls *calls, int64_t shift_us)
{
    for (size_t i = 0; i < calls->count; i++) {
        Mu__Router__V1__CallRecord *record =
                (Mu__Router__V1__CallRecord *)(uintptr_t)calls->records[i];

        record->began_us += (uint64_t)shift_us;
    }
}

/* Finds a node whose clock is not right yet and that was called by one whose clock is, or called
 * it. False where there is none any more. */
static bool calls_reach_align_one(const struct calls *each, bool *right, size_t count)
{
    int64_t shift_us;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (!right[i] || right[j] || !calls_reach_compare(&each[i], &each[j], &shift_us))
                continue;
            calls_reach_move(&each[j], shift_us);
            right[j] = true;
            return true;
        }
    }
    return false;
}

void calls_reach_align(struct calls *each, size_t count)
{
    bool right[REACH_NODES_MAX] = { true };

    while (calls_reach_align_one(each, right, count))
        continue;
}

/* ---- asking ---- */

/* The question to each node: its records of the trace, page by page. */
struct calls_asking {
    struct cli *cli;
    struct calls_filter filter;
    struct calls *each;
    struct calls_step {
        uint64_t since;
        size_t pages;
        bool is_done;
    } * steps; /* owned */
    Mu__Router__V1__CallsRequest request;
    uint8_t trace[TRACE_ID_SIZE];
};

static bool calls_reach_next(void *user, size_t index, struct reach_ask *ask)
{
    struct calls_asking *asking = user;
    const struct calls_step *step = &asking->steps[index];

    if (step->is_done)
        return false;
    asking->request.since = step->since;
    *ask = (struct reach_ask){ "router.Calls", &asking->request.base,
        &mu__router__v1__calls_reply__descriptor };
    return true;
}

static int calls_reach_got(void *user, size_t index, ProtobufCMessage *message)
{
    struct calls_asking *asking = user;
    struct calls_step *step = &asking->steps[index];
    Mu__Router__V1__CallsReply *reply = (Mu__Router__V1__CallsReply *)(void *)message;

    step->pages += 1;
    step->is_done = !reply->more || reply->n_calls == 0 || step->pages == CALLS_PAGES_MAX;
    if (reply->n_calls > 0)
        step->since = reply->calls[reply->n_calls - 1]->seq;
    return calls_keep(asking->cli, &asking->filter, &asking->each[index], reply);
}

/* The records of all nodes, in one list. */
static int calls_reach_join(struct cli *cli, struct calls_reach *found)
{
    size_t count = 0;

    for (size_t i = 0; i < found->reach.count; i++)
        count += found->each[i].count;
    found->all.records = calloc(count + 1, sizeof(*found->all.records));
    if (found->all.records == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < found->reach.count; i++) {
        for (size_t j = 0; j < found->each[i].count; j++)
            found->all.records[found->all.count++] = found->each[i].records[j];
    }
    return EXIT_OK;
}

static int calls_reach_ask(struct cli *cli, const char *prefix, struct calls_reach *found)
{
    CLEANUP(cleanup_free) struct calls_step *steps = NULL;
    struct calls_asking asking = { .cli = cli, .filter = { .trace = prefix } };
    const struct reach_question question = { calls_reach_next, calls_reach_got, &asking };
    int code = reach_open(cli, &found->reach);

    if (code != EXIT_OK)
        return code;
    steps = calloc(found->reach.count + 1, sizeof(*steps));
    found->each = calloc(found->reach.count + 1, sizeof(*found->each));
    if (steps == NULL || found->each == NULL)
        return (int)failure_of_memory(cli);
    asking.steps = steps;
    asking.each = found->each;
    calls_request(&asking.filter, asking.trace, &asking.request);
    asking.request.limit = REACH_PAGE;
    for (size_t i = 0; i < found->reach.count; i++)
        steps[i].since = asking.request.since;
    code = reach_ask_all(cli, &found->reach, &question);
    if (code != EXIT_OK)
        return code;
    reach_talk(cli, &found->reach);
    calls_reach_align(found->each, found->reach.count);
    return calls_reach_join(cli, found);
}

int calls_reach_find(struct cli *cli, const char *prefix, bool of_all, struct calls_reach *found,
        struct trace_set *set)
{
    int code;

    *found = (struct calls_reach){ 0 };
    *set = (struct trace_set){ 0 };
    if (!of_all)
        return trace_set_find(cli, prefix, &found->all, set);
    if (!trace_id_is_prefix(prefix))
        return trace_id_refuse(cli, prefix);
    code = calls_reach_ask(cli, prefix, found);
    return code == EXIT_OK ? trace_set_choose(cli, prefix, &found->all, set) : code;
}

void calls_reach_deinit(struct calls_reach *found)
{
    for (size_t i = 0; found->each != NULL && i < found->reach.count; i++)
        calls_deinit(&found->each[i]);
    free(found->each);
    calls_deinit(&found->all);
    reach_close(&found->reach);
    *found = (struct calls_reach){ 0 };
}

const char *calls_reach_node(
        const struct calls_reach *found, const Mu__Router__V1__CallRecord *record)
{
    for (size_t i = 0; found->each != NULL && i < found->reach.count; i++) {
        for (size_t j = 0; j < found->each[i].count; j++) {
            if (found->each[i].records[j] == record)
                return found->reach.nodes[i].known->name;
        }
    }
    return "";
}
