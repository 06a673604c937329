/* kernel/router/note.h - refusals for want of a right, told to the service `auth` for its log. */
#pragma once

#include "kernel/router/limits.h"
#include "transport/envelope.h"
#include "transport/secure/rule.h"

struct peer;
struct router;
struct user;

/* For want of what; each has a text on the wire (mu.router.v1.Note.kind). */
enum note_kind {
    NOTE_CAPABILITY,
    NOTE_EXPORT, /* the callee exports it to others */
    NOTE_CLIENT, /* it is not for clients */
    NOTE_TOKEN,
    NOTE_SCOPE,
    NOTE_RULE,
    NOTE_NAMESPACE, /* it is another namespace's, or the node's alone */
    NOTE_KINDS
};

struct note {
    enum note_kind kind;
    uint64_t at_s; /* unix time */
    char by[RULE_WHO_MAX + 1];
    char endpoint[ENDPOINT_SIZE_MAX + 1];
    char reason[NOTE_REASON_MAX + 1];
};

struct notes {
    uint32_t count;
    uint64_t left_out; /* since the last that were told */
    uint64_t told_us;  /* when that was */
    struct note notes[NOTES_MAX];
};

/* Who calls, as rules and notes name it: `user:`, `service:`, `client:` or `node:` and a name, or
 * `uid:` and a number. */
void note_name(const struct peer *peer, const struct user *user, char by[RULE_WHO_MAX + 1]);

/* Keeps a refusal to be told; one for which there is no room is counted. */
void note_add(struct router *router, const struct note *note);

/* Tells what is kept, at most once in NOTE_PAUSE_US. */
void note_tell(struct router *router);

/* True while something is kept that is to be told later. */
bool note_is_due(const struct router *router);
