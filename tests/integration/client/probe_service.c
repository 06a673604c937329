// SPDX-License-Identifier: Apache-2.0
/* The service that the client library is tested against: every shape of call, now and later. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mu/log.h"
#include "probe/v1/probe.mu.h"

struct probe {
    uint32_t over;
    uint32_t waits;
    uint32_t settles;
};

static void serve_echo(struct mu_call *call, const Probe__V1__EchoRequest *request)
{
    Probe__V1__EchoReply reply = PROBE__V1__ECHO_REPLY__INIT;
    uint8_t *made = NULL;

    reply.text = request->text;
    reply.data = request->data;
    if (request->size != 0) {
        made = calloc(1, request->size);
        reply.data = (ProtobufCBinaryData){ .len = request->size, .data = made };
    }
    probe_echo_reply(call, &reply);
    free(made);
}

static void serve_wait_done(struct mu_call *call)
{
    Probe__V1__WaitReply reply = PROBE__V1__WAIT_REPLY__INIT;

    reply.remaining_ms = mu_call_remaining_ms(call);
    probe_wait_reply(call, &reply);
}

static void serve_gave_up(struct mu_call *call)
{
    struct probe *probe = mu_call_state(call);

    probe->over += 1;
    mu_call_fail(call, MU_CANCELLED, "let go");
}

static void serve_wait(struct mu_call *call, const Probe__V1__WaitRequest *request)
{
    struct probe *probe = mu_call_state(call);

    probe->waits += 1;
    mu_call_on_over(call, serve_gave_up);
    if (request->ms != 0)
        mu_call_after(call, request->ms, serve_wait_done);
}

static void serve_fail(struct mu_call *call, const Probe__V1__FailRequest *request)
{
    if (request->refuse)
        mu_call_refuse(call, (enum mu_code)request->code, "%s", request->text);
    else
        mu_call_fail(call, (enum mu_code)request->code, "%s", request->text);
}

static void serve_who(struct mu_call *call, const Probe__V1__WhoRequest *request)
{
    const struct mu_caller *caller = mu_call_caller(call);
    Probe__V1__WhoReply reply = PROBE__V1__WHO_REPLY__INIT;

    (void)request;
    reply.node = (char *)(uintptr_t)caller->node;
    reply.service = (char *)(uintptr_t)caller->service;
    reply.uid = caller->uid;
    reply.pid = caller->pid;
    reply.operator_ = caller->is_operator;
    reply.instance = caller->instance;
    reply.owner = (char *)(uintptr_t)caller->owner;
    reply.hops = caller->hops;
    reply.client = (char *)(uintptr_t)caller->client;
    reply.trace.data = (uint8_t *)(uintptr_t)mu_call_trace(call);
    reply.trace.len = MU_TRACE_SIZE;
    probe_who_reply(call, &reply);
}

static void serve_relayed(const struct mu_status *status, const ProtobufCMessage *answer,
        const struct mu_message_hearer *hearer)
{
    Probe__V1__RelayReply reply = PROBE__V1__RELAY_REPLY__INIT;

    (void)answer;
    reply.code = (uint32_t)status->code;
    reply.remaining_ms = mu_call_remaining_ms(hearer->user);
    probe_relay_reply(hearer->user, &reply);
}

static void serve_relay(struct mu_call *call, const Probe__V1__RelayRequest *request)
{
    struct mu_call_options options = { .timeout_ms = request->timeout_ms };
    Probe__V1__WaitRequest wait = PROBE__V1__WAIT_REQUEST__INIT;

    mu_call_message_async(mu_call_client(call), "probe.Wait", &wait.base,
            &probe__v1__wait_reply__descriptor, &options,
            &(struct mu_message_hearer){ .fn = serve_relayed, .user = call });
}

static void serve_block(struct mu_call *call, const Probe__V1__BlockRequest *request)
{
    Probe__V1__BlockReply reply = PROBE__V1__BLOCK_REPLY__INIT;
    struct pollfd fifo = { .fd = open(request->fifo, O_RDONLY | O_NONBLOCK), .events = POLLIN };

    /* Until somebody has opened it for writing. In poll, as ThreadSanitizer runs a signal's handler
     * there, and not in an open that blocks. */
    while (poll(&fifo, 1, -1) < 0 && errno == EINTR)
        continue;
    close(fifo.fd);
    probe_block_reply(call, &reply);
}

static void serve_die(struct mu_call *call, const Probe__V1__DieRequest *request)
{
    (void)call;
    (void)request;
    _exit(1);
}

static void serve_seen(struct mu_call *call, const Probe__V1__SeenRequest *request)
{
    const struct probe *probe = mu_call_state(call);
    Probe__V1__SeenReply reply = PROBE__V1__SEEN_REPLY__INIT;

    (void)request;
    reply.over = probe->over;
    reply.waits = probe->waits;
    reply.settles = probe->settles;
    probe_seen_reply(call, &reply);
}

/* ---- a client stream ---- */

static void serve_sum_over(struct mu_call *call)
{
    free(mu_call_data(call));
    serve_gave_up(call);
}

static void serve_sum(struct mu_call *call)
{
    mu_call_set_data(call, calloc(1, sizeof(Probe__V1__SumReply)));
    probe__v1__sum_reply__init(mu_call_data(call));
    mu_call_on_over(call, serve_sum_over);
}

static void serve_sum_item(struct mu_call *call, const Probe__V1__SumRequest *item)
{
    Probe__V1__SumReply *sum = mu_call_data(call);

    sum->sum += item->number;
    sum->items += 1;
}

