// SPDX-License-Identifier: Apache-2.0
/* Comparisons first and signatures last, so that nonsense costs nothing. The order also decides
 * which reason is given where there are several; that is for the log, and all of them refuse. */
#include "transport/secure/trust.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/err.h"

void trust_init(struct trust *trust, const struct public_key *root)
{
    *trust = (struct trust){ .root = *root };
    network_id_init(&trust->network, root);
}

void trust_deinit(struct trust *trust)
{
    for (uint32_t i = 0; i < trust->list_count; i++)
        free(trust->lists[i]);
    *trust = (struct trust){ 0 };
}

/* Who may stand where: kinds fall strictly from the first to the last, so no authority makes
 * another, no node makes anything, and a root stands last. */
static enum trust_outcome check_shape(
        const struct trust *trust, const struct chain *chain, enum certificate_kind first)
{
    const struct certificate *certificates = chain->certificates;

    if (certificates[0].kind != first)
        return TRUST_WRONG_KIND;
    for (uint32_t i = 0; i < chain->count; i++) {
        if (!network_id_equal(&certificates[i].network, &trust->network))
            return TRUST_FOREIGN_NETWORK;
        if (i + 1 == chain->count)
            break;
        if (certificates[i + 1].kind >= certificates[i].kind)
            return TRUST_WRONG_KIND;
        if (!public_key_equal(&certificates[i].issuer, &certificates[i + 1].subject))
            return TRUST_BROKEN_CHAIN;
    }
    return public_key_equal(chain_root(chain), &trust->root) ? TRUST_OK : TRUST_FOREIGN_ROOT;
}

/* What an issuer may give: no more roles than it has, and an authority only its own name. */
static enum trust_outcome check_grant(
        const struct certificate *certificate, const struct certificate *issuer)
{
    if ((certificate->roles & ~issuer->roles) != 0)
        return TRUST_ROLES_EXCEEDED;
    if (issuer->kind == CERTIFICATE_AUTHORITY &&
            strcmp(certificate_owner(certificate), issuer->name) != 0)
        return TRUST_FOREIGN_NAME;
    return TRUST_OK;
}

static enum trust_outcome check_time(const struct certificate *certificate, uint64_t now_s)
{
    if (now_s < certificate->not_before_s && certificate->not_before_s - now_s > CLOCK_TOLERANCE_S)
        return TRUST_NOT_YET_VALID;
    if (now_s > certificate->not_after_s && now_s - certificate->not_after_s > CLOCK_TOLERANCE_S)
        return TRUST_EXPIRED;
    return TRUST_OK;
}

/* A list says nothing of the root, whose key is pinned. */
static bool is_revoked(const struct trust *trust, const struct certificate *certificate)
{
    if (certificate->kind == CERTIFICATE_ROOT)
        return false;
    for (uint32_t i = 0; i < trust->list_count; i++) {
        const struct revocation_list *list = trust->lists[i];

        if ((!list->by_authority || public_key_equal(&list->signer, &certificate->issuer)) &&
                revocation_list_voids(list, certificate))
            return true;
    }
    return false;
}

/* A list dated ahead of our clock is fresh: its signer's clock is not the peer's fault. */
static bool is_stale(const struct trust *trust, uint64_t now_s)
{
    for (uint32_t i = 0; i < trust->list_count; i++) {
        uint64_t issued_at_s = trust->lists[i]->issued_at_s;

        if (issued_at_s >= now_s || now_s - issued_at_s <= REVOCATION_FRESH_S)
            return false;
    }
    return true;
}

static enum trust_outcome check_chain(const struct trust *trust, const struct chain *chain,
        enum certificate_kind first, uint64_t now_s)
{
    enum trust_outcome outcome;

    CHECK(chain->count >= 1 && chain->count <= CHAIN_MAX);

    outcome = check_shape(trust, chain, first);
    for (uint32_t i = 0; i + 1 < chain->count && outcome == TRUST_OK; i++)
        outcome = check_grant(&chain->certificates[i], &chain->certificates[i + 1]);
    for (uint32_t i = 0; i < chain->count && outcome == TRUST_OK; i++) {
        outcome = check_time(&chain->certificates[i], now_s);
        if (outcome == TRUST_OK && is_revoked(trust, &chain->certificates[i]))
            outcome = TRUST_REVOKED;
    }
    for (uint32_t i = 0; i < chain->count && outcome == TRUST_OK; i++) {
        if (!certificate_verify(&chain->certificates[i]))
            outcome = TRUST_BAD_SIGNATURE;
    }
    return outcome;
}

enum trust_outcome trust_check(const struct trust *trust, const struct chain *chain, uint64_t now_s,
        struct identity *identity)
{
    const struct certificate *node = &chain->certificates[0];
    enum trust_outcome outcome = check_chain(trust, chain, CERTIFICATE_NODE, now_s);
    uint64_t until_s = TIME_MAX_S;

