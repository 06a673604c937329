// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/router_books.h"

#include <string.h>

#include "base/check.h"
#include "mu/router/v1/router.pb-c.h"

static struct span books_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* True for a row whose calls are not written down where they went well. */
static bool is_look(const struct method *method)
{
    return meter_is(method, books_text("router.Meter")) ||
           meter_is(method, books_text("router.Calls")) ||
           meter_is(method, books_text("router.Stats"));
}

void books_check_calls(const struct router *router, uint32_t made)
{
    const struct meter *meter = &router->notebook.meter;
    uint64_t written = 0;

    for (uint32_t i = 0; i < meter->count; i++) {
        const struct method *method = &meter->methods[i];
        uint64_t ended = 0;

        for (int code = 0; code < METER_CODES; code++)
            ended += method->codes[code];
        CHECK(made >= method->open);
        made -= method->open;
        written += ended - (is_look(method) ? method->codes[0] : 0);
    }
    CHECK(made == 0 && written == router->notebook.journal.last);
}

void books_check_times(const struct router *router)
{
    const struct meter *meter = &router->notebook.meter;

    for (uint32_t i = 0; i < meter->count; i++) {
        const struct method *method = &meter->methods[i];
        uint64_t sent = 0;

        for (int code = 0; code < METER_CODES; code++)
            sent += method->codes[code];
        for (int cause = 0; cause < CAUSES; cause++)
            sent -= method->refused[cause];
        CHECK(histogram_count(&method->took) == sent);
        CHECK(histogram_count(&method->queued) == sent);
    }
}

void books_check_routes(const struct router *router)
{
    const struct service_table *table = &router->services;
    uint32_t neighbours = 0;
    uint32_t routes = 0;

    list_for_each (node, &router->neighbours) {
        const struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        neighbours += 1;
        CHECK(neighbour->service_count == 0 || neighbour->linker != NULL);
        for (uint32_t i = 0; i < neighbour->service_count; i++) {
            const struct service *service = &table->services[neighbour->services[i]];
            uint32_t found = 0;

            for (uint32_t k = 0; k < service->route_count; k++)
                found += service->routes[k].via == neighbour ? 1 : 0;
            CHECK(found == 1);
        }
        routes += neighbour->service_count;
    }
    CHECK(neighbours == router->neighbour_count);
    for (uint32_t i = 0; i < table->count; i++) {
        CHECK(list_is_empty(&table->services[i].idle) ==
                (table->services[i].local || table->services[i].route_count > 0));
        routes -= table->services[i].route_count;
    }
    CHECK(routes == 0);
}

void books_check_parting(const struct router *router)
{
    uint32_t count = 0;

    list_for_each (node, &router->neighbours) {
        const struct parting *parting = &list_entry(node, struct neighbour, link)->parting;

        count += parting->leaves || parting->shut ? 1 : 0;
        CHECK(parting->leaves || (!parting->said && !parting->answered && !parting->last_said));
        CHECK(parting->shut || !parting->owed);
    }
    list_for_each (node, &router->peers) {
        const struct peer *peer = list_entry(node, struct peer, link);

        count += peer->parts ? 1 : 0;
        CHECK(!peer->parts || peer->state == PEER_DRAINING);
    }
    CHECK(count == router->parting_count);
}

void books_put_key(struct envelope *envelope, uint8_t choice)
{
    static const char *const keys[] = { "a", "b", "\1a", "\2a", "\1b", "\2b", "\3", "\2" };

    if (envelope->kind != ENVELOPE_CALL || choice < 128)
        return;
    envelope->key = books_text(keys[choice % 8]);
    envelope->body.size = 0;
}

void books_pack_look(const struct router *router, const struct look *look,
        struct envelope *envelope, uint8_t *body)
{
    static const char *const names[] = { "", "a", "router", "none" };
    Mu__Router__V1__MeterRequest meter = MU__ROUTER__V1__METER_REQUEST__INIT;
    Mu__Router__V1__CallsRequest calls = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    uint8_t prefix[20] = { look->bytes[0] };
    uint8_t flags = look->bytes[1];

    meter.service = calls.service = (char *)(uintptr_t)names[flags >> 1 & 3];
    meter.method = calls.method = (flags & 8) != 0 ? (char *)"X" : (char *)"";
    meter.from = calls.limit = look->bytes[2];
    calls.failed = (flags & 16) != 0;
    calls.since = (flags & 32) != 0 ? router->notebook.journal.last - look->bytes[3] : 0;
    calls.trace = (ProtobufCBinaryData){ (flags & 64) != 0 ? prefix[0] % 20 : 0, prefix };
    envelope->endpoint = books_text((flags & 1) != 0 ? "router.Meter" : "router.Calls");
    envelope->body.data = body;
    envelope->body.size = (flags & 1) != 0 ? mu__router__v1__meter_request__pack(&meter, body)
                                           : mu__router__v1__calls_request__pack(&calls, body);
}
