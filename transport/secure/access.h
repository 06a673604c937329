/* transport/secure/access.h - the access token: one line by which a program calls on behalf of a
 * user, and which its bearer can narrow without asking anybody (docs/protocol.md, "Access tokens").
 *
 * A token is a chain of blocks, as in Birgisson et al., Macaroons (NDSS 2014), with signatures in
 * the place of MACs, as in Biscuit: the authority signs the first block together with a public key
 * whose secret the token carries. With it the bearer signs a narrower block together with the next
 * key, and gives away the new token, which holds the new secret alone. So nobody takes a block off,
 * and whoever reads a token sees that each block is covered by the one before. A sealed token has a
 * signature in the place of the secret: nobody narrows it further.
 *
 * Pure: times are arguments. The process has called sodium_init(). */
#pragma once

#include "transport/pattern.h"
#include "transport/secure/certificate.h"

enum {
    ACCESS_KEY_ID_SIZE = 8,
    ACCESS_ID_SIZE = 16,
    ACCESS_BLOCKS_MAX = 1 + ACCESS_NARROWINGS_MAX,
    ACCESS_BYTES_MAX = (ACCESS_TEXT_MAX - 5) / 4 * 3 /* of the line behind `mut1.` */
};

/* Which key of the authority: BLAKE2b-64("mu.token.key.v1" ‖ its public key). */
struct access_key_id {
    uint8_t bytes[ACCESS_KEY_ID_SIZE];
};

/* Names a token, or one of its blocks. */
struct access_id {
    uint8_t bytes[ACCESS_ID_SIZE];
};

/* A set of endpoints: what any of the patterns matches. */
struct access_scopes {
    uint32_t count;
    char patterns[ACCESS_SCOPES_MAX][PATTERN_SIZE_MAX + 1];
};

/* What the authority puts into a token. */
struct access_grant {
    struct network_id network; /* zeroes on a node that is in no network */
    char subject[ACCESS_SUBJECT_MAX + 1];
    char audience[ACCESS_AUDIENCE_MAX + 1]; /* the nodes it is for; "": any of the network */
    char space[SERVICE_NAME_MAX + 1];       /* the namespace that it keeps to; "": any */
    struct access_scopes scopes;            /* at least one */
    uint64_t issued_s;                      /* unix time, at most TIME_MAX_S */
    uint64_t expires_s; /* over issued_s, and at most ACCESS_LIFE_MAX_S over it */
    uint32_t budget;    /* calls; 0: any number */
};

/* What a bearer narrows; 0 or no scopes: left as it is. Not all three. */
struct access_narrowing {
    struct access_scopes scopes; /* each covered by one that the token has */
    uint64_t expires_s;          /* not later than the token's */
    uint32_t budget;             /* not more than the token's */
};

/* A number of calls that a block allows with all tokens that are made of it. */
struct access_budget {
    struct access_id block;
    uint32_t calls;
};

/* What a token lets its bearer do: the part that all of its blocks have in common. */
struct access {
    struct network_id network;
    struct access_key_id key;
    struct access_id id; /* of the token and of all that are made of it */
    char subject[ACCESS_SUBJECT_MAX + 1];
    char audience[ACCESS_AUDIENCE_MAX + 1];
    char space[SERVICE_NAME_MAX + 1]; /* "": any */
    uint64_t issued_s;
    uint64_t expires_s; /* unix time from which on it is of no use */
    struct access_scopes scopes;
    uint32_t narrowings;
    bool sealed;
    uint32_t budget_count;
    struct access_budget budgets[ACCESS_BLOCKS_MAX]; /* each call is charged to all of them */
};

/* Whose tokens are believed. */
struct access_authority {
    struct network_id network;
    uint32_t key_count;
    struct public_key keys[ACCESS_KEYS_MAX];
};

/* Each has a text for people (access_text). */
enum access_outcome {
    ACCESS_OK,
    ACCESS_NO_TOKEN, /* does not begin with `mut1.` */
    ACCESS_NO_TEXT,  /* holds a character that a token has not, or is too long */
    ACCESS_BAD,      /* breaks a rule of the layout, or of what a token may say */
    ACCESS_NETWORK,  /* of another network */
    ACCESS_KEY,      /* signed with a key that is none of the authority's */
    ACCESS_FORGED,   /* a signature or the proof does not fit */
    ACCESS_WIDER,    /* a block, or a narrowing, that would allow more than the token does */
    ACCESS_EARLY,    /* issued later than now, by more than CLOCK_TOLERANCE_S */
    ACCESS_EXPIRED,
    ACCESS_SEALED, /* cannot be narrowed, or sealed again */
    ACCESS_FULL,   /* narrowed ACCESS_NARROWINGS_MAX times, or the line would be too long */
    ACCESS_OUTCOMES
};

void access_key_id(struct access_key_id *id, const struct public_key *key);

bool access_id_equal(const struct access_id *one, const struct access_id *two);

/* True for a subject: 1 to ACCESS_SUBJECT_MAX of [a-z0-9._@-], the first a letter or digit. */
bool access_subject_is_valid(struct span text);

/* True for an audience: a node's name, of [A-Za-z0-9_-] and dots, in which `*` stands for any one
 * part between dots and `>` at the end for one or more; or nothing. */
bool access_audience_is_valid(struct span text);

/* Makes a token and gives it an id: the line, with a NUL, in `line`; the id in `*id`. The line is
 * as good as a password: the caller wipes it.
 * ACCESS_BAD, and nothing is written, where the grant says what none may; ACCESS_FULL where the
 * line would be longer than ACCESS_TEXT_MAX. */
enum access_outcome access_issue(const struct access_grant *grant, const struct key *authority,
        char line[ACCESS_TEXT_MAX + 1], struct access_id *id);

/* Makes a narrower token of `text`, without the authority, whose signature is not looked at:
 * ACCESS_WIDER where it would be no narrower, ACCESS_SEALED, ACCESS_FULL, or why `text` is none. */
enum access_outcome access_narrow(
        const struct access_narrowing *narrowing, struct span text, char line[ACCESS_TEXT_MAX + 1]);

/* Makes of `text` a token that allows the same and that nobody can narrow. As access_narrow. */
enum access_outcome access_seal(struct span text, char line[ACCESS_TEXT_MAX + 1]);

/* Believes `text`, all of it, or says why not: every signature is checked. Whether it is for this
 * node (access_is_for), was revoked, and what of its budgets is left, is for the caller to say.
 * `*access` is set on ACCESS_OK only. */
enum access_outcome access_read(struct access *access, struct span text,
        const struct access_authority *authority, uint64_t now_s);

/* What `text` says, for its bearer, who has no keys of the authority's: believe nothing of it. */
enum access_outcome access_look(struct access *access, struct span text);

/* True where the node called `node` is in the audience. */
bool access_is_for(const struct access *access, const char *node);

/* True where the scopes cover the endpoint, which is valid. */
bool access_covers(const struct access *access, struct span endpoint);

/* An outcome in words. */
const char *access_text(enum access_outcome outcome);
