// SPDX-License-Identifier: Apache-2.0
/* The router keeps records in the order in which calls ended, and gives them page by page; here
 * they are put together. Its filter for traces knows bytes, so an odd digit is looked at here. */
#include "services/interface/mu/calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/cause.h"
#include "services/interface/mu/description.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instance.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/trace_id.h"

enum { CALLS_PAGE = 512 /* records asked for at a time */ };

void calls_deinit(struct calls *calls)
{
    for (size_t i = 0; i < calls->reply_count; i++)
        mu__router__v1__calls_reply__free_unpacked(calls->replies[i], NULL);
    free(calls->replies);
    free(calls->records);
    *calls = (struct calls){ 0 };
}

const char *calls_service(const Mu__Router__V1__CallRecord *record, char text[MU_ENDPOINT_MAX])
{
    snprintf(text, MU_ENDPOINT_MAX, "%.*s", (int)strcspn(record->endpoint, "."), record->endpoint);
    return text;
}

bool calls_is_own(const Mu__Router__V1__CallRecord *record)
{
    const char *dot = strchr(record->endpoint, '.');
    char service[MU_ENDPOINT_MAX];

    return record->caller_party == MU__ROUTER__V1__PARTY__PARTY_ROUTER ||
           builtin_find(calls_service(record, service)) != NULL ||
           (dot != NULL && strncmp(dot + 1, DESCRIPTION_DEBUG, strlen(DESCRIPTION_DEBUG)) == 0);
}

static bool calls_is_meant(
        const struct calls_filter *filter, const Mu__Router__V1__CallRecord *record)
{
    char text[TRACE_ID_TEXT_MAX];

    if (!filter->with_own && filter->service == NULL && filter->trace == NULL &&
            calls_is_own(record))
        return false;
    if (filter->trace == NULL)
        return true;
    trace_id_print(record->trace.data, record->trace.len, text);
    return strncmp(text, filter->trace, strlen(filter->trace)) == 0;
}

int calls_keep(struct cli *cli, const struct calls_filter *filter, struct calls *calls,
        Mu__Router__V1__CallsReply *reply)
{
    void *replies = realloc(calls->replies, (calls->reply_count + 1) * sizeof(*calls->replies));
    void *records;

    if (replies == NULL) {
        mu__router__v1__calls_reply__free_unpacked(reply, NULL);
        return (int)failure_of_memory(cli);
    }
    calls->replies = replies;
    calls->replies[calls->reply_count++] = reply;
    calls->last = reply->last;
    calls->missed += reply->missed;
    calls->started_us = reply->started_us;
    records =
            realloc(calls->records, (calls->count + reply->n_calls + 1) * sizeof(*calls->records));
    if (records == NULL)
        return (int)failure_of_memory(cli);
    calls->records = records;
    for (size_t i = 0; i < reply->n_calls; i++) {
        if (calls_is_meant(filter, reply->calls[i]))
            calls->records[calls->count++] = reply->calls[i];
    }
    return EXIT_OK;
}

void calls_request(const struct calls_filter *filter, uint8_t trace[CALLS_TRACE_SIZE],
        Mu__Router__V1__CallsRequest *request)
{
    mu__router__v1__calls_request__init(request);
    request->limit = CALLS_PAGE;
    request->since = filter->since > 0 ? filter->since : 1; /* 0 would be the newest only */
    if (filter->service != NULL)
        request->service = (char *)(uintptr_t)filter->service;
    if (filter->method != NULL)
        request->method = (char *)(uintptr_t)filter->method;
    request->failed = filter->failed;
    if (filter->trace != NULL)
        request->trace =
                (ProtobufCBinaryData){ trace_id_read_digits(filter->trace, trace, CALLS_TRACE_SIZE),
                    trace };
}

int calls_take(struct cli *cli, const struct calls_filter *filter, struct calls *calls)
{
    Mu__Router__V1__CallsRequest request;
    uint8_t trace[CALLS_TRACE_SIZE];
    bool is_more = true;
    int code = EXIT_OK;

    *calls = (struct calls){ 0 };
    calls_request(filter, trace, &request);
    for (size_t pages = 0; is_more && code == EXIT_OK && pages < CALLS_PAGES_MAX; pages++) {
        Mu__Router__V1__CallsReply *reply = NULL;

        code = bus_call(cli, "router.Calls", &request.base,
                &mu__router__v1__calls_reply__descriptor, (ProtobufCMessage **)&reply);
        if (code != EXIT_OK)
            break;
        is_more = reply->more && reply->n_calls > 0;
        if (is_more)
            request.since = reply->calls[reply->n_calls - 1]->seq;
        code = calls_keep(cli, filter, calls, reply);
    }
    if (code != EXIT_OK)
        calls_deinit(calls);
    return code;
}

int calls_read_word(const struct cli *cli, const char *word, char text[MU_ENDPOINT_MAX],
        struct calls_filter *filter)
{
    char *dot;
    char cut[FAILURE_WORD_MAX];

    if (word == NULL)
        return EXIT_OK;
    if (strlen(word) >= MU_ENDPOINT_MAX || word[0] == '\0' || word[0] == '.')
        return (int)failure_say(cli, EXIT_USAGE, "write SERVICE or SERVICE.METHOD",
                "\"%s\" names no service", failure_word(word, cut));
    memcpy(text, word, strlen(word) + 1);
    dot = strchr(text, '.');
    filter->service = text;
    if (dot != NULL) {
        *dot = '\0';
        filter->method = dot[1] != '\0' ? dot + 1 : NULL;
    }
    return EXIT_OK;
}

const char *calls_caller(const Mu__Router__V1__CallRecord *record, char *text, size_t size)
{
    if (record->caller_party == MU__ROUTER__V1__PARTY__PARTY_ROUTER)
        snprintf(text, size, "router");
    else if (record->caller_party == MU__ROUTER__V1__PARTY__PARTY_CLIENT)
        snprintf(text, size, "client %s%s%s", record->caller,
                record->caller_node[0] != '\0' ? " at " : "", record->caller_node);
    else if (record->caller_node[0] != '\0')
        snprintf(text, size, "%s%snode %s", record->caller, record->caller[0] != '\0' ? " at " : "",
                record->caller_node);
    else if (record->caller[0] != '\0')
        snprintf(text, size, "%s", record->caller);
    else
        snprintf(text, size, "pid %u", record->caller_pid);
    return text;
}

const char *calls_callee(const Mu__Router__V1__CallRecord *record, char *text, size_t size)
{
    bool was_sent = !cause_is_refusal(record->cause);
    char instance[INSTANCE_TEXT_MAX];

    if (was_sent && record->side == MU__ROUTER__V1__SIDE__SIDE_THERE)
        snprintf(text, size, "node %s", record->callee_node);
    else if (was_sent && record->callee_pid != 0)
        snprintf(text, size, "%s (pid %u)", instance_short(record->callee_instance, instance),
                record->callee_pid);
    else
        snprintf(text, size, was_sent ? "router" : "-");
    return text;
}
