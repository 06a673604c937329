/* kernel/router/user.h - on whose behalf calls are made: the users of access tokens that the router
 * believed.
 *
 * A token is verified once; whoever presents it again shares the user. What a user may do is looked
 * at with each call, so a token that is revoked or ends is of no use from the next call on,
 * whoever holds it: a channel, a call under way on whose behalf others are made, or nobody. */
#pragma once

#include "base/list.h"
#include "kernel/router/budget.h"
#include "kernel/router/revoked.h"

enum { USER_BUCKETS = 512, USER_DIGEST_SIZE = 16 };

struct user {
    struct list bucket;               /* in the table */
    struct list idle;                 /* in the table's, while nobody holds it */
    uint8_t digest[USER_DIGEST_SIZE]; /* of the token */
    uint64_t number;                  /* no other one ever has it; not 0 */
    uint32_t refs;                    /* channels and calls that hold it */
    const char *void_text;            /* why it may do nothing any more; NULL: it may */
    struct access_key_id key;
    struct access_id id;
    uint64_t issued_s;
    uint64_t expires_s;
    uint32_t budget_count;
    struct budget *budgets[ACCESS_BLOCKS_MAX]; /* held */
    uint32_t subject_size;                     /* bytes of `subject` */
    char subject[ACCESS_SUBJECT_MAX + 1];
    char space[SERVICE_NAME_MAX + 1]; /* the namespace that he is kept to; "": none */
    uint32_t scope_count;
    char *scopes; /* patterns with a NUL each, behind the struct */
};

struct user_table {
    struct list buckets[USER_BUCKETS];
    struct list idle; /* the one that was used least lately first */
    uint32_t count;
    uint64_t last_number; /* of the newest one */
    struct budget_table budgets;
    struct access_authority authority; /* without keys until the service `auth` says some */
    struct revoked revoked;
    uint64_t since_s;    /* when the counts of budgets begin, unix time */
    struct user refused; /* of channels whose token was refused: it may do nothing */
};

/* Why a token is not believed. */
struct user_refusal {
    const char *text;
    bool is_full; /* it may be good: the router has no room */
};

void user_table_init(struct user_table *table);

/* Nobody holds a user any more. Safe on zeroes, and safe twice. */
void user_table_deinit(struct user_table *table);

/* The user of a token, at `node`. Nobody holds it yet: it is borrowed until the next token is
 * looked for. NULL where it is refused, and why. */
struct user *user_find(struct user_table *table, struct span token, const char *node,
        uint64_t now_s, struct user_refusal *why);

void user_hold(struct user *user);

/* NULL is fine. */
void user_release(struct user_table *table, struct user *user);

/* Why the user may do nothing now; NULL where he may. */
const char *user_void_text(const struct user *user, uint64_t now_s);

/* True where the token covers the endpoint. */
bool user_covers(const struct user *user, struct span endpoint);

/* Takes one call off what the token allows. False, and nothing is taken, where nothing is left. */
bool user_charge(struct user *user);

/* Replaces whose tokens are believed and which are not, for all users that are known. The revoked
 * ones are the table's from then on. */
void user_set_authority(struct user_table *table, const struct access_authority *authority,
        struct revoked *revoked);
