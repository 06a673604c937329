// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/explanation.h"

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

#define CAUSE(NAME) MU__ROUTER__V1__CAUSE__CAUSE_##NAME

static void explanation_say(struct explanation *explanation, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void explanation_say(struct explanation *explanation, const char *format, ...)
{
    va_list args;

    if (explanation->line_count == EXPLANATION_LINES_MAX)
        return;
    va_start(args, format);
    vsnprintf(explanation->lines[explanation->line_count++], EXPLANATION_LINE_MAX, format, args);
    va_end(args);
}

static void explanation_advise(struct explanation *explanation, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void explanation_advise(struct explanation *explanation, const char *format, ...)
{
    va_list args;

    if (explanation->next_count == EXPLANATION_NEXT_MAX)
        return;
    va_start(args, format);
    vsnprintf(explanation->next[explanation->next_count++], EXPLANATION_LINE_MAX, format, args);
    va_end(args);
}

static void explanation_headline(
        struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    time_t began = (time_t)(record->began_us / 1000000);
    char clock[16] = "";
    char caller[MU_ENDPOINT_MAX];
    char took[DURATION_TEXT_MAX];
    struct tm parts;

    if (localtime_r(&began, &parts) != NULL)
        strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
    explanation_say(explanation, "%s, called by %s at %s.%03u, %s: %s after %s.", record->endpoint,
            calls_caller(record, caller, sizeof(caller)), clock,
            (unsigned)(record->began_us / 1000 % 1000), cause_of_call(record->cause),
            mu_code_name((enum mu_code)record->code), duration_print_us(record->took_us, took));
    if (record->code != MU_OK && record->message[0] != '\0')
        explanation_say(explanation, "%s says: %s",
                record->origin[0] != '\0' ? record->origin : "router", record->message);
}

/* What let it through. Of what was refused for want of a right the headline says so. */
static void explanation_right(
        struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    static const char *const sources[] = {
        [MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_MANIFEST] = "its manifest lists it in `calls`",
        [MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_OPERATOR] = "an operator granted it",
        [MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_PASSED] = "another service passed it on",
    };
    size_t source = (size_t)record->cap_source;

    if (record->cause == MU__ROUTER__V1__CAUSE__CAUSE_NAMESPACE)
        return; /* a capability did not help */
    if (source == MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_NONE ||
            source >= sizeof(sources) / sizeof(sources[0])) {
        if (!cause_is_refusal(record->cause) &&
                record->caller_party == MU__ROUTER__V1__PARTY__PARTY_PROCESS)
            explanation_say(explanation,
                    "Its caller needs no capability: it belongs to the node's owner, "
                    "or everybody may call this.");
        return;
    }
    if (record->cap_handle != 0)
        explanation_say(explanation, "Its caller may make it: %s, under the handle %016" PRIx64 ".",
                sources[source], record->cap_handle);
    else
        explanation_say(explanation, "Its caller may make it: %s.", sources[source]);
}

static void explanation_route(
        struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    char instance[INSTANCE_TEXT_MAX];

    if (record->hops > 0)
        explanation_say(explanation, "It had come over %u link%s, from node %s.", record->hops,
                record->hops == 1 ? "" : "s", record->caller_node);
    if (cause_is_refusal(record->cause) || record->cause == CAUSE(KEY_ANSWERED))
        return;
    if (record->side == MU__ROUTER__V1__SIDE__SIDE_THERE)
        explanation_say(explanation, "It went to node %s: %s.", record->callee_node,
                record->instances > 0 ? "nobody here could take it"
                                      : "nobody here offers the service");
    else if (record->side == MU__ROUTER__V1__SIDE__SIDE_HERE && record->callee_pid != 0)
        explanation_say(explanation, "It went to instance %s (pid %u)%s.",
                instance_short(record->callee_instance, instance), record->callee_pid,
                record->instances > 1 ? ", the less busy of two that were drawn" : "");
    else if (record->side == MU__ROUTER__V1__SIDE__SIDE_HERE)
        explanation_say(explanation, "The router itself was called.");
    if (record->side != MU__ROUTER__V1__SIDE__SIDE_THERE && record->instances > 1)
        explanation_say(explanation, "%u instances here took calls then.", record->instances);
}

static void explanation_decision(
        struct explanation *explanation, const Mu__Router__V1__Decision *decision)
{
    const char *cause = cause_of_candidate(decision->cause);
    char instance[INSTANCE_TEXT_MAX];

    if (decision->party == MU__ROUTER__V1__PARTY__PARTY_NODE)
        explanation_say(explanation, "  the way to node %s (%u link%s): %s", decision->node,
                decision->hops, decision->hops == 1 ? "" : "s", cause);
    else
        explanation_say(explanation, "  instance %s (pid %u): %s",
                instance_short(decision->id, instance), decision->pid, cause);
}

/* True where the call was sent to a second instance as well. */
static bool explanation_is_hedged(const Mu__Router__V1__CallRecord *record)
{
    const Mu__Router__V1__Decision *other = record->n_decisions == 1 ? record->decisions[0] : NULL;

    return other != NULL && (other->cause == MU__ROUTER__V1__CAUSE__CAUSE_CANCELLED ||
                                    other->cause == MU__ROUTER__V1__CAUSE__CAUSE_ANSWERED ||
                                    other->cause == MU__ROUTER__V1__CAUSE__CAUSE_CALLEE_GONE);
}

static void explanation_decisions(
        struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    if (record->n_decisions == 0)
        return;
    if (explanation_is_hedged(record))
        explanation_say(
                explanation, "It was slow, so two instances were sent it, by a policy (hedge):");
    else
        explanation_say(explanation, cause_is_refusal(record->cause)
                                             ? "Who could have taken it did not:"
                                             : "Who could have taken it before did not:");
    for (size_t i = 0; i < record->n_decisions; i++)
        explanation_decision(explanation, record->decisions[i]);
    if (record->considered > record->n_decisions)
        explanation_say(
                explanation, "  and %zu more", (size_t)record->considered - record->n_decisions);
}

static void explanation_times(
        struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    char queued[DURATION_TEXT_MAX];
    char timeout[DURATION_TEXT_MAX];

    if (record->cause == CAUSE(KEY_ANSWERED))
        explanation_say(explanation, "It waited %s for that answer.",
                duration_print_us(record->queued_us, queued));
    else if (!cause_is_refusal(record->cause))
        explanation_say(explanation, "It waited %s in the router before it was on its way.",
                duration_print_us(record->queued_us, queued));
    if (record->timeout_us > 0)
        explanation_say(explanation, "Its caller gave it %s.",
                duration_print_us(record->timeout_us, timeout));
}

static void explanation_executed(
        struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    if (record->code == MU_OK)
        return;
    if (record->executed == MU_EXECUTED_NO)
        explanation_say(explanation, "It was not executed, so it may be made again.");
    else if (record->executed == MU_EXECUTED_YES)
        explanation_say(explanation, "It was executed.");
    else
        explanation_say(explanation,
                "Whether it was executed is not known: make it again only if twice "
                "does no harm.");
}

/* ---- what to do next ---- */

/* The service answered, or died of it, or never did. */
static void explanation_advise_logs(struct explanation *explanation,
        const Mu__Router__V1__CallRecord *record, const char *service)
{
    char trace[TRACE_ID_TEXT_MAX];

    trace_id_print(record->trace.data, record->trace.len, trace);
    if (record->side == MU__ROUTER__V1__SIDE__SIDE_THERE) {
        explanation_advise(explanation, "see what came of it there; on node %s: mu why %.*s",
                record->callee_node, TRACE_ID_SHORT, trace);
        return;
    }
    explanation_advise(explanation, "see what was written about it: mu logs --trace %.*s",
            TRACE_ID_SHORT, trace);
    explanation_advise(explanation, "or all that it wrote: mu logs %s", service);
}

/* What helps against a refusal; the service's name goes behind it, where that is wanted. */
static const struct {
    Mu__Router__V1__Cause cause;
    bool is_of_service;
    const char *text;
} explanation_advice[] = {
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
    { CAUSE(TOKEN), false, "log in again: mu login" },
    { CAUSE(SCOPE), false, "see what the token covers: mu whoami" },
    { CAUSE(RULE), false, "see the rules: mu rule list" },
    { CAUSE(KEY_DIFFERS), false, "use another key for another call" },
    { CAUSE(KEY_FULL), false, "use fewer keys in ten minutes, or make the call without one" },
    { CAUSE(KEY_USED), true, "look first whether it was carried out, by what you know of " },
    { CAUSE(KEY_USED), false, "to have it carried out once more: another key" },
    { CAUSE(POLICY), false, "see what was set: mu policy list" },
    { CAUSE(NAMESPACE), false, "see whose it is: mu registry list" },
};

static void explanation_advise_refused(struct explanation *explanation,
        const Mu__Router__V1__CallRecord *record, const char *service)
{
    if (record->cause == CAUSE(NAMESPACE) &&
            record->caller_party == MU__ROUTER__V1__PARTY__PARTY_PROCESS)
        explanation_advise(explanation, "let it all the same: mu grant %s %s", record->caller,
                record->endpoint);
    if (record->cause == CAUSE(NO_CAPABILITY))
        explanation_advise(explanation, "let it: mu grant %s %s      what it may: mu caps %s",
                record->caller, record->endpoint, record->caller);
    for (size_t i = 0; i < sizeof(explanation_advice) / sizeof(explanation_advice[0]); i++) {
        if (explanation_advice[i].cause == record->cause)
            explanation_advise(explanation, "%s%s", explanation_advice[i].text,
                    explanation_advice[i].is_of_service ? service : "");
    }
}

static void explanation_next(
        struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    char service[MU_ENDPOINT_MAX];

    calls_service(record, service);
    if (record->code == MU_OK)
        return;
    if (cause_is_refusal(record->cause)) {
        explanation_advise_refused(explanation, record, service);
        return;
    }
    if (record->cause == CAUSE(DEADLINE))
        explanation_advise(explanation,
                "give it longer: --timeout 30s      how long it takes: mu stats %s", service);
    if (record->cause == CAUSE(CALLEE_GONE))
        explanation_advise(explanation, "see how it ended: mu ps");
    explanation_advise_logs(explanation, record, service);
}

void explanation_make(struct explanation *explanation, const Mu__Router__V1__CallRecord *record)
{
    explanation->line_count = 0;
    explanation->next_count = 0;
    explanation_headline(explanation, record);
    explanation_right(explanation, record);
    explanation_route(explanation, record);
    explanation_decisions(explanation, record);
    explanation_times(explanation, record);
    explanation_executed(explanation, record);
    explanation_next(explanation, record);
}