static void serve_sum_end(struct mu_call *call)
{
    Probe__V1__SumReply *sum = mu_call_data(call);

    probe_sum_reply(call, sum);
    free(sum);
}

static void serve_stall(struct mu_call *call)
{
    mu_call_on_over(call, serve_gave_up);
}

static void serve_stall_item(struct mu_call *call, const Probe__V1__StallRequest *item)
{
    (void)call;
    (void)item;
}

static void serve_stall_end(struct mu_call *call)
{
    (void)call;
}

/* ---- a server stream ---- */

struct count {
    uint32_t items;
    uint32_t number;
    uint32_t size;
    uint8_t *padding;
};

static void serve_count_end(struct mu_call *call, bool over)
{
    struct count *count = mu_call_data(call);

    free(count->padding);
    free(count);
    if (over)
        serve_gave_up(call);
    else
        mu_call_finish(call);
}

static void serve_count_over(struct mu_call *call)
{
    serve_count_end(call, true);
}

static void serve_count_more(struct mu_call *call)
{
    struct count *count = mu_call_data(call);
    Probe__V1__CountReply item = PROBE__V1__COUNT_REPLY__INIT;

    item.padding = (ProtobufCBinaryData){ .len = count->size, .data = count->padding };
    for (; count->number < count->items; count->number++) {
        item.number = count->number;
        if (probe_count_send(call, &item) != MU_SEND_OK)
            return;
    }
    serve_count_end(call, false);
}

static void serve_count(struct mu_call *call, const Probe__V1__CountRequest *request)
{
    struct count *count = calloc(1, sizeof(*count));

    count->items = request->items;
    count->size = request->size;
    count->padding = calloc(1, request->size + 1);
    mu_call_set_data(call, count);
    mu_call_on_credit(call, serve_count_more);
    mu_call_on_over(call, serve_count_over);
    serve_count_more(call);
}

/* ---- both ways ---- */

/* What has no credit yet waits here, in order. */
struct talk {
    char **lines;
    size_t count;
    size_t sent;
    bool ended;
};

static void serve_talk_free(struct mu_call *call)
{
    struct talk *talk = mu_call_data(call);

    while (talk->sent < talk->count)
        free(talk->lines[talk->sent++]);
    free(talk->lines);
    free(talk);
}

static void serve_talk_over(struct mu_call *call)
{
    serve_talk_free(call);
    serve_gave_up(call);
}

static void serve_talk_more(struct mu_call *call)
{
    Probe__V1__TalkReply reply = PROBE__V1__TALK_REPLY__INIT;
    struct talk *talk = mu_call_data(call);

    while (talk->sent < talk->count) {
        reply.text = talk->lines[talk->sent];
        if (probe_talk_send(call, &reply) != MU_SEND_OK)
            return;
        free(talk->lines[talk->sent++]);
    }
    if (!talk->ended)
        return;
    serve_talk_free(call);
    mu_call_finish(call);
}

static void serve_talk(struct mu_call *call)
{
    mu_call_set_data(call, calloc(1, sizeof(struct talk)));
    mu_call_on_credit(call, serve_talk_more);
    mu_call_on_over(call, serve_talk_over);
}

static void serve_talk_item(struct mu_call *call, const Probe__V1__TalkRequest *item)
{
    struct talk *talk = mu_call_data(call);

    talk->lines = realloc(talk->lines, (talk->count + 1) * sizeof(char *));
    talk->lines[talk->count++] = strdup(item->text);
    serve_talk_more(call);
}

static void serve_talk_end(struct mu_call *call)
{
    struct talk *talk = mu_call_data(call);

    talk->ended = true;
    serve_talk_more(call);
}

/* ---- the service ---- */

static int serve_start(void *state, struct mu_client *client, const char *state_dir)
{
    const char *broken = getenv("PROBE_BROKEN");

    (void)state;
    mu_log_info("%s for what must last, %s", state_dir, client != NULL ? "connected" : "alone");
    mu_log_debug("nobody reads this");
    return broken != NULL ? -EIO : 0;
}

static void serve_stop(void *state)
{
    const struct probe *probe = state;

    mu_log_info("saw %u callers give up", probe->over);
}

static void serve_settle(void *state)
{
    struct probe *probe = state;

    probe->settles += 1;
}

static bool serve_healthy(void *state, char *reason, size_t size)
{
    const struct probe *probe = state;

    if (probe->over < 1000)
        return true;
    strncpy(reason, "too many callers gave up", size - 1);
    return false;
}

int main(int argc, char **argv)
{
    static const struct probe_handlers handlers = {
        .echo = serve_echo,
        .wait = serve_wait,
        .fail = serve_fail,
        .who = serve_who,
        .relay = serve_relay,
        .block = serve_block,
        .die = serve_die,
        .seen = serve_seen,
        .sum = serve_sum,
        .sum_item = serve_sum_item,
        .sum_end = serve_sum_end,
        .count = serve_count,
        .talk = serve_talk,
        .talk_item = serve_talk_item,
        .talk_end = serve_talk_end,
        .stall = serve_stall,
        .stall_item = serve_stall_item,
        .stall_end = serve_stall_end,
    };
    static struct probe probe;
    const char *threads = getenv("PROBE_THREADS");
    const struct mu_service service = {
        .type = &probe_type,
        .handlers = &handlers,
        .state = &probe,
        .threads = threads != NULL ? (uint32_t)strtoul(threads, NULL, 10) : 0,
        .start = serve_start,
        .settle = serve_settle,
        .stop = serve_stop,
        .healthy = serve_healthy,
    };

    return mu_service_main(&service, argc, argv);
}
