/* services/network/link/membership.h - what makes this node one of its network: its keys and
 * certificates, the network's pre-shared key, and where others dial it. */
#pragma once

#include "transport/secure/chain.h"
#include "transport/secure/handshake.h"
#include "transport/secure/token.h"

/* Where this node is to be found. */
struct whereabouts {
    char listen[ADDRESS_SIZE_MAX + 1]; /* `host:port`; empty where it only dials */
    uint32_t address_count;            /* what others dial, where that is not `listen` */
    char addresses[TOKEN_ADDRESSES_MAX][ADDRESS_SIZE_MAX + 1];
};

struct membership {
    struct public_key root;       /* of the network: the only key that is believed as it is */
    struct network_id network;    /* the root's */
    struct key key;               /* owned: the node's */
    struct chain chain;           /* its certificates, its own first */
    struct key authority_key;     /* owned; without a secret where this node is no authority */
    struct certificate authority; /* of that key, by the root */
    uint8_t *psk;                 /* owned: PSK_SIZE bytes in guarded memory */
    struct whereabouts whereabouts;
};

/* Wipes and frees the secrets. Safe on zeroes, and safe twice. */
void membership_deinit(struct membership *membership);

/* Makes `*copy` the same, secrets and all. Returns 0 or -ENOMEM; `*copy` is set on 0 only. */
int membership_copy(struct membership *copy, const struct membership *membership);

/* Takes the network's pre-shared key over into guarded memory, in place of the one that was there.
 * The caller wipes its own. Returns 0 or -ENOMEM. */
int membership_set_psk(struct membership *membership, const uint8_t psk[PSK_SIZE]);

/* True where this node has an authority's key. */
bool membership_is_authority(const struct membership *membership);

/* `node.owner`. */
const char *membership_name(const struct membership *membership);

/* The id by which a link names the network's pre-shared key in the clear (docs/protocol.md,
 * "Preamble"): it says nothing of the key. */
void membership_psk_id(const struct membership *membership, uint8_t id[PSK_ID_SIZE]);

/* Adds what others dial. False where it is no address, or there are TOKEN_ADDRESSES_MAX. */
bool whereabouts_add(struct whereabouts *whereabouts, const char *address);

/* Sets where this node listens: an address, empty for nowhere; the port may be 0. False where it is
 * none. */
bool whereabouts_set_listen(struct whereabouts *whereabouts, const char *listen);

/* Where others dial it, borrowed. Returns how many addresses; 0 where it only dials, or listens at
 * every address of its machine and nobody said which one is to be dialled. */
uint32_t whereabouts_dialled(
        const struct whereabouts *whereabouts, const char *addresses[TOKEN_ADDRESSES_MAX]);

/* Puts `port` in the place of port 0. True where that was so. */
bool whereabouts_fix_port(struct whereabouts *whereabouts, uint16_t port);

/* Reads certificates that stand one behind the other, as many as there are. `*chain` is set on
 * CERTIFICATE_OK only. */
enum certificate_outcome chain_read_all(struct chain *chain, struct span bytes);
