/* services/network/link/advert.h - what one node offers, signed by it (mu.link.v1.Advert).
 *
 * The body is written by the node that it speaks of and never again: others keep its bytes, forward
 * them as they are, and read offers out of them in place. A *mention* is an advert without its
 * body, for who has it already. docs/protocol.md, "Adverts". */
#pragma once

#include "services/network/link/field.h"
#include "services/network/link/route_limits.h"
#include "transport/secure/trust.h"

enum {
    ADVERT_HASH_SIZE = 64,  /* BLAKE2b-512 of the body: what is signed */
    ADVERT_TYPES_SIZE = 32, /* BLAKE2b-256 of a FileDescriptorSet */
    ADVERT_SIZE_MAX = ADVERT_BODY_MAX + ADVERT_CHAIN_MAX + 512 /* bytes of a packed Advert */
};

/* Which advert of a node: of a later boot, or later in the same one, is newer. `check` are the
 * first 8 bytes of the body's hash, so that of two bodies with one number all nodes keep the same.
 */
struct version {
    uint64_t epoch;
    uint64_t sequence;
    uint64_t check;
};

/* The nodes that an advert came through, nearest to its origin first, the one that tells it last.
 * Empty where the origin tells it itself. So `count` is the teller's hops to the origin. */
struct path {
    uint32_t count;
    struct public_key nodes[ROUTE_HOPS_MAX - 1];
};

struct advert {
    struct public_key node;
    struct version version;
    struct span
            body; /* of a mention: empty, and so are the next two. Borrowed, as all spans here */
    struct span signature;
    struct span chain;
    struct path path;   /* not signed */
    uint32_t metric_us; /* of the path; not signed */
};

/* A body's numbers; its offers and addresses are read with the functions below. */
struct advert_body {
    struct public_key node;
    uint64_t epoch;
    uint64_t sequence;
    uint32_t ttl_ms; /* 1..ADVERT_TTL_MS */
    uint32_t offer_count;
    uint32_t address_count;
};

/* One version of one service. */
struct offer {
    struct span service;
    struct span version;
    struct span types; /* ADVERT_TYPES_SIZE bytes, or empty */
    struct span proto_service;
    uint32_t instances; /* 1 at least */
    uint32_t latency_us;
};

enum advert_outcome {
    ADVERT_OK,
    ADVERT_BAD /* not an advert, or over a limit */
};

/* The epoch of a boot: its wall clock above, 20 bits of its random boot id below, so that a later
 * boot is newer without anything kept on disk, and two boots in one ms differ. */
uint64_t advert_epoch(uint64_t wall_ms, uint64_t boot_id);

/* Below, equal to or above 0, as `one` is older than, the same as or newer than `two`. */
int version_compare(const struct version *one, const struct version *two);

/* True where `node` is one of the path's. */
bool path_has(const struct path *path, const struct public_key *node);

/* BLAKE2b-512, which is signed and verified instead of the body itself. */
void advert_hash(struct span body, uint8_t hash[ADVERT_HASH_SIZE]);

/* Reads a packed Advert. With a body, node and version are the body's, which is checked whole.
 * `*advert` is set on ADVERT_OK only; its spans are borrowed from `bytes`. */
enum advert_outcome advert_read(struct advert *advert, struct span bytes);

/* How many bytes advert_write makes of it. */
size_t advert_size(const struct advert *advert);

/* Writes it to `out` and returns the end. */
uint8_t *advert_write(const struct advert *advert, uint8_t *out);

/* Reads a packed AdvertBody with all its offers, which are in order and none twice. */
enum advert_outcome advert_body_read(struct advert_body *body, struct span bytes);

/* The next offer of a body that advert_body_read accepted; `fields` began with fields_of(body).
 * False behind the last. */
bool advert_next_offer(struct fields *fields, struct offer *offer);

/* The same for addresses. */
bool advert_next_address(struct fields *fields, struct span *address);

/* True where the offer keeps the limits and rules of one. */
bool offer_is_valid(const struct offer *offer);

/* By service, then by version. */
int offer_compare(const struct offer *one, const struct offer *two);

/* How many bytes the body takes. */
size_t advert_body_size(
        const struct advert_body *body, const struct offer *offers, const struct span *addresses);

/* Writes it to `out` and returns the end. `offers` are valid and in order. */
uint8_t *advert_body_write(const struct advert_body *body, const struct offer *offers,
        const struct span *addresses, uint8_t *out);

/* Signs a body with its node's key. */
void advert_sign(const struct key *key, struct span body, uint8_t signature[SIGNATURE_SIZE]);

/* True where the advert, which has a body, is signed by its node, and `trust` has that node for a
 * member of the network now. `*identity` is set then only. */
bool advert_believe(const struct trust *trust, const struct advert *advert, uint64_t now_s,
        struct identity *identity);
