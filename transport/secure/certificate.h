/* transport/secure/certificate.h - whose a key is and what it may do, signed by who says so.
 *
 * One fixed layout of 184 to 248 bytes (docs/protocol.md, "Certificates"), with one spelling for
 * each certificate: what certificate_read accepts, certificate_write gives back byte for byte. */
#pragma once

#include "transport/secure/key.h"

enum {
    NETWORK_ID_SIZE = 16,
    CERTIFICATE_HEAD_SIZE = 120,
    CERTIFICATE_SIZE_MAX = 248 /* bytes: head, name, signature */
};

/* Names a network for ever: BLAKE2b-128("mu.net.v1" ‖ the root's public key). */
struct network_id {
    uint8_t bytes[NETWORK_ID_SIZE];
};

/* As on the wire. A certificate is issued by one of a smaller kind, or is a root's own. */
enum certificate_kind {
    CERTIFICATE_ROOT = 1,      /* a network's root, by itself; named `network` */
    CERTIFICATE_AUTHORITY = 2, /* may certify an owner's nodes, by a root; named `owner` */
    CERTIFICATE_NODE = 3       /* by an authority or a root; named `node.owner` */
};

/* Bits of `roles`. Bits without a name here are carried, and mean nothing to this version. */
enum {
    ROLE_MEMBER = 1 << 0,    /* offers services and calls them */
    ROLE_CLIENT = 1 << 1,    /* calls only */
    ROLE_PEER_OWNER = 1 << 2 /* speaks for a network of another owner */
};

#define ROLES_ALL UINT32_MAX

struct certificate {
    enum certificate_kind kind;
    struct network_id network;
    struct public_key subject;
    struct public_key issuer;
    uint64_t serial;
    uint64_t not_before_s; /* unix time; at most TIME_MAX_S, below not_after_s */
    uint64_t not_after_s;
    uint32_t roles; /* what it may do; for an authority, what it may let others do */
    char name[CERTIFICATE_NAME_MAX + 1];
    uint8_t signature[SIGNATURE_SIZE];
};

enum certificate_outcome {
    CERTIFICATE_OK,
    CERTIFICATE_BAD /* not a certificate, or one that breaks a rule of the layout */
};

void network_id_init(struct network_id *network, const struct public_key *root);

bool network_id_equal(const struct network_id *one, const struct network_id *two);

/* True for one label of [a-z0-9-] which begins and ends with a letter or digit; with `kind` node,
 * for two of them with a dot between. At most CERTIFICATE_NAME_MAX bytes. */
bool certificate_name_is_valid(const char *name, enum certificate_kind kind);

/* The part of a name that says whose it is: `owner` of `node.owner`, else all of it. */
const char *certificate_owner(const struct certificate *certificate);

/* Gives a certificate its issuer and signature. CERTIFICATE_BAD, and nothing is signed, where a
 * reader would not accept it. Whether `issuer` may issue it is for trust.h to say. */
enum certificate_outcome certificate_sign(
        struct certificate *certificate, const struct key *issuer);

/* A root's certificate for itself, which makes the network. All roles. */
enum certificate_outcome certificate_sign_root(struct certificate *certificate,
        const struct key *root, const char *name, uint64_t not_before_s, uint64_t not_after_s);

/* True where its signature is that of the issuer it names. */
bool certificate_verify(const struct certificate *certificate);

/* Reads `bytes`, all of them, as one certificate. Says nothing of its signature.
 * `*certificate` is set on CERTIFICATE_OK only. */
enum certificate_outcome certificate_read(struct certificate *certificate, struct span bytes);

/* How long the certificate is that `bytes` begin with, or 0 where there is no whole one. */
size_t certificate_measure(struct span bytes);

/* How many bytes certificate_write makes of it. */
size_t certificate_size(const struct certificate *certificate);

/* Writes it to `out` and returns the end. */
uint8_t *certificate_write(const struct certificate *certificate, uint8_t *out);
