/* reach.h - the nodes of the network that this one knows, and questions to all of them at once:
 * what
 * --nodes of `mu stats`, `top`, `trace`, `why` and `logs` stands on. This node's own parts are
 * asked directly, the others through link.Observe. */
#pragma once

#include <jansson.h>

#include "mu/link/v1/link.pb-c.h"
#include "services/interface/mu/cli.h"

enum { REACH_WHY_MAX = 160 }; /* bytes with the final NUL */

struct reach_node {
    const Mu__Link__V1__Node *known; /* borrowed from `list` */
    bool is_self;
    bool answered;           /* all that it was asked */
    char why[REACH_WHY_MAX]; /* why it did not; "" where it did */
    uint64_t took_ms;        /* until its last answer */
};

struct reach {
    Mu__Link__V1__NodesReply *list; /* owned */
    struct reach_node *nodes;       /* owned: this one first, then by name; revoked ones not */
    size_t count;
    size_t left_out; /* nodes beyond REACH_NODES_MAX */
};

/* What a node is asked next. */
struct reach_ask {
    const char *endpoint;
    const ProtobufCMessage *request; /* borrowed until `next` is called again */
    const ProtobufCMessageDescriptor *reply_type;
};

/* One question, in as many steps as it takes. `index` is the node's in `nodes`. */
struct reach_question {
    /* What node number `index` is asked next. False: it has answered all. */
    bool (*next)(void *user, size_t index, struct reach_ask *ask);
    /* Takes the answer to that, and owns it in every case. Returns EXIT_OK, or an exit status after
     * saying what is wrong here, which ends all of it. */
    int (*take)(void *user, size_t index, ProtobufCMessage *reply);
    void *user;
};

/* Asks `link` which nodes there are. Says what is wrong, as that this node is in no network.
 * Returns EXIT_OK or an exit status. */
int reach_open(struct cli *cli, struct reach *reach);

/* Safe on zeroes, and safe twice. */
void reach_close(struct reach *reach);

/* Asks all nodes, REACH_AT_ONCE at a time, each for REACH_NODE_MS at most and only those that are
 * reached and have this node's owner; `answered`, or `why` not, is set of each. The question's
 * functions run on this thread, one at a time. Returns EXIT_OK, whoever did not answer; or an exit
 * status. */
int reach_ask_all(struct cli *cli, struct reach *reach, const struct reach_question *question);

/* All nodes for programs: name, whether it answered and how soon, or why not. */
json_t *reach_json(const struct reach *reach);

/* Says on standard error who did not answer, and why; nothing with -q. */
void reach_talk(const struct cli *cli, const struct reach *reach);
