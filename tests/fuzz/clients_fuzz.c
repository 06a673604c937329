// SPDX-License-Identifier: Apache-2.0
/* What clients without a node may ask, and what operators do with them: tokens made, keys shown
 * with right signatures, wrong ones and those of other links, anything else said, clients revoked
 * and listed, time that passes, restarts. clients_world.h says what stays true. */
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "tests/fuzz/clients_world.h"
#include "transport/secure/node_id.h"

enum { OPERATIONS_MAX = 64, BODY_ROOM = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct clients_world world;
    const uint8_t *at;
    const uint8_t *end;
} run;

static uint8_t take_byte(void)
{
    return run.at < run.end ? *run.at++ : 0;
}

static struct span take_bytes(size_t size)
{
    size_t left = (size_t)(run.end - run.at);
    struct span bytes = { run.at, size < left ? size : left };

    run.at += bytes.size;
    return bytes;
}

/* ---- what clients say ---- */

static void ask(int at)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__ClientAsk ask = MU__LINK__V1__CLIENT_ASK__INIT;
    uint8_t choice = take_byte();
    int shown = choice % CLIENT_KEYS;
    int signer = choice / 8 % 8 == 7 ? (shown + 1) % CLIENT_KEYS : shown;
    int of = choice / 64 == 3 ? (at + 1) % CLIENT_LINKS : at;
    uint8_t bytes[BODY_ROOM];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t change = choice / 8 % 8 == 6 ? take_byte() : 0;

    key_sign(clients_world_key(signer), KEY_FOR_CLIENT,
            (struct span){ run.world.links[of].id, sizeof(run.world.links[of].id) }, signature);
    signature[change % SIGNATURE_SIZE] ^= (uint8_t)(change / SIGNATURE_SIZE);
    ask.key = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE,
        (uint8_t *)(uintptr_t)clients_world_key(shown)->public.bytes };
    ask.signature = (ProtobufCBinaryData){ SIGNATURE_SIZE, signature };
    if (choice / 8 % 8 == 5)
        ask.key.len = take_byte() % PUBLIC_KEY_SIZE;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ASK;
    message.client_ask = &ask;
    if (signer != shown || of != at || change / SIGNATURE_SIZE != 0 ||
            ask.key.len != PUBLIC_KEY_SIZE)
        shown = NOBODY;
    clients_world_hear(&run.world, at,
            (struct span){ bytes, mu__link__v1__peer_message__pack(&message, bytes) }, shown);
}

/* What nodes say, or nothing at all. */
static void say_other(int at)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Greeting greeting = MU__LINK__V1__GREETING__INIT;
    Mu__Link__V1__JoinAsk join = MU__LINK__V1__JOIN_ASK__INIT;
    uint8_t bytes[BODY_ROOM];
    uint8_t what = take_byte() % 4;

    if (what < 2) {
        clients_world_hear(&run.world, at, take_bytes(take_byte()), NOBODY);
        return;
    }
    message.what_case = what == 2 ? MU__LINK__V1__PEER_MESSAGE__WHAT_GREETING
                                  : MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ASK;
    if (what == 2)
        message.greeting = &greeting;
    else
        message.join_ask = &join;
    clients_world_hear(&run.world, at,
            (struct span){ bytes, mu__link__v1__peer_message__pack(&message, bytes) }, NOBODY);
}

static void connect_client(int at)
{
    struct client_link *link = &run.world.links[at];
    int token = take_byte() % (CLIENT_TOKENS + 1);

    *link = (struct client_link){ .open = true, .token = NOBODY, .key = NOBODY };
    if (token < CLIENT_TOKENS && run.world.tokens[token].made)
        link->token = token;
    link->id[0] = (uint8_t)(1 + at); /* like no other */
    link->id[1] = take_byte();
}

/* ---- what operators do ---- */

/* Who calls, most often an operator. */
static void choose_caller(void)
{
    run.world.is_operator = take_byte() % 8 != 0;
}

static void invite_client(void)
{
    static const char *const names[] = { "", "lab", "lab", "-",
        "a-name-of-just-so-many-bytes-as-it-is", "Lab", "lab-2",
        "one-that-is-by-far-too-long-for-a-client-of-anybody" };
    Mu__Link__V1__InviteClientRequest request = MU__LINK__V1__INVITE_CLIENT_REQUEST__INIT;
    uint8_t choice = take_byte();

    request.name = (char *)(uintptr_t)names[choice % 8];
    request.uses = choice / 8 % 8 == 7 ? CLIENT_TOKEN_USES_MAX + 1u : choice / 8 % 8;
    request.life_s = choice / 64 == 3 ? CLIENT_LIFE_MAX_S + 1u : choice / 64 * DAY_S;
    if (run.world.tokens[CLIENT_TOKENS - 1].made)
        return; /* the model has no room for more */
    choose_caller();
    clients_world_invite(&run.world, &request);
}

static void revoke_client(void)
{
    Mu__Link__V1__RevokeClientRequest request = MU__LINK__V1__REVOKE_CLIENT_REQUEST__INIT;
    uint8_t choice = take_byte();
    char text[BODY_ROOM];
    struct span bytes;

    if (choice % 4 == 0) {
        bytes = take_bytes(choice / 4u);
        memcpy(text, bytes.data, bytes.size);
        text[bytes.size] = '\0';
    } else if (choice % 4 == 1) {
        snprintf(text, sizeof(text), "%s", run.world.clients[choice / 4 % CLIENT_KEYS].name);
    } else {
        node_id_print(&clients_world_key(choice / 4 % CLIENT_KEYS)->public, text);
        if (choice % 4 == 3)
            text[take_byte() % NODE_ID_SIZE] = '\0';
    }
    request.client = text;
    choose_caller();
    clients_world_revoke(&run.world, &request);
}

static void list_clients(void)
{
    choose_caller();
    clients_world_list(&run.world);
}

/* ---- all of it ---- */

static void pass(void)
{
    static const uint32_t steps[] = { 1, HOUR_S, DAY_S, 8 * DAY_S };
    uint8_t choice = take_byte();

    run.world.now_s += steps[choice % 4] * (uint64_t)(1 + choice / 4 % 8);
    if (choice / 32 % 2 == 1)
        mesh_refresh(&run.world.mesh);
}

static void step(void)
{
    uint8_t what = take_byte();
    int at = what / 16 % CLIENT_LINKS;

    switch (what % 16) {
    case 0:
        say_other(at);
        break;
    case 1:
    case 2:
        invite_client();
        break;
    case 3:
        revoke_client();
        break;
    case 4:
        list_clients();
        break;
    case 5:
        pass();
        break;
    case 6:
        clients_world_restart(&run.world);
        break;
    case 7:
        run.world.links_full = !run.world.links_full;
        break;
    case 8:
    case 9:
    case 10:
        connect_client(at);
        break;
    default:
        ask(at);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level(LOG_ERROR);
    run.at = data;
    run.end = data + size;
    clients_world_open(&run.world);
    for (int i = 0; i < OPERATIONS_MAX && run.at < run.end; i++)
        step();
    clients_world_close(&run.world);
    return 0;
}
