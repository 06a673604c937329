/* services/platform/auth/auth.h - what the process holds: its book, the router's copy of what is in
 * it, who follows the audit log.
 *
 * Handlers run on several threads and take the one lock; they let go of it while a password is
 * hashed. Whoever changes something commits before he answers. */
#pragma once

#include <pthread.h>

#include "mu/auth/v1/auth.mu.h"
#include "mu/service.h"
#include "services/platform/auth/audit.h"
#include "services/platform/auth/book.h"
#include "services/platform/auth/challenge.h"
#include "services/platform/auth/password.h"
#include "services/platform/auth/rulebook.h"
#include "services/platform/auth/signing.h"
#include "services/platform/auth/throttle.h"

/* What the router has to know, and whether it does. */
struct auth_copy {
    uint64_t wanted; /* counts the changes here */
    uint64_t sent;   /* the one that the router took last */
};

struct auth_follower {
    struct mu_call *call; /* owned until it is answered; NULL: free */
    uint64_t next;        /* the number of the entry that it is to be sent */
};

struct auth {
    struct mu_client *client;   /* borrowed: the service's */
    struct passwords passwords; /* with a lock of its own */
    pthread_mutex_t lock;       /* guards all below */
    pthread_cond_t due;         /* something is to be sent to the router, or the end has come */
    pthread_cond_t sent;        /* the router took something */
    pthread_t upkeep;
    bool upkeep_runs;
    bool ending;
    struct book book;
    struct throttle throttle;
    struct challenges challenges;
    struct signing signing;
    struct rulebook rules;
    struct auth_copy keys_copy;
    struct auth_copy rules_copy;
    struct auth_follower followers[AUDIT_FOLLOWERS_MAX];
};

/* Opens the book in `folder`, makes the first signing key where there is none, and begins to tell
 * the router. Returns 0 or -errno. */
int auth_open(struct auth *auth, struct mu_client *client, const char *folder);

/* Ends the calls that follow the log. */
void auth_drain(struct auth *auth);

void auth_close(struct auth *auth);

/* Unix time. */
uint64_t auth_now_s(void);
uint64_t auth_now_ms(void);

/* ---- for handlers ---- */

enum auth_right {
    AUTH_ANYBODY,
    AUTH_AUDITOR, /* reads the audit log */
    AUTH_ADMIN,   /* all of it */
};

/* The state with its lock, for one who has the right. Else the call is answered: NULL. */
struct auth *auth_enter(struct mu_call *call, enum auth_right right);

/* The lock again, for one who let go of it and had the right. */
void auth_lock(struct auth *auth);
void auth_unlock(struct auth *auth);

/* Does the caller have it? With the lock. */
bool auth_may(struct auth *auth, const struct mu_call *call, enum auth_right right);

/* Appends to the audit log that the caller did something. As audit_append. */
int auth_log(struct auth *auth, const struct mu_call *call, const char *event, const char *about,
        const char *detail);

/* Ends what was written: commits it where `r` is BOOK_OK, and shows the new entries to those who
 * follow the log. Else forgets it and answers the call. With the lock. True where it lasts. */
bool auth_keep(struct auth *auth, struct mu_call *call, int r);

/* Answers a call for which there was no room, or that failed. */
void auth_fail(struct mu_call *call, int r);

/* Reads keys or rules anew behind a change of them. Returns 0 or -errno. */
int auth_reload_signing(struct auth *auth);
int auth_reload_rules(struct auth *auth);

/* upkeep.c: the thread that tells the router. Both with the lock, which they let go of meanwhile:
 * waits until the router knows the change that was just committed, PUSH_MS at most. */
void auth_push_keys(struct auth *auth);
void auth_push_rules(struct auth *auth);

int upkeep_start(struct auth *auth);
void upkeep_stop(struct auth *auth);

/* Waits until the router has the first of it, PUSH_MS at most. Without the lock. */
void upkeep_await(struct auth *auth);

/* follow.c: with the lock. */
void follow_show(struct auth *auth);
void follow_end(struct auth *auth);
