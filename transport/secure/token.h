/* transport/secure/token.h - the join token: one line that lets a machine into a network; and the
 * client token: one that lets a program call the services of one node (docs/protocol.md, "Join
 * tokens", "Clients").
 *
 * Two keys come from its secret. The psk opens a link to the issuer, so strangers do not get past
 * the first message; the proof key signs the request for a certificate. The issuer keeps the psk
 * and the public half of the proof key, never the secret: whoever steals its store can open a link
 * with it, and cannot join. The joiner in turn believes only the root that the token names.
 *
 * Which of the two a token is stands in its roles, and in front of it. The keys of the one are of
 * no use as those of the other: a client token whose roles were changed opens nothing. */
#pragma once

#include "transport/secure/certificate.h"

enum {
    TOKEN_ID_SIZE = 8, /* also the psk_id of the link */
    TOKEN_SECRET_SIZE = 32,
    TOKEN_ROOT_HASH_SIZE = 16,
    TOKEN_HEAD_SIZE = 86, /* bytes before the addresses */
    TOKEN_BYTES_MAX = TOKEN_HEAD_SIZE + TOKEN_ADDRESSES_MAX * (1 + ADDRESS_SIZE_MAX) + 4,
    TOKEN_TEXT_SIZE_MAX = 5 + (TOKEN_BYTES_MAX * 4 + 2) / 3, /* characters: `muc1.` and base64 */
    PSK_SIZE = 32
};

struct token_id {
    uint8_t bytes[TOKEN_ID_SIZE];
};

struct token {
    struct network_id network;
    struct token_id id;
    uint8_t secret[TOKEN_SECRET_SIZE]; /* token_wipe wipes it */
    uint8_t root_hash[TOKEN_ROOT_HASH_SIZE];
    uint64_t not_after_s;
    uint32_t roles; /* what it lets its bearer become */
    uint32_t address_count;
    char addresses[TOKEN_ADDRESSES_MAX][ADDRESS_SIZE_MAX + 1]; /* where the issuer listens */
};

/* Each has a text for people (token_text). */
enum token_outcome {
    TOKEN_OK,
    TOKEN_NO_TOKEN, /* begins with neither `mu1.` nor `muc1.` */
    TOKEN_NO_TEXT,  /* holds a character that a token has not, or is far too long */
    TOKEN_MISTYPED, /* the checksum does not fit: a character is wrong or missing */
    TOKEN_VERSION,  /* of a version that this one does not know */
    TOKEN_BAD,      /* breaks a rule of the layout, though the checksum fits */
    TOKEN_EXPIRED,
    TOKEN_OUTCOMES
};

/* A new token of the root's network, without addresses. With ROLE_CLIENT and no other role it is a
 * client token, else a join token. */
void token_init(
        struct token *token, const struct public_key *root, uint32_t roles, uint64_t not_after_s);

/* Adds a place where the issuer listens. TOKEN_BAD where it is none or there are
 * TOKEN_ADDRESSES_MAX already. */
enum token_outcome token_add_address(struct token *token, const char *address);

/* Writes the line, without a newline and with a NUL; the rest of `text` becomes zero. Returns how
 * many characters. */
size_t token_print(const struct token *token, char text[TOKEN_TEXT_SIZE_MAX + 1]);

/* Reads what token_print prints and nothing else: the caller takes off blanks and newlines. It may
 * have ended CLOCK_TOLERANCE_S ago. `*token` is set on TOKEN_OK only. */
enum token_outcome token_parse(struct token *token, struct span text, uint64_t now_s);

/* True for a client token. */
bool token_is_client(const struct token *token);

/* The psk of the link on which its bearer joins, or of a client's; psk_id is the token's id. */
void token_psk(const struct token *token, uint8_t psk[PSK_SIZE]);

/* The key whose signature proves that somebody bears the token. Returns 0 or -ENOMEM. */
int token_proof_key(const struct token *token, struct key *key);

/* True where `root` is the key that the token was made for: the only one that its bearer believes.
 */
bool token_names_root(const struct token *token, const struct public_key *root);

/* Wipes all of it. Safe twice. */
void token_wipe(struct token *token);

/* An outcome in words. */
const char *token_text(enum token_outcome outcome);
