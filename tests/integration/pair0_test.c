// SPDX-License-Identifier: Apache-2.0
/* A client with nothing of ours in it: nng's own PAIR0 socket and the messages of bus.proto. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include "mu/bus/v1/bus.pb-c.h"
#include "probe/v1/probe.pb-c.h"
#include "tests/integration/client/node.h"
#include "tests/unit/cmocka.h"

enum { PATIENCE_MS = 10000, CALLS = 100 };

/* Sends one call of probe.Echo in a frame of its own. */
static void call_echo(nng_socket socket, uint64_t id, const char *text)
{
    Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
    Mu__Bus__V1__Envelope envelope = MU__BUS__V1__ENVELOPE__INIT;
    Mu__Bus__V1__Envelope *envelopes[] = { &envelope };
    Mu__Bus__V1__Frame frame = MU__BUS__V1__FRAME__INIT;
    uint8_t body[128];
    uint8_t bytes[512];
    char endpoint[] = "probe.Echo";

    request.text = (char *)(uintptr_t)text;
    envelope.kind = MU__BUS__V1__KIND__KIND_CALL;
    envelope.id = id;
    envelope.endpoint = endpoint;
    envelope.body = (ProtobufCBinaryData){ probe__v1__echo_request__pack(&request, body), body };
    frame.n_envelopes = 1;
    frame.envelopes = envelopes;
    assert_int_equal(nng_send(socket, bytes, mu__bus__v1__frame__pack(&frame, bytes), 0), 0);
}

/* Takes the answers in the next frame, in whatever order they come. Returns how many. */
static unsigned take_answers(nng_socket socket)
{
    Mu__Bus__V1__Frame *frame;
    unsigned count;
    void *bytes;
    size_t size;

    assert_int_equal(nng_recv(socket, &bytes, &size, NNG_FLAG_ALLOC), 0);
    frame = mu__bus__v1__frame__unpack(NULL, size, bytes);
    assert_non_null(frame);
    count = (unsigned)frame->n_envelopes;
    for (size_t i = 0; i < frame->n_envelopes; i++) {
        const Mu__Bus__V1__Envelope *result = frame->envelopes[i];
        Probe__V1__EchoReply *reply =
                probe__v1__echo_reply__unpack(NULL, result->body.len, result->body.data);
        char wanted[32];

        assert_int_equal(result->kind, MU__BUS__V1__KIND__KIND_RESULT);
        assert_null(result->status);
        snprintf(wanted, sizeof(wanted), "number %u", (unsigned)result->id);
        assert_string_equal(reply->text, wanted);
        probe__v1__echo_reply__free_unpacked(reply, NULL);
    }
    mu__bus__v1__frame__free_unpacked(frame, NULL);
    nng_free(bytes, size);
    return count;
}

static void test_a_stock_pair0_socket_attaches_and_calls(void **state)
{
    struct node node;
    nng_socket socket;
    char address[NODE_DIR_MAX + 32];
    unsigned answered = 0;

    (void)state;
    node_start(&node);
    node_start_probe(&node, 0, "1");
    snprintf(address, sizeof(address), "ipc://%s/run/bus.sock", node.dir);
    assert_int_equal(nng_pair0_open(&socket), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_dial(socket, address, NULL, 0), 0);
    for (uint64_t id = 1; id <= CALLS; id++) {
        char text[32];

        snprintf(text, sizeof(text), "number %u", (unsigned)id);
        call_echo(socket, id, text);
    }
    while (answered < CALLS)
        answered += take_answers(socket);
    assert_int_equal(answered, CALLS);
    /* Not closed: on a busy machine nng_close() of a connected socket may never return (nng 1.5.2).
     */
    node_stop(&node);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stock_pair0_socket_attaches_and_calls),
    };

    (void)argc;
    (void)argv;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
