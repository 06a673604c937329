// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/router_bus.h"

#include <stdlib.h>
#include <string.h>

#include "mu/bus/v1/bus.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"

void bus_open(struct bus *bus)
{
    *bus = (struct bus){ .now_us = 1000000 };
    assert_int_equal(router_init(&bus->router, "test", 42, bus->now_us), 0);
    router_set_clock(&bus->router, BUS_UNIX_S);
}

void bus_close(struct bus *bus)
{
    while (!list_is_empty(&bus->router.peers))
        router_detach(
                &bus->router, list_entry(bus->router.peers.next, struct peer, link), bus->now_us);
    assert_int_equal(bus->router.calls.count, bus->router.self.calls_made_count);
    router_deinit(&bus->router);
    free(bus->bytes);
    bus->bytes = NULL;
}

struct span bus_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

struct peer *bus_caller(struct bus *bus)
{
    struct peer_identity identity = { .uid = 1, .pid = 2, .is_operator = true, .link = FRAME_IPC };
    struct peer *peer = router_attach(&bus->router, &identity, NULL);

    assert_non_null(peer);
    return peer;
}

void bus_hello(struct bus *bus, struct peer *peer, const char *service)
{
    Mu__Bus__V1__Hello hello = MU__BUS__V1__HELLO__INIT;
    uint8_t body[256];

    hello.service = (char *)(uintptr_t)service;
    hello.version = (char *)(uintptr_t) "1.2.3";
    assert_int_equal(bus_say(bus, peer,
                             (struct envelope){ .kind = ENVELOPE_HELLO,
                                     .body = { body, mu__bus__v1__hello__pack(&hello, body) } }),
            0);
    assert_int_equal(bus_hear_one(bus, peer, ENVELOPE_WELCOME).status.size, 0);
}

static void bus_serve(struct bus *bus, struct peer *peer, const char *service)
{
    bus_hello(bus, peer, service);
    assert_int_equal(bus_say(bus, peer, (struct envelope){ .kind = ENVELOPE_READY }), 0);
    bus_hear(bus, peer);
}

struct peer *bus_service(struct bus *bus, const char *service)
{
    struct peer *peer = bus_caller(bus);

    bus_serve(bus, peer, service);
    return peer;
}

struct peer *bus_tenant(struct bus *bus, const struct bus_tenant *tenant)
{
    struct peer_identity identity = { .uid = 1,
        .pid = (uint32_t)tenant->instance,
        .instance = tenant->instance,
        .service = tenant->service,
        .space = tenant->space,
        .calls = tenant->calls,
        .exports = tenant->exports,
        .link = FRAME_IPC };
    struct peer *peer = router_attach(&bus->router, &identity, NULL);

    assert_non_null(peer);
    bus_serve(bus, peer, tenant->service);
    return peer;
}

struct peer *bus_process(struct bus *bus, const char *service, uint64_t instance, struct span calls)
{
    return bus_tenant(bus, &(struct bus_tenant){ "", service, instance, calls, { 0 } });
}

struct peer *bus_exporter(
        struct bus *bus, const char *service, uint64_t instance, struct span exports)
{
    return bus_tenant(bus, &(struct bus_tenant){ "", service, instance, { 0 }, exports });
}

struct peer *bus_linker(struct bus *bus)
{
    static const char calls[] = "router.Link\0router.Routes";
    struct peer_identity identity = { .uid = 1,
        .pid = 4,
        .instance = 70,
        .service = "link",
        .calls = { (const uint8_t *)calls, sizeof(calls) },
        .link = FRAME_IPC };
    struct peer *peer = router_attach(&bus->router, &identity, NULL);

    assert_non_null(peer);
    return peer;
}

struct neighbour *bus_ask(struct bus *bus, struct peer *linker, const char *node, uint8_t key)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    uint8_t key_bytes[NEIGHBOUR_ID_SIZE];
    uint8_t body[256];
    struct neighbour *asked;

    memset(key_bytes, key, sizeof(key_bytes));
    request.node = (char *)(uintptr_t)node;
    request.owner = (char *)"alice";
    request.node_id = (ProtobufCBinaryData){ sizeof(key_bytes), key_bytes };
    request.link_id = request.node_id;
    bus_say(bus, linker,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("router.Link"),
                    .body = { body, mu__router__v1__link_request__pack(&request, body) } });
    asked = neighbour_next_asked(&bus->router);
    assert_non_null(asked);
    neighbour_opened(&bus->router, asked->channel, "/run/n", 0);
    bus_expect_result(bus, linker, 1, 0, 0);
    return asked;
}

struct peer *bus_neighbour(struct bus *bus, struct peer *linker, const char *node, uint8_t key)
{
    struct peer_identity identity = { .uid = 1, .pid = 4, .link = FRAME_IPC };
    struct peer *peer;

    identity.channel = bus_ask(bus, linker, node, key)->channel;
    peer = router_attach(&bus->router, &identity, NULL);
    assert_non_null(peer);
    return peer;
}

