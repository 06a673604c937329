/* transport/secure/revocation.h - the certificates that a signer takes back before they end
 * (docs/protocol.md, "Revocation lists").
 *
 * An entry voids the certificates of a key that begin at or before a time, so a key that was robbed
 * and is its owner's again gets a new certificate and needs no new list. The root's list is about
 * all certificates of its network, an authority's about those that it issued itself. A list holds
 * all that its signer revokes: a newer one takes the place of an older one, and never adds to it.
 */
#pragma once

#include "transport/secure/certificate.h"

enum {
    REVOCATION_HEAD_SIZE = 80,
    REVOCATION_ENTRY_SIZE = 40,
    /* head, entries, signature, certificate: fits one record of a link */
    REVOCATION_LIST_SIZE_MAX = REVOCATION_HEAD_SIZE + REVOCATIONS_MAX * REVOCATION_ENTRY_SIZE +
                               SIGNATURE_SIZE + CERTIFICATE_SIZE_MAX
};

struct revocation {
    struct public_key subject; /* whose certificates; all zero: everybody's */
    uint64_t until_s;          /* those with not_before_s <= until_s are void */
};

struct revocation_list {
    struct network_id network;
    struct public_key signer;
    uint64_t version; /* 0 while it never was signed; each signature raises it */
    uint64_t issued_at_s;
    uint32_t count;
    struct revocation entries[REVOCATIONS_MAX]; /* ascending by subject, none twice */
    uint8_t signature[SIGNATURE_SIZE];
    bool by_authority;            /* an authority signed it, not the root */
    struct certificate authority; /* its certificate, where by_authority */
};

enum revocation_outcome {
    REVOCATION_OK,
    REVOCATION_BAD, /* not a list, or one that breaks a rule of the layout */
    REVOCATION_FULL /* REVOCATIONS_MAX entries: raise the time for everybody, or forget old ones */
};

/* How a list stands to the one that is held of the same signer. */
enum revocation_order {
    REVOCATION_SAME,
    REVOCATION_OLDER,
    REVOCATION_NEWER,
    REVOCATION_FORKED /* the same version, and not the same: the signer signed two */
};

/* An empty list of the network. */
void revocation_list_init(struct revocation_list *list, const struct network_id *network);

/* Voids the certificates of `subject`, or everybody's where it is NULL, that begin at or before
 * `until_s` (at most TIME_MAX_S). Of two times for a subject the later one holds. */
enum revocation_outcome revocation_list_add(
        struct revocation_list *list, const struct public_key *subject, uint64_t until_s);

/* Drops the entries of which nothing is left to void: those before `before_s`, when all
 * certificates that began by then, and their time to be renewed, are over. */
void revocation_list_forget(struct revocation_list *list, uint64_t before_s);

/* Makes it the signer's next version. `authority` is the signer's certificate, NULL for a root.
 * REVOCATION_BAD, and nothing changes, where the certificate is not the signer's or the time is
 * over TIME_MAX_S. */
enum revocation_outcome revocation_list_sign(struct revocation_list *list, const struct key *signer,
        const struct certificate *authority, uint64_t issued_at_s);

/* True where its signature is that of the signer it names; whose word that is, trust.h says. */
bool revocation_list_verify(const struct revocation_list *list);

/* True where an entry voids the certificate. */
bool revocation_list_voids(
        const struct revocation_list *list, const struct certificate *certificate);

/* How `offered` stands to `held`; both are of one signer. */
enum revocation_order revocation_list_order(
        const struct revocation_list *held, const struct revocation_list *offered);

/* Reads `bytes`, all of them. `*list` is undefined unless it returns REVOCATION_OK: it is large,
 * and read where it stands. */
enum revocation_outcome revocation_list_read(struct revocation_list *list, struct span bytes);

size_t revocation_list_size(const struct revocation_list *list);

/* Writes revocation_list_size(list) bytes to `out` and returns the end. */
uint8_t *revocation_list_write(const struct revocation_list *list, uint8_t *out);
