// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/account.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/interface/mu/calls.h"
#include "services/interface/mu/cause.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/instance.h"
#include "services/interface/mu/trace_id.h"

static void account_say(struct account *account, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void account_say(struct account *account, const char *format, ...)
{
    va_list args;

    if (account->line_count == ACCOUNT_LINES_MAX)
        return;
    va_start(args, format);
    vsnprintf(account->lines[account->line_count++], ACCOUNT_LINE_MAX, format, args);
    va_end(args);
}

static void account_advise(struct account *account, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void account_advise(struct account *account, const char *format, ...)
{
    va_list args;

    if (account->next_count == ACCOUNT_NEXT_MAX)
        return;
    va_start(args, format);
    vsnprintf(account->next[account->next_count++], ACCOUNT_LINE_MAX, format, args);
    va_end(args);
}

static void account_headline(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    time_t began = (time_t)(record->began_us / 1000000);
    char clock[16] = "";
    char caller[MU_ENDPOINT_MAX];
    char took[DURATION_TEXT_MAX];
    struct tm parts;

    if (localtime_r(&began, &parts) != NULL)
        strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
    account_say(account, "%s, called by %s at %s.%03u, %s: %s after %s.", record->endpoint,
            calls_caller(record, caller, sizeof(caller)), clock,
            (unsigned)(record->began_us / 1000 % 1000), cause_of_call(record->cause),
            mu_code_name((enum mu_code)record->code), duration_print_us(record->took_us, took));
    if (record->code != MU_OK && record->message[0] != '\0')
        account_say(account, "%s says: %s", record->origin[0] != '\0' ? record->origin : "router",
                record->message);
}

/* What let it through. Of what was refused for want of a right the headline says so. */
static void account_right(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    static const char *const sources[] = {
        [MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_MANIFEST] = "its manifest lists it in `calls`",
        [MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_OPERATOR] = "an operator granted it",
        [MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_PASSED] = "another service passed it on",
    };
    size_t source = (size_t)record->cap_source;

    if (source == MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_NONE ||
            source >= sizeof(sources) / sizeof(sources[0])) {
        if (!cause_is_refusal(record->cause) &&
                record->caller_party == MU__ROUTER__V1__PARTY__PARTY_PROCESS)
            account_say(account, "Its caller needs no capability: it belongs to the node's owner, "
                                 "or everybody may call this.");
        return;
    }
    if (record->cap_handle != 0)
        account_say(account, "Its caller may make it: %s, under the handle %016" PRIx64 ".",
                sources[source], record->cap_handle);
    else
        account_say(account, "Its caller may make it: %s.", sources[source]);
}

static void account_route(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    char instance[INSTANCE_TEXT_MAX];

    if (record->hops > 0)
        account_say(account, "It had come over %u link%s, from node %s.", record->hops,
                record->hops == 1 ? "" : "s", record->caller_node);
    if (cause_is_refusal(record->cause))
        return;
    if (record->side == MU__ROUTER__V1__SIDE__SIDE_THERE)
        account_say(account, "It went to node %s: %s.", record->callee_node,
                record->instances > 0 ? "nobody here could take it"
                                      : "nobody here offers the service");
    else if (record->side == MU__ROUTER__V1__SIDE__SIDE_HERE && record->callee_pid != 0)
        account_say(account, "It went to instance %s (pid %u)%s.",
                instance_short(record->callee_instance, instance), record->callee_pid,
                record->instances > 1 ? ", the less busy of two that were drawn" : "");
    else if (record->side == MU__ROUTER__V1__SIDE__SIDE_HERE)
        account_say(account, "The router itself was called.");
    if (record->side != MU__ROUTER__V1__SIDE__SIDE_THERE && record->instances > 1)
        account_say(account, "%u instances here took calls then.", record->instances);
}

static void account_decision(struct account *account, const Mu__Router__V1__Decision *decision)
{
    const char *cause = cause_of_candidate(decision->cause);
    char instance[INSTANCE_TEXT_MAX];

    if (decision->party == MU__ROUTER__V1__PARTY__PARTY_NODE)
        account_say(account, "  the way to node %s (%u link%s): %s", decision->node, decision->hops,
                decision->hops == 1 ? "" : "s", cause);
    else
        account_say(account, "  instance %s (pid %u): %s", instance_short(decision->id, instance),
                decision->pid, cause);
}

static void account_decisions(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    if (record->n_decisions == 0)
        return;
    account_say(account, cause_is_refusal(record->cause)
                                 ? "Who could have taken it did not:"
                                 : "Who could have taken it before did not:");
    for (size_t i = 0; i < record->n_decisions; i++)
        account_decision(account, record->decisions[i]);
    if (record->considered > record->n_decisions)
        account_say(account, "  and %zu more", (size_t)record->considered - record->n_decisions);
}

static void account_times(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    char queued[DURATION_TEXT_MAX];
    char timeout[DURATION_TEXT_MAX];

    if (!cause_is_refusal(record->cause))
        account_say(account, "It waited %s in the router before it was on its way.",
                duration_print_us(record->queued_us, queued));
    if (record->timeout_us > 0)
        account_say(
                account, "Its caller gave it %s.", duration_print_us(record->timeout_us, timeout));
}

static void account_executed(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    if (record->code == MU_OK)
        return;
    if (record->executed == MU_EXECUTED_NO)
        account_say(account, "It was not executed, so it may be made again.");
    else if (record->executed == MU_EXECUTED_YES)
        account_say(account, "It was executed.");
    else
        account_say(account, "Whether it was executed is not known: make it again only if twice "
                             "does no harm.");
}

/* ---- what to do next ---- */

/* The service answered, or died of it, or never did. */
static void account_advise_logs(
        struct account *account, const Mu__Router__V1__CallRecord *record, const char *service)
{
    char trace[TRACE_ID_TEXT_MAX];

    trace_id_print(record->trace.data, record->trace.len, trace);
    if (record->side == MU__ROUTER__V1__SIDE__SIDE_THERE) {
        account_advise(account, "see what came of it there; on node %s: mu why %.*s",
                record->callee_node, TRACE_ID_SHORT, trace);
        return;
    }
    account_advise(
            account, "see what was written about it: mu logs --trace %.*s", TRACE_ID_SHORT, trace);
    account_advise(account, "or all that it wrote: mu logs %s", service);
}

#define CAUSE(NAME) MU__ROUTER__V1__CAUSE__CAUSE_##NAME

/* What helps against a refusal; the service's name goes behind it, where that is wanted. */
static const struct {
    Mu__Router__V1__Cause cause;
    bool is_of_service;
    const char *text;
} account_advice[] = {
    { CAUSE(NOT_EXPORTED), true, "`exports` says who may call what, in the manifest of " },
    { CAUSE(NO_SERVICE), false, "see what there is: mu registry list" },
    { CAUSE(NO_INSTANCE), false, "see why it is not up: mu ps" },
    { CAUSE(NO_INSTANCE), true, "see what it wrote last: mu logs " },
    { CAUSE(NO_ROUTE), false, "see the ways to other nodes: mu network graph" },
    { CAUSE(ROUTES_FULL), false, "see the ways to other nodes: mu network graph" },
    { CAUSE(FULL), true, "see what it is busy with: mu stats " },
    { CAUSE(FULL), false,
            "run more of it, or let each take more: `instances`, `limits.calls_max` "
            "in its manifest" },
    { CAUSE(SHARE_FULL), true, "see what it is busy with: mu stats " },
    { CAUSE(QUEUE_FULL), true, "see what it is busy with: mu stats " },
    { CAUSE(BODY_TOO_LARGE), false, "send less at a time, or as a stream" },
    { CAUSE(CALLER_FULL), false, "have fewer calls under way from one process at a time" },
    { CAUSE(NOT_FOR_CLIENTS), false, "make it on the node, as its owner" },
    { CAUSE(NOT_FOR_NODES), false, "make it on that node" },
};

static void account_advise_refused(
        struct account *account, const Mu__Router__V1__CallRecord *record, const char *service)
{
    if (record->cause == CAUSE(NO_CAPABILITY))
        account_advise(account, "let it: mu grant %s %s      what it may: mu caps %s",
                record->caller, record->endpoint, record->caller);
    for (size_t i = 0; i < sizeof(account_advice) / sizeof(account_advice[0]); i++) {
        if (account_advice[i].cause == record->cause)
            account_advise(account, "%s%s", account_advice[i].text,
                    account_advice[i].is_of_service ? service : "");
    }
}

static void account_next(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    char service[MU_ENDPOINT_MAX];

    calls_service(record, service);
    if (record->code == MU_OK)
        return;
    if (cause_is_refusal(record->cause)) {
        account_advise_refused(account, record, service);
        return;
    }
    if (record->cause == CAUSE(DEADLINE))
        account_advise(account, "give it longer: --timeout 30s      how long it takes: mu stats %s",
                service);
    if (record->cause == CAUSE(CALLEE_GONE))
        account_advise(account, "see how it ended: mu ps");
    account_advise_logs(account, record, service);
}

void account_make(struct account *account, const Mu__Router__V1__CallRecord *record)
{
    account->line_count = 0;
    account->next_count = 0;
    account_headline(account, record);
    account_right(account, record);
    account_route(account, record);
    account_decisions(account, record);
    account_times(account, record);
    account_executed(account, record);
    account_next(account, record);
}
