// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/router_users.h"

#include <stdio.h>

#include "tests/unit/cmocka.h"
#include "transport/frame.h"

void users_open(struct users *users)
{
    static const char calls[] = "router.Keys\0router.Rules";

    memset(users, 0, sizeof(*users));
    bus_open(&users->bus);
    router_set_clock(&users->bus.router, NOW_S);
    fixture_key(&users->key, 5);
    users->auth = bus_process(
            &users->bus, "auth", 900, (struct span){ (const uint8_t *)calls, sizeof(calls) });
    users->store = bus_service(&users->bus, "store");
    assert_int_equal(users_set_keys(users, users->auth, NULL, 0), 0);
}

void users_close(struct users *users)
{
    bus_close(&users->bus);
    key_deinit(&users->key);
}

struct access_id users_issue(
        struct users *users, const char *subject, const char *scopes, char *line)
{
    return users_issue_in(users, subject, scopes, "", line);
}

struct access_id users_issue_in(
        struct users *users, const char *subject, const char *scopes, const char *space, char *line)
{
    struct access_grant grant = fixture_grant();
    struct access_id id;

    snprintf(grant.subject, sizeof(grant.subject), "%s", subject);
    snprintf(grant.space, sizeof(grant.space), "%s", space);
    grant.scopes.count = 0;
    for (const char *at = scopes; *at != '\0';) {
        size_t size = strcspn(at, " ");
        char scope[PATTERN_SIZE_MAX + 1];

        snprintf(scope, sizeof(scope), "%.*s", (int)size, at);
        fixture_scope(&grant.scopes, scope);
        at += size + (at[size] == ' ');
    }
    assert_int_equal(access_issue(&grant, &users->key, line, &id), ACCESS_OK);
    return id;
}

/* The code of the one result that the peer hears; `auth` may hear notes besides. */
static uint32_t users_result(struct users *users, struct peer *peer)
{
    struct envelope result = { .kind = ENVELOPE_NONE };
    struct status status = { 0 };

    for (size_t i = bus_hear(&users->bus, peer); i-- > 0;)
        if (users->bus.heard[i].kind == ENVELOPE_RESULT && users->bus.heard[i].id == users->ids)
            result = users->bus.heard[i];
    users->refusal[0] = '\0';
    assert_int_equal(result.kind, ENVELOPE_RESULT);
    if (result.status.size == 0)
        return 0;
    assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    snprintf(users->refusal, sizeof(users->refusal), "%.*s", (int)status.message.size,
            (const char *)status.message.data);
    return status.code;
}

/* Calls the router itself. */
static uint32_t users_ask(
        struct users *users, struct peer *peer, const char *endpoint, struct span body)
{
    users->ids += 1;
    assert_int_equal(bus_say(&users->bus, peer,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = users->ids,
                                     .endpoint = bus_text(endpoint),
                                     .body = body }),
            0);
    return users_result(users, peer);
}

uint32_t users_set_keys(
        struct users *users, struct peer *peer, Mu__Router__V1__Revocation **revoked, size_t count)
{
    Mu__Router__V1__KeysRequest request = MU__ROUTER__V1__KEYS_REQUEST__INIT;
    ProtobufCBinaryData keys[] = { { PUBLIC_KEY_SIZE, users->key.public.bytes } };
    struct access_authority authority = fixture_authority(&users->key);
    uint8_t *body;
    uint32_t code;

    request.network = (ProtobufCBinaryData){ NETWORK_ID_SIZE, authority.network.bytes };
    request.keys = keys;
    request.n_keys = 1;
    request.revoked = revoked;
    request.n_revoked = count;
    body = malloc(mu__router__v1__keys_request__get_packed_size(&request));
    assert_non_null(body);
    code = users_ask(users, peer, "router.Keys",
            (struct span){ body, mu__router__v1__keys_request__pack(&request, body) });
    free(body);
    return code;
}

