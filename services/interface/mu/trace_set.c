// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/trace_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/trace_id.h"

enum { TRACE_SET_NAMED = 4 /* traces that are named where one was meant */ };

static int trace_set_compare(const void *a, const void *b)
{
    const Mu__Router__V1__CallRecord *left = *(const Mu__Router__V1__CallRecord *const *)a;
    const Mu__Router__V1__CallRecord *right = *(const Mu__Router__V1__CallRecord *const *)b;
    int order = memcmp(left->trace.data, right->trace.data, TRACE_ID_SIZE);

    if (order != 0)
        return order;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static int trace_set_compare_time(const void *a, const void *b)
{
    uint64_t left = ((const struct trace *)a)->tree.began_us;
    uint64_t right = ((const struct trace *)b)->tree.began_us;

    return left < right ? -1 : left > right;
}

/* How many records from the first one on are of the same trace. */
static size_t trace_set_run(const Mu__Router__V1__CallRecord *const *records, size_t count)
{
    size_t run = 1;

    while (run < count &&
            memcmp(records[run]->trace.data, records[0]->trace.data, TRACE_ID_SIZE) == 0)
        run += 1;
    return run;
}

static int trace_set_fill(
        struct trace_set *set, const Mu__Router__V1__CallRecord *const *records, size_t count)
{
    set->list = calloc(count + 1, sizeof(*set->list));
    if (set->list == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count;) {
        struct trace *trace = &set->list[set->count];
        size_t run = trace_set_run(records + i, count - i);
        int r = span_tree_init(&trace->tree, records + i, run);

        if (r < 0)
            return err_trace(r);
        trace_id_print(records[i]->trace.data, TRACE_ID_SIZE, trace->id);
        set->count += 1;
        i += run;
    }
    qsort(set->list, set->count, sizeof(*set->list), trace_set_compare_time);
    return 0;
}

int trace_set_init(struct trace_set *set, const struct calls *calls)
{
    CLEANUP(cleanup_free) const Mu__Router__V1__CallRecord **records =
            calloc(calls->count + 1, sizeof(*records));
    size_t count = 0;
    int r;

    *set = (struct trace_set){ 0 };
    if (records == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < calls->count; i++) {
        if (calls->records[i]->trace.len == TRACE_ID_SIZE)
            records[count++] = calls->records[i];
    }
    qsort(records, count, sizeof(*records), trace_set_compare);
    r = trace_set_fill(set, records, count);
    if (r < 0)
        trace_set_deinit(set);
    return err_trace(r);
}

void trace_set_deinit(struct trace_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        span_tree_deinit(&set->list[i].tree);
    free(set->list);
    *set = (struct trace_set){ 0 };
}

/* Several traces begin so. */
static int trace_set_several(const struct cli *cli, const char *prefix, const struct trace_set *set)
{
    char fix[512];
    size_t length = (size_t)snprintf(fix, sizeof(fix), "write more of its digits; the last ones:");

    for (size_t i = 0; i < TRACE_SET_NAMED && i < set->count; i++) {
        const struct trace *trace = &set->list[set->count - 1 - i];

        length += (size_t)snprintf(fix + length, sizeof(fix) - length, "\n%s  %.60s", trace->id,
                trace->tree.nodes[0].record->endpoint);
    }
    return (int)failure_say(cli, EXIT_USAGE, fix, "%zu traces begin with %s", set->count, prefix);
}

int trace_set_choose(
        const struct cli *cli, const char *prefix, const struct calls *calls, struct trace_set *set)
{
    if (trace_set_init(set, calls) < 0)
        return (int)failure_of_memory(cli);
    if (set->count == 0)
        return (int)failure_say(cli, EXIT_NOT_FOUND,
                "it keeps the last calls, and none from before it started: mu trace list",
                "the router knows no call of trace %s", prefix);
    return set->count == 1 ? EXIT_OK : trace_set_several(cli, prefix, set);
}

int trace_set_find(struct cli *cli, const char *prefix, struct calls *calls, struct trace_set *set)
{
    const struct calls_filter filter = { .trace = prefix };
    int code;

    *calls = (struct calls){ 0 };
    *set = (struct trace_set){ 0 };
    if (!trace_id_is_prefix(prefix))
        return trace_id_refuse(cli, prefix);
    code = calls_take(cli, &filter, calls);
    return code == EXIT_OK ? trace_set_choose(cli, prefix, calls, set) : code;
}
