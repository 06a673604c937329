/* transport/secure/handshake.h - how a link between two nodes begins (docs/protocol.md, "Secure
 * links"): Noise_XXpsk0 with an introduction of each side inside.
 *
 * A pure state machine for both sides: bytes in, bytes out. Nobody gets to the end of it who does
 * not hold the pre-shared key, the secret of the X25519 key that it shows, and a chain of
 * certificates that is believed here, whose first key signed that X25519 key.
 *
 * The exception is a node that has no certificate, or none that still holds, and dials to ask for
 * one (request.h). It introduces itself without any; to its peer it is `joining`, and whoever owns
 * the link hands it the exchange of request and certificate and nothing else. A new node does so
 * with a join token: the token's id and psk are the pre-shared key, so it proves the token without
 * sending it, and as it trusts nobody yet it believes the root that the id of the token's network
 * is a hash of. A token is good for nothing else: with a certificate it is refused. A client does
 * the same with a client token, and never gets a certificate: `client` says which of the two.
 *
 * Whatever deviates closes, and the peer is not told why. */
#pragma once

#include "transport/secure/introduction.h"
#include "transport/secure/link_limits.h"
#include "transport/secure/record.h"
#include "transport/secure/trust.h"

enum {
    PSK_ID_SIZE = 8,
    HANDSHAKE_PREAMBLE_SIZE =
            16, /* bytes in front of the first message, before anything is computed */
    HANDSHAKE_FIRST_SIZE = 50, /* bytes of the first message with its length */
    HANDSHAKE_OUT_MAX = 1024,  /* bytes of the largest message that this side writes */
    LINK_VERSION = 1,
    LINK_SUITE = 1 /* Noise_XXpsk0_25519_ChaChaPoly_SHA256 */
};

/* A pre-shared key and who may come with it. */
struct handshake_psk {
    uint8_t id[PSK_ID_SIZE]; /* sent in the clear; zeroes name the public key of zeroes */
    uint8_t key[NOISE_KEY_SIZE];
    bool is_token;             /* of a token: the initiator has no certificate */
    bool is_client;            /* of a client token; with is_token */
    const struct trust *trust; /* borrowed while a handshake uses it: whose certificates the peer
                                * may show. Not used with a token, and may be NULL there */
    struct network_id network; /* with a token: the network to be joined. Not used otherwise */
};

/* What this side brings to each of its handshakes. Borrowed while they last. */
struct handshake_self {
    const struct noise_pair *link_static;  /* made anew when the process starts */
    const struct chain *chain;             /* its certificates; NULL where it has none that holds */
    uint8_t signatures[2][SIGNATURE_SIZE]; /* by the chain's first key over the statement of each
                                            * role (introduction.h) */
    struct link_limits limits;
    uint64_t boot_id; /* random, made anew when the process starts */
};

/* Who is at the other end. */
struct handshake_peer {
    bool joining;             /* it showed no certificate and has no identity: see above */
    bool client;              /* and came with a client token; with `joining` */
    struct identity identity; /* zeroes where it joins */
    struct chain chain;       /* that says so, to be judged again later. Zeroes as above */
    struct public_key root;   /* what its chain hangs from; who joins pins it. Zeroes as above */
    struct link_limits limits;
    uint64_t boot_id;
    int64_t clock_ahead_ms; /* its clock less ours, and less the time that its message took */
    uint8_t psk_id[PSK_ID_SIZE];
};

enum handshake_outcome {
    HANDSHAKE_MORE, /* it waits for more bytes */
    HANDSHAKE_ESTABLISHED,
    HANDSHAKE_CLOSED /* for ever; `cause` says why */
};