uint32_t users_set_rules(
        struct users *users, struct peer *peer, const struct users_rule *rules, size_t count)
{
    Mu__Router__V1__RulesRequest request = MU__ROUTER__V1__RULES_REQUEST__INIT;
    Mu__Router__V1__Rule *all = calloc(count + 1, sizeof(*all));
    Mu__Router__V1__Rule **each = calloc(count + 1, sizeof(*each));
    uint8_t *body;
    uint32_t code;

    assert_non_null(all);
    assert_non_null(each);
    for (size_t i = 0; i < count; i++) {
        mu__router__v1__rule__init(&all[i]);
        all[i].id = rules[i].id;
        all[i].priority = rules[i].priority;
        all[i].who = (char *)(uintptr_t)rules[i].who;
        all[i].endpoints = (char *)(uintptr_t)rules[i].endpoints;
        all[i].effect = rules[i].deny ? MU__ROUTER__V1__EFFECT__EFFECT_DENY
                                      : MU__ROUTER__V1__EFFECT__EFFECT_ALLOW;
        if (rules[i].reason != NULL)
            all[i].reason = (char *)(uintptr_t)rules[i].reason;
        each[i] = &all[i];
    }
    request.rules = each;
    request.n_rules = count;
    body = malloc(mu__router__v1__rules_request__get_packed_size(&request) + 1);
    assert_non_null(body);
    code = users_ask(users, peer, "router.Rules",
            (struct span){ body, mu__router__v1__rules_request__pack(&request, body) });
    free(body);
    free(each);
    free(all);
    return code;
}

uint32_t users_present(struct users *users, struct peer *peer, const char *token)
{
    Mu__Router__V1__PresentRequest request = MU__ROUTER__V1__PRESENT_REQUEST__INIT;
    uint8_t body[ACCESS_TEXT_MAX * 2] = { 0 };

    request.token = (char *)(uintptr_t)token;
    assert_true(strlen(token) < sizeof(body) - 8);
    return users_ask(users, peer, "router.Present",
            (struct span){ body, mu__router__v1__present_request__pack(&request, body) });
}

static bool users_is_note(const struct envelope *heard)
{
    static const char note[] = "auth.Note";

    return heard->endpoint.size == sizeof(note) - 1 &&
           memcmp(heard->endpoint.data, note, sizeof(note) - 1) == 0;
}

/* Takes the call that the callee heard, if it heard one besides the router's notes. */
static void users_hear(struct users *users, struct peer *callee)
{
    users->served = 0;
    users->user[0] = '\0';
    for (size_t i = bus_hear(&users->bus, callee); i-- > 0 && users->served == 0;) {
        const struct envelope *heard = &users->bus.heard[i];

        if (heard->kind != ENVELOPE_CALL || users_is_note(heard))
            continue;
        users->served = heard->id;
        assert_true(heard->caller.size <= sizeof(users->caller));
        assert_int_equal(heard->token.size, 0);
        memcpy(users->caller, heard->caller.data, heard->caller.size);
        assert_int_equal(
                stamp_read(&users->stamp, (struct span){ users->caller, heard->caller.size }),
                ENVELOPE_OK);
        snprintf(users->user, sizeof(users->user), "%.*s", (int)users->stamp.user.size,
                (const char *)users->stamp.user.data);
    }
}

uint32_t users_try(struct users *users, struct peer *caller, struct peer *callee,
        const char *endpoint, struct envelope envelope)
{
    envelope.kind = ENVELOPE_CALL;
    envelope.id = ++users->ids;
    envelope.endpoint = bus_text(endpoint);
    assert_int_equal(bus_say(&users->bus, caller, envelope), 0);
    users_hear(users, callee);
    return users->served != 0 ? 0 : users_result(users, caller);
}

uint32_t users_call(struct users *users, struct peer *caller, const char *endpoint)
{
    uint32_t code = users_try(users, caller, users->store, endpoint, (struct envelope){ .id = 0 });

    if (code == 0)
        users_answer(users, users->store, caller);
    return code;
}

void users_answer(struct users *users, struct peer *callee, struct peer *caller)
{
    bus_say(&users->bus, callee, (struct envelope){ .kind = ENVELOPE_RESULT, .id = users->served });
    bus_hear(&users->bus, caller);
}
