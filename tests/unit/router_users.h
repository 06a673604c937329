/* tests/unit/router_users.h - a bus whose service `auth` says whose tokens are believed. */
#pragma once

#include "mu/router/v1/access.pb-c.h"
#include "tests/unit/access_fixture.h"
#include "tests/unit/router_bus.h"
#include "transport/stamp.h"

struct users {
    struct bus bus;
    struct key key; /* of the authority */
    struct peer *auth;
    struct peer *store; /* a service of the owner's, that takes all calls */
    uint64_t ids;       /* of calls that were made */
    /* Of the call that the callee heard last. */
    uint64_t served; /* its id there; 0: it heard none */
    char user[STAMP_TEXT_MAX + 1];
    struct stamp stamp; /* texts borrowed from `caller` */
    uint8_t caller[STAMP_SIZE_MAX];
    char refusal[STATUS_TEXT_MAX + 1]; /* of the call that was refused last */
};

/* Ten seconds after the router began: NOW_S. */
void users_open(struct users *users);
void users_close(struct users *users);

/* A token for the subject, of these endpoints (separated by blanks). `line` is ACCESS_TEXT_MAX + 1.
 */
struct access_id users_issue(
        struct users *users, const char *subject, const char *scopes, char *line);

/* The same, kept to a namespace. */
struct access_id users_issue_in(struct users *users, const char *subject, const char *scopes,
        const char *space, char *line);

/* The authority says its keys, and what is revoked. Returns the code. */
uint32_t users_set_keys(
        struct users *users, struct peer *peer, Mu__Router__V1__Revocation **revoked, size_t count);

/* A rule's id, priority, who, endpoints, and whether it denies. */
struct users_rule {
    uint64_t id;
    uint32_t priority;
    const char *who;
    const char *endpoints;
    bool deny;
    const char *reason;
};

uint32_t users_set_rules(
        struct users *users, struct peer *peer, const struct users_rule *rules, size_t count);

/* Presents a token. Returns the code. */
uint32_t users_present(struct users *users, struct peer *peer, const char *token);

/* Calls with the envelope, whose id and endpoint are filled in; `callee` is whom it reaches where
 * it is let through, and it is left open there. Returns the code of the refusal, 0 where it came
 * through. */
uint32_t users_try(struct users *users, struct peer *caller, struct peer *callee,
        const char *endpoint, struct envelope envelope);

/* The same with nothing but the endpoint. */
uint32_t users_call(struct users *users, struct peer *caller, const char *endpoint);

/* Answers the call that the callee heard last; the caller's answer is thrown away. */
void users_answer(struct users *users, struct peer *callee, struct peer *caller);