/* Why it was closed; for the log, never for the peer. */
enum handshake_cause {
    HANDSHAKE_GOES_ON,
    HANDSHAKE_BAD_PREAMBLE,
    HANDSHAKE_OTHER_VERSION,
    HANDSHAKE_OTHER_SUITE,
    HANDSHAKE_UNKNOWN_PSK,
    HANDSHAKE_BAD_LENGTH,       /* over HANDSHAKE_MESSAGE_MAX, or no message of this pattern */
    HANDSHAKE_FORGED,           /* another pre-shared key, or changed on its way */
    HANDSHAKE_BAD_INTRODUCTION, /* by who holds the pre-shared key */
    HANDSHAKE_DOWNGRADED,       /* both sides speak a better version than they were made to */
    HANDSHAKE_NO_CERTIFICATE,   /* of the responder */
    HANDSHAKE_MISUSED_TOKEN,    /* together with a certificate */
    HANDSHAKE_BAD_CERTIFICATE,  /* not a chain of certificates */
    HANDSHAKE_UNTRUSTED,        /* a chain that is not believed: `trust` says why */
    HANDSHAKE_BAD_SIGNATURE,    /* the X25519 key is not the node's, or of another role */
    HANDSHAKE_WITH_SELF,        /* the peer has this side's own key */
    HANDSHAKE_CAUSES
};

enum handshake_state {
    HANDSHAKE_AT_PREAMBLE,
    HANDSHAKE_AT_MESSAGE,
    HANDSHAKE_DONE,
    HANDSHAKE_OVER
};

struct handshake {
    const struct handshake_self *self; /* borrowed */
    const struct handshake_psk *psks;  /* borrowed: a responder's, until the preamble came */
    size_t psk_count;
    struct handshake_psk psk; /* the one in use */
    enum handshake_state state;
    enum handshake_cause cause;
    enum trust_outcome trust; /* with HANDSHAKE_UNTRUSTED */
    uint8_t ephemeral_secret[NOISE_KEY_SIZE];
    struct noise noise;
    struct handshake_peer peer;       /* this and the next are set when it is established */
    uint8_t link_id[NOISE_HASH_SIZE]; /* of this link and no other, the same on both sides: the hash
                                       * of the whole handshake. What is signed with it is signed
                                       * for this link */
    size_t out_size;
    uint8_t out[HANDSHAKE_OUT_MAX];
};

/* Begins as the side that dialled, with the pre-shared key that it picked; handshake_out has the
 * first bytes. `ephemeral_secret` is random and used once; the caller wipes its copy. */
void handshake_init_initiator(struct handshake *handshake, const struct handshake_self *self,
        const struct handshake_psk *psk, const uint8_t ephemeral_secret[NOISE_KEY_SIZE]);

/* Begins as the side that listens; `self` has a chain. The initiator names one of the `psk_count`
 * keys at `psks`. */
void handshake_init_responder(struct handshake *handshake, const struct handshake_self *self,
        const struct handshake_psk *psks, size_t psk_count,
        const uint8_t ephemeral_secret[NOISE_KEY_SIZE]);

/* Wipes everything. Safe on zeroes, and safe twice. */
void handshake_deinit(struct handshake *handshake);

/* Reads what came from the peer; `*usedp` is how much of it was taken, the caller keeps the rest
 * and offers it again with what follows. `wall_ms` is unix time. Behind each call, and behind
 * handshake_init_initiator, the bytes of handshake_out must be sent, also with
 * HANDSHAKE_ESTABLISHED; what is left of `in` is records then. An initiator is established before
 * the responder is, and learns from its first record that it was believed. */
enum handshake_outcome handshake_read(
        struct handshake *handshake, struct span in, uint64_t wall_ms, size_t *usedp);

/* What is to be sent, often nothing; borrowed until the next call. */
struct span handshake_out(const struct handshake *handshake);

/* Once established, and once only: hands out the ciphers of both directions, of which nothing is
 * kept. `peer` and `link_id` stay until handshake_deinit. */
void handshake_split(
        struct handshake *handshake, struct record_writer *writer, struct record_reader *reader);

/* The name of a cause, for the log. */
const char *handshake_cause_name(enum handshake_cause cause);
