// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kernel/router/admission.h"
#include "kernel/router/say.h"
#include "kernel/router/waiting.h"
#include "mu/router/v1/router.pb-c.h"
#include "mu/schema.h"
#include "transport/pattern.h"

int control_open(struct control *control, struct shell *shell, int fd)
{
    *control = (struct control){ .shell = shell, .fd = fd };
    control->leaving = BATCH_EMPTY;
    pthread_mutex_lock(&shell->lock);
    control->peer = router_attach_supervisor(&shell->router, NULL);
    if (control->peer != NULL)
        say_surely(&shell->router, control->peer, &(struct envelope){ .kind = ENVELOPE_READY });
    pthread_mutex_unlock(&shell->lock);
    if (control->peer == NULL)
        return err_new(-ENOMEM);
    shell_flush(shell);
    return 0;
}

/* Sends whole frames, without the heads they have on a stream. False where the socket is full. */
static bool control_send(struct control *control)
{
    while (control->left.size > 0) {
        const uint8_t *head = control->left.data;
        uint64_t size = 0;

        for (int i = 1; i < FRAME_IPC; i++)
            size = size << 8 | head[i];
        if (send(control->fd, head + FRAME_IPC, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
                (errno == EAGAIN || errno == EWOULDBLOCK))
            return false;
        /* Any other failure means that the supervisor is gone, which the next read tells. */
        control->left.data += size + FRAME_IPC;
        control->left.size -= (size_t)size + FRAME_IPC;
    }
    batch_clear(&control->leaving);
    return true;
}

void control_flush(struct control *control, struct peer *peer)
{
    if (control->waiting)
        return;
    do {
        outbox_load(&peer->out, &control->leaving);
        control->left = (struct span){ control->leaving.bytes, control->leaving.size };
        if (!control_send(control)) {
            control->waiting = true;
            shell_wake(control->shell);
        }
    } while (!control->waiting && !outbox_is_empty(&peer->out));
}

void control_write(struct control *control)
{
    pthread_mutex_lock(&control->shell->lock);
    if (control_send(control)) {
        control->waiting = false;
        if (!outbox_is_empty(&control->peer->out))
            control_flush(control, control->peer);
    }
    pthread_mutex_unlock(&control->shell->lock);
}

/* The patterns one behind the other, each with its NUL, for the caller to free. Returns 0, -EINVAL
 * where one is none, or -ENOMEM. */
static int control_read_calls(const Mu__Router__V1__AdmitRequest *request, struct span *callsp)
{
    size_t size = 0;
    char *calls;

    for (size_t i = 0; i < request->n_calls; i++) {
        struct span pattern = { (const uint8_t *)request->calls[i], strlen(request->calls[i]) };

        if (!pattern_is_valid(pattern))
            return err_new(-EINVAL);
        size += pattern.size + 1;
    }
    calls = malloc(size + 1);
    if (calls == NULL)
        return err_new(-ENOMEM);
    *callsp = (struct span){ (const uint8_t *)calls, size };
    for (size_t i = 0; i < request->n_calls; i++)
        calls = stpcpy(calls, request->calls[i]) + 1;
    return 0;
}

/* Endpoints and to whom, in turn, for the caller to free. As control_read_calls. */
static int control_read_exports(const Mu__Router__V1__AdmitRequest *request, struct span *exportsp)
{
    size_t size = 0;
    char *exports;

    for (size_t i = 0; i < request->n_exports; i++)
        size += strlen(request->exports[i]->endpoints) + strlen(request->exports[i]->to) + 2;
    exports = malloc(size + 1);
    if (exports == NULL)
        return err_new(-ENOMEM);
    *exportsp = (struct span){ (const uint8_t *)exports, size };
    for (size_t i = 0; i < request->n_exports; i++) {
        exports = stpcpy(exports, request->exports[i]->endpoints) + 1;
        exports = stpcpy(exports, request->exports[i]->to) + 1;
    }
    return 0;
}

/* A namespace is named as services are; nothing is none. */
static bool control_is_space(const char *name)
{
    struct span text = { (const uint8_t *)name, strlen(name) };

    return text.size == 0 || service_name_is_valid(text);
}

/* Opens or closes a private channel. Returns 0 or -errno. */
static int control_admit(struct control *control, struct span body)
{
    struct mu_bytes bytes = { body.data, body.size };
    Mu__Router__V1__AdmitRequest *request;
    struct admission_terms terms;
    int r;

    if (mu_body_check(&mu__router__v1__admit_request__descriptor, bytes, NULL) != 0)
        return err_new(-EINVAL);
    request = mu__router__v1__admit_request__unpack(NULL, body.size, body.data);
    if (request == NULL)
        return err_new(-ENOMEM);
    terms = (struct admission_terms){
        .instance = request->instance,
        .service = request->service,
        .space = request->namespace_,
        .path = request->path,
        .pid = request->pid,
        .uid = request->uid,
        .limits = { .calls_max = request->calls_max,
                .calls_made_max = request->calls_made_max,
                .rate = request->rate },
    };
    r = request->instance == 0 || !control_is_space(request->namespace_)
                ? err_new(-EINVAL)
                : control_read_calls(request, &terms.calls);
    if (r == 0)
        r = control_read_exports(request, &terms.exports);
    if (r == 0)
        r = admission_open(control->shell, &terms);
    free((void *)(uintptr_t)terms.calls.data);
    free((void *)(uintptr_t)terms.exports.data);
    mu__router__v1__admit_request__free_unpacked(request, NULL);
    return r;
}

static int control_dismiss(struct control *control, struct span body)
{
    struct mu_bytes bytes = { body.data, body.size };
    Mu__Router__V1__DismissRequest *request;
    int r;

    if (mu_body_check(&mu__router__v1__dismiss_request__descriptor, bytes, NULL) != 0)
        return err_new(-EINVAL);
    request = mu__router__v1__dismiss_request__unpack(NULL, body.size, body.data);
    if (request == NULL)
        return err_new(-ENOMEM);
    r = admission_close(control->shell, request->instance);
    mu__router__v1__dismiss_request__free_unpacked(request, NULL);
    return r == -ENOENT ? 0 : r; /* it is as it was wanted */
}

static bool control_is(const struct envelope *envelope, const char *endpoint)
{
    return envelope->kind == ENVELOPE_CALL && envelope->endpoint.size == strlen(endpoint) &&
           memcmp(envelope->endpoint.data, endpoint, envelope->endpoint.size) == 0;
}

/* Answers a call that the shell itself took. */
static void control_answer(
        struct control *control, const struct envelope *call, const char *what, int r)
{
    struct router *router = &control->shell->router;
    char text[128];
    const struct verdict failed = { CODE_UNAVAILABLE, EXECUTED_NO, 0, text };

    snprintf(text, sizeof(text), "%s failed: %s", what, strerror(-r));
    pthread_mutex_lock(&control->shell->lock);
    router->now_us = clock_us();
    tally_answered_late(router, control->peer, call, router->now_us, r == 0 ? NULL : &failed);
    if (r == 0)
        say_surely(router, control->peer,
                &(struct envelope){ .kind = ENVELOPE_RESULT, .id = call->id });
    else
        say_verdict(router, control->peer, call->id, &failed);
    pthread_mutex_unlock(&control->shell->lock);
}

/* Begins a drain; it is answered when that is done. Returns 0 or -errno. */
static int control_drain(struct control *control, const struct envelope *call)
{
    struct mu_bytes bytes = { call->body.data, call->body.size };
    Mu__Router__V1__DrainRequest *request;

    if (control->drain_call != 0)
        return err_new(-EALREADY);
    if (mu_body_check(&mu__router__v1__drain_request__descriptor, bytes, NULL) != 0)
        return err_new(-EINVAL);
    request = mu__router__v1__drain_request__unpack(NULL, bytes.size, bytes.data);
    if (request == NULL)
        return err_new(-ENOMEM);
    shell_unlisten(control->shell);
    pthread_mutex_lock(&control->shell->lock);
    control->drain_call = call->id;
    control->drain_us = clock_us();
    control->shell->router.now_us = control->drain_us;
    drain_begin(&control->shell->router, request->for_ms);
    pthread_mutex_unlock(&control->shell->lock);
    mu__router__v1__drain_request__free_unpacked(request, NULL);
    return 0;
}

void control_tell_drained(struct control *control)
{
    static const char endpoint[] = "router.Drain";
    struct router *router = &control->shell->router;
    Mu__Router__V1__DrainReply reply = MU__ROUTER__V1__DRAIN_REPLY__INIT;
    struct envelope call = { .kind = ENVELOPE_CALL,
        .id = control->drain_call,
        .endpoint = { (const uint8_t *)endpoint, sizeof(endpoint) - 1 } };
    uint8_t body[16];

    if (control->drain_call == 0)
        return;
    pthread_mutex_lock(&control->shell->lock);
    if (router->drain.state == DRAIN_DONE) {
        control->drain_call = 0;
        reply.cut = router->drain.cut;
        tally_answered_late(router, control->peer, &call, control->drain_us, NULL);
        say_surely(router, control->peer,
                &(struct envelope){ .kind = ENVELOPE_RESULT,
                        .id = call.id,
                        .body = { body, mu__router__v1__drain_reply__pack(&reply, body) } });
    }
    pthread_mutex_unlock(&control->shell->lock);
    shell_flush(control->shell);
}

/* From here on whoever waited outside is let in; what other nodes offer may be known later. */
static void control_open_public(struct control *control, const struct envelope *call)
{
    static const uint8_t link[] = "link";
    struct router *router = &control->shell->router;
    const struct service *service;

    pthread_mutex_lock(&control->shell->lock);
    router->now_us = clock_us();
    service = service_find(&router->services, (struct span){ link, sizeof(link) - 1 });
    waiting_begin(router, service != NULL && service->ready_count > 0
                                  ? router->now_us + UINT64_C(1000) * ROUTER_LEARNING_MS
                                  : 0);
    pthread_mutex_unlock(&control->shell->lock);
    control_answer(control, call, "Open", shell_listen(control->shell));
}

static int control_step(struct control *control, const struct envelope *envelope)
{
    struct shell *shell = control->shell;
    int r = 0;

    if (control_is(envelope, "router.Admit")) {
        control_answer(control, envelope, "Admit", control_admit(control, envelope->body));
    } else if (control_is(envelope, "router.Dismiss")) {
        control_answer(control, envelope, "Dismiss", control_dismiss(control, envelope->body));
    } else if (control_is(envelope, "router.Open")) {
        control_open_public(control, envelope);
    } else if (control_is(envelope, "router.Drain")) {
        r = control_drain(control, envelope);
        if (r < 0)
            control_answer(control, envelope, "Drain", r);
        r = 0;
    } else {
        pthread_mutex_lock(&shell->lock);
        r = router_step(&shell->router, control->peer, envelope, clock_us());
        pthread_mutex_unlock(&shell->lock);
    }
    return r;
}

int control_read(struct control *control)
{
    static uint8_t packet[CONTROL_PACKET_MAX]; /* the main thread's alone */
    ssize_t size = recv(control->fd, packet, sizeof(packet), MSG_DONTWAIT);
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;
    int r = 0;

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (size <= 0)
        return -EPIPE;
    frame_reader_init(&reader, (struct span){ packet, (size_t)size }, FRAME_BARE);
    while (r == 0 && (outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE)
        r = control_step(control, &envelope);
    if (r == 0 && outcome == FRAME_BAD)
        r = -EPROTO;
    shell_flush(control->shell);
    return r;
}
