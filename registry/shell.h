/* registry/shell.h - mu-registry around its core: the calls that come in, the journal, the node.
 *
 * All of it runs on the one thread that libmu runs handlers on. Only the answers of the node come
 * on another; they are handed over by a timer of the call that waits for them. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"
#include "mu/service.h"
#include "registry/batch.h"
#include "registry/catalog.h"
#include "registry/journal.h"

struct shell {
    struct catalog catalog;
    struct journal journal;
    struct batch batch;
    uint64_t identity;   /* the journal's */
    struct list watches; /* of struct watch.link */
    struct list tasks;   /* of struct task.link */
    bool etcd;           /* registrations are kept there, too: by the service `etcd` */
    atomic_bool stopped; /* no call is left to answer */
};

/* Opens the journal and loads it. Returns 0 or -errno, with a line in the log. */
int shell_open(struct shell *shell, const char *path);

/* Safe on zeroes, and safe twice. */
void shell_close(struct shell *shell);

/* The shell of a call that only looks, with what is over by now taken out. */
struct shell *shell_look(struct mu_call *call);

/* The shell of a call that may change something. NULL where there is no revision to be had for
 * that, as the disk is full: then the call is answered. */
struct shell *shell_change(struct mu_call *call);

/* Answers a call whose change came to `outcome`, which is neither OK nor UNCHANGED. `what` is what
 * could not be done, for people. */
void shell_fail(struct mu_call *call, int outcome, const char *what);

/* The same for a call of which a part was done already: it counts as executed. */
void shell_fail_halfway(struct mu_call *call, int outcome, const char *what);

/* Answers NOT_FOUND, with the service that was probably meant. */
void shell_fail_unknown(struct mu_call *call, const struct shell *shell, const char *name);

/* The service of that name, if the caller may know of it; else NULL, and the call is answered with
 * NOT_FOUND. Borrowed until the next event. */
const struct service *shell_find(struct mu_call *call, const struct shell *shell, const char *name);

/* True where the name is another namespace's than `space`; then the call is answered, which does
 * not say whose. Names are given once on a node. */
bool shell_name_is_taken(struct mu_call *call, const char *name, const char *space);

/* Is the caller the node's owner, or the service `name` itself? */
bool shell_may_speak_for(const struct mu_call *call, const char *name);

/* A number below 2**63 that is not 0. */
uint64_t shell_random_number(void);