    if (outcome != TRUST_OK)
        return outcome;
    if (trust->strict && is_stale(trust, now_s))
        return TRUST_STALE;
    for (uint32_t i = 0; i < chain->count; i++) {
        if (chain->certificates[i].not_after_s < until_s)
            until_s = chain->certificates[i].not_after_s;
    }
    *identity = (struct identity){
        .key = node->subject,
        .network = node->network,
        .roles = node->roles,
        .until_s = until_s,
    };
    memcpy(identity->name, node->name, sizeof(identity->name));
    return TRUST_OK;
}

enum trust_outcome trust_check_authority(
        const struct trust *trust, const struct certificate *certificate, uint64_t now_s)
{
    struct chain chain = { .count = 1, .certificates = { *certificate } };

    return check_chain(trust, &chain, CERTIFICATE_AUTHORITY, now_s);
}

static enum trust_outcome check_list(const struct trust *trust, const struct revocation_list *list)
{
    const struct certificate *authority = &list->authority;

    if (!network_id_equal(&list->network, &trust->network))
        return TRUST_FOREIGN_NETWORK;
    if (!list->by_authority) {
        if (!public_key_equal(&list->signer, &trust->root))
            return TRUST_FOREIGN_ROOT;
    } else {
        struct chain chain = { .count = 1, .certificates = { *authority } };
        enum trust_outcome outcome = check_shape(trust, &chain, CERTIFICATE_AUTHORITY);

        if (outcome != TRUST_OK)
            return outcome;
        if (!certificate_verify(authority))
            return TRUST_BAD_SIGNATURE;
    }
    return revocation_list_verify(list) ? TRUST_OK : TRUST_BAD_SIGNATURE;
}

/* Where the list of this signer is held, or will be. */
static uint32_t list_place(const struct trust *trust, const struct public_key *signer)
{
    uint32_t at = 0;

    while (at < trust->list_count && !public_key_equal(&trust->lists[at]->signer, signer))
        at += 1;
    return at;
}

static enum trust_outcome check_order(
        const struct revocation_list *held, const struct revocation_list *offered)
{
    switch (revocation_list_order(held, offered)) {
    case REVOCATION_NEWER:
        return TRUST_OK;
    case REVOCATION_SAME:
        return TRUST_SAME_LIST;
    case REVOCATION_FORKED:
        return TRUST_FORKED_LIST;
    case REVOCATION_OLDER:
        break;
    }
    return TRUST_OLD_LIST;
}

int trust_revoke(struct trust *trust, struct span list)
{
    CLEANUP(cleanup_free) struct revocation_list *offered = malloc(sizeof(*offered));
    enum trust_outcome outcome;
    uint32_t at;

    if (offered == NULL)
        return err_new(-ENOMEM);
    if (revocation_list_read(offered, list) != REVOCATION_OK)
        return TRUST_BAD_LIST;
    outcome = check_list(trust, offered);
    if (outcome != TRUST_OK)
        return outcome;
    at = list_place(trust, &offered->signer);
    if (at == TRUST_LISTS_MAX)
        return TRUST_LISTS_FULL;
    if (at < trust->list_count) {
        outcome = check_order(trust->lists[at], offered);
        if (outcome != TRUST_OK)
            return outcome;
        free(trust->lists[at]);
    } else {
        trust->list_count += 1;
    }
    trust->lists[at] = offered;
    offered = NULL;
    return 0;
}

const char *trust_text(enum trust_outcome outcome)
{
    static const char *const texts[TRUST_OUTCOMES] = {
        [TRUST_OK] = "believed",
        [TRUST_BROKEN_CHAIN] = "a certificate is not issued by the next one",
        [TRUST_WRONG_KIND] = "a certificate's kind does not fit its place",
        [TRUST_FOREIGN_NETWORK] = "a certificate is of another network",
        [TRUST_FOREIGN_ROOT] = "the chain does not end at the network's root",
        [TRUST_FOREIGN_NAME] = "the name is not of the authority's owner",
        [TRUST_ROLES_EXCEEDED] = "more roles than the issuer may give",
        [TRUST_NOT_YET_VALID] = "a certificate is not valid yet",
        [TRUST_EXPIRED] = "a certificate has expired",
        [TRUST_REVOKED] = "a certificate was revoked",
        [TRUST_BAD_SIGNATURE] = "a signature is wrong",
        [TRUST_STALE] = "no revocation list is fresh",
        [TRUST_BAD_LIST] = "not a revocation list",
        [TRUST_OLD_LIST] = "a newer revocation list is held",
        [TRUST_SAME_LIST] = "this revocation list is held already",
        [TRUST_FORKED_LIST] = "another revocation list of this version is held",
        [TRUST_LISTS_FULL] = "too many signers of revocation lists",
    };

    return (unsigned)outcome < TRUST_OUTCOMES ? texts[outcome] : "unknown outcome";
}
