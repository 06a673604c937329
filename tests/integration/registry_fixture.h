/* tests/integration/registry_fixture.h - a node of the test's own, and what the tests ask its
 * registry. What must not fail fails the test. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "mu/client.h"
#include "mu/registry/v1/registry.mu.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

enum {
    CROWD = 300,      /* instances of a crowd */
    CROWD_TEXT = 4000 /* bytes of metadata of each */
};

struct fixture {
    struct folder folder;
    const char *name; /* of the node; NULL: here */
    pid_t node;
    FILE *output; /* of the node */
    struct mu_client *client;
};

extern const char *node_program; /* the supervisor; set by main */
extern const char *etcd_endpoints; /* "[http://…, …]": its registry keeps a copy there; NULL: not */
extern char own_program[256];      /* what the services are that are registered; set by main */

/* Waits until the node is ready, and connects. */
void start_node(struct fixture *fixture);

/* Writes the node file: `nodes` are the lines of those that are believed in etcd, "" for none. */
void write_node_file(struct fixture *fixture, const char *prefix, const char *nodes);

/* Ends it as an operator would, and waits. */
void stop_node(struct fixture *fixture);

int setup(void **state);
int teardown(void **state);

/* Registers `name`, which needs `need` (may be NULL). */
enum mu_code enter(struct fixture *fixture, const char *name, const char *need,
        Mu__Registry__V1__RegisterReply **replyp, struct mu_status *status);
void assert_entered(struct fixture *fixture, const char *name);

enum mu_code leave(struct fixture *fixture, const char *name, struct mu_status *status);

/* NULL where there is none, and `status` says why. */
Mu__Registry__V1__ShowReply *show(
        struct fixture *fixture, const char *name, struct mu_status *status);

enum mu_code announce(struct fixture *fixture, uint64_t number, const char *service,
        uint32_t lease_ms, uint64_t *leasep);
enum mu_code renew(struct fixture *fixture, uint64_t lease);

/* Announces a crowd of instances that have much to say, round after round. */
void announce_crowd(struct fixture *fixture, uint32_t rounds);

struct mu_stream *watch(struct fixture *fixture, const char *prefix, uint64_t revision);

/* The next thing told; the caller forgets it. */
Mu__Registry__V1__WatchReply *next(struct mu_stream *stream);
void forget(Mu__Registry__V1__WatchReply *news);

/* Reads until a change of that kind comes; the caller forgets it. */
Mu__Registry__V1__WatchReply *until(struct mu_stream *stream, Mu__Registry__V1__ChangeKind kind);
void skip_to(struct mu_stream *stream, Mu__Registry__V1__ChangeKind kind);

/* Waits for an instance to come; `numberp` may be NULL. */
uint32_t instance_pid(struct mu_stream *stream, uint64_t *numberp);
