// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "kernel/router/own.h"
#include "kernel/router/report.h"
#include "mu/router/v1/router.pb-c.h"

/* The journal counts by the messages' numbers. */
_Static_assert((int)PARTY_ROUTER == MU__ROUTER__V1__PARTY__PARTY_ROUTER, "party");

/* One record as a message, with the texts that it needs. */
struct call_row {
    Mu__Router__V1__CallRecord call;
    Mu__Router__V1__Decision decisions[JOURNAL_DECISIONS_MAX];
    Mu__Router__V1__Decision *each_decision[JOURNAL_DECISIONS_MAX];
    char caller[JOURNAL_TEXT_SIZE + 1];
    char caller_node[JOURNAL_TEXT_SIZE + 1];
    char callee_node[JOURNAL_TEXT_SIZE + 1];
    char endpoint[ENDPOINT_SIZE_MAX + 1];
    char message[JOURNAL_MESSAGE_MAX + 1];
    char origin[SERVICE_NAME_MAX + 1];
};

/* The records of an answer. */
struct call_page {
    const struct journal_record *records[JOURNAL_PAGE_MAX];
    Mu__Router__V1__CallRecord *each[JOURNAL_PAGE_MAX];
    struct call_row rows[]; /* of those that are asked for */
};

static struct span report_endpoint(
        const struct journal *journal, const struct journal_record *record)
{
    const struct journal_detail *detail = journal_detail(journal, record);

    if (record->detailed && detail->endpoint_size > 0)
        return (struct span){ (const uint8_t *)detail->endpoint, detail->endpoint_size };
    return (struct span){ (const uint8_t *)record->method->endpoint, record->method->size };
}

/* True for the service's call, where one is asked for, and the method's. */
static bool report_wants_endpoint(struct span endpoint, const Mu__Router__V1__CallsRequest *request)
{
    size_t service_size = endpoint.size != 0 ? meter_service_of(endpoint).size : 0;
    const char *text = (const char *)endpoint.data;

    if (request->service[0] != '\0' && !report_is(text, service_size, request->service))
        return false;
    return request->method[0] == '\0' ||
           (service_size < endpoint.size &&
                   report_is(text + service_size + 1, endpoint.size - service_size - 1,
                           request->method));
}

static bool report_wants(const struct journal *journal, const struct journal_record *record,
        const Mu__Router__V1__CallsRequest *request)
{
    if ((request->failed && record->code == 0) || record->took_us < request->took_min_us)
        return false;
    if (request->call != 0 && record->call != request->call)
        return false;
    if (request->trace.len > 0 &&
            memcmp(record->trace, request->trace.data, request->trace.len) != 0)
        return false;
    if (request->span.len > 0 &&
            memcmp(record->trace + 16, request->span.data, request->span.len) != 0)
        return false;
    if (request->service[0] == '\0' && request->method[0] == '\0')
        return true;
    return report_wants_endpoint(report_endpoint(journal, record), request);
}

/* The newest records that are wanted, the oldest of them first. */
static size_t report_find_newest(const struct journal *journal,
        const Mu__Router__V1__CallsRequest *request, struct call_page *page, bool *morep)
{
    struct journal_cursor cursor = journal_seek(journal, UINT64_MAX);
    const struct journal_record *record;
    size_t count = 0;

    while ((record = journal_previous(journal, &cursor)) != NULL) {
        if (!report_wants(journal, record, request))
            continue;
        if (count == request->limit) {
            *morep = true;
            break;
        }
        page->records[count++] = record;
    }
    for (size_t i = 0; i < count / 2; i++) {
        record = page->records[i];
        page->records[i] = page->records[count - 1 - i];
        page->records[count - 1 - i] = record;
    }
    return count;
}

/* The oldest records above `since` that are wanted. */
static size_t report_find_next(const struct journal *journal,
        const Mu__Router__V1__CallsRequest *request, struct call_page *page, bool *morep)
{
    struct journal_cursor cursor = journal_seek(journal, request->since);
    const struct journal_record *record;
    size_t count = 0;

    while ((record = journal_next(journal, &cursor)) != NULL) {
        if (!report_wants(journal, record, request))
            continue;
        if (count == request->limit) {
            *morep = true;
            break;
        }
        page->records[count++] = record;
    }
    return count;
}

static char *report_text(char *room, const char *text, size_t size)
{
    memcpy(room, text, size);
    room[size] = '\0';
    return room;
}

static ProtobufCBinaryData report_bytes(const uint8_t *bytes, size_t size)
{
    static const uint8_t none[TRACE_SIZE];

    return (ProtobufCBinaryData){ memcmp(bytes, none, size) != 0 ? size : 0,
        (uint8_t *)(uintptr_t)bytes };
}

