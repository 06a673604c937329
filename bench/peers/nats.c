// SPDX-License-Identifier: Apache-2.0
/* bench_nats - request and reply through a nats-server, with its own C client.
 *
 * One inbox subscription for each connection, on a plain subject: the body says which call an
 * answer belongs to, which spares NATS the wildcard that its own request muxer matches. Mode "asap"
 * writes each message at once (natsOptions_SetSendAsap: the lowest latency), "default" leaves it to
 * the client's flusher (the best for bulk).
 *
 * Roles: serve, call; `first` waits for the first answer, `again` for the first one after each
 * loss. */
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load.h"

enum { NATS_SUBJECT_MAX = 64, NATS_ASK_MS = 1000 };

struct nats_lane {
    struct lane *lane;   /* borrowed from the load */
    const char *subject; /* borrowed from nats_call */
    int body_size;
    natsConnection *connection; /* owned, as the next two */
    natsInbox *inbox;
    natsSubscription *subscription;
};

static void nats_must(natsStatus status, const char *what)
{
    if (status == NATS_OK)
        return;
    fprintf(stderr, "bench_nats: %s: %s\n", what, natsStatus_GetText(status));
    exit(1);
}

static natsConnection *nats_connect(const struct load_options *options)
{
    natsConnection *connection = NULL;
    natsOptions *settings = NULL;

    nats_must(natsOptions_Create(&settings), "options");
    nats_must(natsOptions_SetURL(settings, options->address), options->address);
    nats_must(natsOptions_SetSendAsap(settings, strcmp(options->mode, "asap") == 0), "SendAsap");
    nats_must(natsConnection_Connect(&connection, settings), options->address);
    natsOptions_Destroy(settings);
    return connection;
}

/* Both modes may be served at the same time. */
static void nats_subject(char *subject, const struct load_options *options)
{
    snprintf(subject, NATS_SUBJECT_MAX, "bench.%s.%s", options->service, options->mode);
}

static void nats_echo(
        natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *user)
{
    (void)subscription;
    (void)user;
    natsConnection_Publish(connection, natsMsg_GetReply(message), natsMsg_GetData(message),
            natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
}

static void nats_send(struct nats_lane *lane, uint32_t call)
{
    uint8_t body[LOAD_BODY_MAX];

    lane_request(lane->lane, call, body);
    if (natsConnection_PublishRequest(
                lane->connection, lane->subject, lane->inbox, body, lane->body_size) != NATS_OK)
        lane_error(lane->lane, call);
}

static void nats_take(
        natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *user)
{
    struct nats_lane *lane = user;
    const char *body = natsMsg_GetData(message);
    size_t size = (size_t)natsMsg_GetDataLength(message);
    uint32_t call = lane_find(lane->lane, body, size);

    (void)connection;
    (void)subscription;
    if (lane_answer(lane->lane, call, body, size))
        nats_send(lane, call);
    natsMsg_Destroy(message);
}

static int nats_call(const struct load_options *options)
{
    static struct nats_lane lanes[LOAD_LANES_MAX];
    char subject[NATS_SUBJECT_MAX];
    struct load *load;
    int status;

    nats_subject(subject, options);
    for (uint32_t i = 0; i < options->lane_count; i++) {
        lanes[i].subject = subject;
        lanes[i].body_size = (int)options->body_size;
        lanes[i].connection = nats_connect(options);
        nats_must(natsInbox_Create(&lanes[i].inbox), "inbox");
        nats_must(natsConnection_Subscribe(&lanes[i].subscription, lanes[i].connection,
                          lanes[i].inbox, nats_take, &lanes[i]),
                "subscribe");
        nats_must(natsConnection_Flush(lanes[i].connection), "flush");
    }
    load = load_new(options);
    for (uint32_t i = 0; i < options->lane_count; i++)
        lanes[i].lane = load_lane(load, i);
    for (uint32_t i = 0; i < options->lane_count; i++) {
        for (uint32_t call = 0; call < options->outstanding; call++)
            nats_send(&lanes[i], call);
    }
    load_wait(load);
    for (uint32_t i = 0; i < options->lane_count; i++) {
        natsSubscription_Destroy(lanes[i].subscription);
        natsConnection_Destroy(lanes[i].connection);
        natsInbox_Destroy(lanes[i].inbox);
    }
    nats_Close();
    status = load_report(load, "nats");
    load_free(load);
    return status;
}

_Noreturn static void nats_serve(const struct load_options *options)
{
    natsConnection *connection = nats_connect(options);
    natsSubscription *subscription = NULL;
    char subject[NATS_SUBJECT_MAX];

    nats_subject(subject, options);
    nats_must(natsConnection_Subscribe(&subscription, connection, subject, nats_echo, NULL),
            "subscribe");
    nats_must(natsConnection_Flush(connection), "flush");
    load_say_ready();
    for (;;)
        pause();
}

/* Asks until there is an answer. Where nobody listens to the subject, the server says so at once.
 */
static void nats_wait_first(natsConnection *connection, const char *subject)
{
    natsMsg *reply = NULL;

    while (natsConnection_RequestString(&reply, connection, subject, "", NATS_ASK_MS) != NATS_OK)
        load_rest();
    natsMsg_Destroy(reply);
    load_say_answered();
}

static int nats_wait(const struct load_options *options)
{
    natsConnection *connection = nats_connect(options);
    bool again = strcmp(options->role, "again") == 0;
    char subject[NATS_SUBJECT_MAX];
    natsMsg *reply = NULL;

    nats_subject(subject, options);
    do {
        nats_wait_first(connection, subject);
        while (again && natsConnection_RequestString(
                                &reply, connection, subject, "", NATS_ASK_MS) == NATS_OK)
            natsMsg_Destroy(reply);
    } while (again);
    natsConnection_Destroy(connection);
    nats_Close();
    return 0;
}

int main(int argc, char **argv)
{
    struct load_options options;

    load_parse(&options, argc, argv);
    if (strcmp(options.role, "serve") == 0)
        nats_serve(&options);
    if (strcmp(options.role, "first") == 0 || strcmp(options.role, "again") == 0)
        return nats_wait(&options);
    return nats_call(&options);
}