uint32_t bus_set_routes(struct bus *bus, struct peer *linker, const struct peer *neighbour,
        const struct bus_route *routes, size_t count, uint32_t *left_outp)
{
    Mu__Router__V1__RoutesRequest request = MU__ROUTER__V1__ROUTES_REQUEST__INIT;
    Mu__Router__V1__Route *all = calloc(count + 1, sizeof(*all));
    Mu__Router__V1__Route **each = calloc(count + 1, sizeof(*each));
    Mu__Router__V1__RoutesReply *reply;
    struct status status = { 0 };
    struct envelope result;
    uint8_t *body;

    for (size_t i = 0; i < count; i++) {
        mu__router__v1__route__init(&all[i]);
        all[i].service = (char *)(uintptr_t)routes[i].service;
        all[i].hops = routes[i].hops;
        all[i].metric_us = routes[i].metric_us;
        each[i] = &all[i];
    }
    request.channel = neighbour->neighbour->channel;
    request.transit_us = neighbour->neighbour->transit_us;
    request.n_routes = count;
    request.routes = each;
    request.drains = bus->drains;
    request.await_ms = bus->await_ms;
    body = malloc(mu__router__v1__routes_request__get_packed_size(&request) + 1);
    bus_say(bus, linker,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 2,
                    .endpoint = bus_text("router.Routes"),
                    .body = { body, mu__router__v1__routes_request__pack(&request, body) } });
    result = bus_hear_one(bus, linker, ENVELOPE_RESULT);
    if (result.status.size > 0)
        assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    reply = mu__router__v1__routes_reply__unpack(NULL, result.body.size, result.body.data);
    assert_non_null(reply);
    if (left_outp != NULL)
        *left_outp = reply->left_out;
    mu__router__v1__routes_reply__free_unpacked(reply, NULL);
    free(body);
    free(each);
    free(all);
    return status.code;
}

void bus_set_route(struct bus *bus, struct peer *linker, const struct peer *neighbour,
        const char *service, uint32_t hops)
{
    struct bus_route route = { service, hops, 100 };
    uint32_t left_out;

    assert_int_equal(bus_set_routes(bus, linker, neighbour, &route, 1, &left_out), 0);
    assert_int_equal(left_out, 0);
}

int bus_say(struct bus *bus, struct peer *peer, struct envelope envelope)
{
    return router_step(&bus->router, peer, &envelope, bus->now_us);
}

size_t bus_hear(struct bus *bus, struct peer *peer)
{
    size_t room = outbox_queued(&peer->out) - peer->out.leaving;
    struct frame_reader reader;
    size_t size = 0;

    free(bus->bytes);
    bus->bytes = malloc(room + 1);
    assert_non_null(bus->bytes);
    while (!outbox_is_empty(&peer->out)) {
        struct span round = outbox_take(&peer->out);

        memcpy(bus->bytes + size, round.data, round.size);
        size += round.size;
        outbox_clear(&peer->out);
    }
    assert_int_equal(size, room);
    frame_reader_init(&reader, (struct span){ bus->bytes, size }, FRAME_IPC);
    bus->heard_count = 0;
    while (bus->heard_count < BUS_HEARD_MAX &&
            frame_next(&reader, &bus->heard[bus->heard_count]) == FRAME_ENVELOPE)
        bus->heard_count += 1;
    return bus->heard_count;
}

struct envelope bus_hear_one(struct bus *bus, struct peer *peer, enum envelope_kind kind)
{
    assert_int_equal(bus_hear(bus, peer), 1);
    assert_int_equal(bus->heard[0].kind, kind);
    return bus->heard[0];
}

struct envelope bus_call(struct bus *bus, struct peer *caller, uint64_t id, const char *endpoint,
        enum envelope_shape shape, struct peer *callee)
{
    assert_int_equal(bus_say(bus, caller,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = id,
                                     .shape = shape,
                                     .endpoint = bus_text(endpoint),
                                     .body = bus_text("question") }),
            0);
    return bus_hear_one(bus, callee, ENVELOPE_CALL);
}

void bus_expect_result(
        struct bus *bus, struct peer *peer, uint64_t id, uint32_t code, uint32_t executed)
{
    struct envelope result = bus_hear_one(bus, peer, ENVELOPE_RESULT);
    struct status status = { 0 };

    assert_true(result.id == id);
    if (result.status.size > 0)
        assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    assert_int_equal(status.code, code);
    if (code != 0)
        assert_int_equal(status.executed, executed);
}

struct span bus_heard_text(const struct bus *bus)
{
    struct status status = { 0 };

    assert_int_equal(bus->heard_count, 1);
    assert_int_equal(status_read(&status, bus->heard[0].status), ENVELOPE_OK);
    return status.message;
}

void bus_pass_ms(struct bus *bus, uint64_t ms)
{
    for (uint64_t end = bus->now_us + ms * 1000; bus->now_us < end;) {
        bus->now_us += 1000;
        router_tick(&bus->router, bus->now_us);
    }
}