static void report_parties(const struct journal_record *record, struct call_row *row)
{
    const char *text = record->text;

    row->call.caller_party = (Mu__Router__V1__Party)record->caller_party;
    row->call.caller = report_text(row->caller, text, record->caller_size);
    text += record->caller_size;
    row->call.caller_node = report_text(row->caller_node, text, record->caller_node_size);
    text += record->caller_node_size;
    row->call.callee_node = report_text(row->callee_node, text, record->callee_node_size);
    row->call.caller_instance = record->caller_instance;
    row->call.caller_pid = record->caller_pid;
    row->call.callee_instance = record->callee_instance;
    row->call.callee_pid = record->callee_pid;
    row->call.hops = record->hops;
    row->call.side = (Mu__Router__V1__Side)record->side;
    row->call.instances = record->instances;
    row->call.cap_source = (Mu__Router__V1__CapSource)record->cap_source;
    row->call.cap_handle = record->cap_handle;
}

static void report_detail(const struct journal_detail *detail, struct call_row *row)
{
    row->call.message = report_text(row->message, detail->message, detail->message_size);
    row->call.origin = report_text(row->origin, detail->origin, detail->origin_size);
    row->call.considered = detail->decisions.considered;
    row->call.decisions = row->each_decision;
    for (uint32_t i = 0; i < detail->decisions.count; i++) {
        const struct decision *decision = &detail->decisions.each[i];
        Mu__Router__V1__Decision *message = &row->decisions[i];

        mu__router__v1__decision__init(message);
        message->party = (Mu__Router__V1__Party)decision->party;
        message->id = decision->id;
        message->pid = decision->pid;
        message->node = (char *)(uintptr_t)decision->node;
        message->cause = (Mu__Router__V1__Cause)decision->cause;
        message->hops = decision->hops;
        row->each_decision[row->call.n_decisions++] = message;
    }
}

static void report_row(
        const struct router *router, const struct journal_record *record, struct call_row *row)
{
    const struct journal *journal = &router->notebook.journal;
    struct span endpoint = report_endpoint(journal, record);

    mu__router__v1__call_record__init(&row->call);
    row->call.seq = record->seq;
    row->call.began_us = report_wall(router, record->began_us);
    row->call.trace = report_bytes(record->trace, 16);
    row->call.span = report_bytes(record->trace + 16, TRACE_SIZE - 16);
    row->call.parent_span = report_bytes(record->parent_span, sizeof(record->parent_span));
    row->call.id = record->id;
    row->call.call = record->call;
    row->call.endpoint = report_text(row->endpoint, (const char *)endpoint.data, endpoint.size);
    report_parties(record, row);
    row->call.shape = record->shape;
    row->call.code = record->code;
    row->call.executed = record->executed;
    row->call.cause = (Mu__Router__V1__Cause)record->cause;
    row->call.refused = record->refused;
    row->call.took_us = record->took_us;
    row->call.queued_us = record->queued_us;
    row->call.timeout_us = record->timeout_us;
    row->call.bytes_up = record->bytes_up;
    row->call.bytes_down = record->bytes_down;
    row->call.items_up = record->items_up;
    row->call.items_down = record->items_down;
    if (record->detailed)
        report_detail(journal_detail(journal, record), row);
}

/* Answers what is asked for, of a request that can be taken. */
static void report_answer(struct router *router, struct peer *peer, uint64_t id,
        const Mu__Router__V1__CallsRequest *request)
{
    const struct journal *journal = &router->notebook.journal;
    Mu__Router__V1__CallsReply reply = MU__ROUTER__V1__CALLS_REPLY__INIT;
    struct call_page *page = malloc(sizeof(*page) + request->limit * sizeof(page->rows[0]));
    bool more = false;

    if (page == NULL) {
        say_verdict(router, peer, id, &report_no_memory);
        return;
    }
    reply.n_calls = request->since != 0 ? report_find_next(journal, request, page, &more)
                                        : report_find_newest(journal, request, page, &more);
    for (size_t i = 0; i < reply.n_calls; i++) {
        report_row(router, page->records[i], &page->rows[i]);
        page->each[i] = &page->rows[i].call;
    }
    reply.calls = page->each;
    reply.last = journal->last;
    reply.more = more;
    reply.missed = request->since != 0 ? journal_missed(journal, request->since) : 0;
    reply.started_us = router->notebook.started_us;
    own_reply(router, peer, id, &reply.base);
    free(page);
}

void report_calls(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict bad = { CODE_INVALID_ARGUMENT, EXECUTED_NO, 0,
        "`trace` is what a trace id begins with, 16 bytes at most, and `span` 8 bytes at most" };
    Mu__Router__V1__CallsRequest *request =
            own_unpack(router, peer, envelope, &mu__router__v1__calls_request__descriptor);

    if (request == NULL)
        return;
    if (request->limit == 0)
        request->limit = JOURNAL_PAGE_DEFAULT;
    if (request->limit > JOURNAL_PAGE_MAX)
        request->limit = JOURNAL_PAGE_MAX;
    if (request->trace.len > 16 || request->span.len > TRACE_SIZE - 16)
        say_verdict(router, peer, envelope->id, &bad);
    else
        report_answer(router, peer, envelope->id, request);
    mu__router__v1__calls_request__free_unpacked(request, NULL);
}
