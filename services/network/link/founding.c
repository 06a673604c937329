// SPDX-License-Identifier: Apache-2.0
/* The first node gets its certificate as every other one does, by a token, which here is forgotten
 * when it is used: there is one way to become a node. */
#include "services/network/link/founding.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "services/network/link/network_limits.h"
#include "transport/secure/issue.h"

enum { FIRST_TOKEN_S = 60 };

/* Certifies the authority of `membership`, whose key is there. */
static int certify(
        struct membership *membership, const struct key *root, const char *owner, uint64_t now_s)
{
    struct certificate made = {
        .kind = CERTIFICATE_AUTHORITY,
        .network = membership->network,
        .subject = membership->authority_key.public,
        .not_before_s = now_s,
        .not_after_s = now_s + AUTHORITY_LIFE_S,
        .roles = ROLES_ALL,
    };

    if (strlen(owner) > CERTIFICATE_NAME_MAX)
        return FOUNDING_NAME;
    memcpy(made.name, owner, strlen(owner));
    randombytes_buf(&made.serial, sizeof(made.serial));
    if (certificate_sign(&made, root) != CERTIFICATE_OK)
        return FOUNDING_NAME;
    membership->authority = made;
    return FOUNDING_OK;
}

/* Lets the node of `membership` in. */
static int admit(struct membership *membership, const char *name, const struct founding *founding)
{
    struct trust trust;
    const struct issuer issuer = { .key = &membership->authority_key,
        .authority = &membership->authority,
        .trust = &trust,
        .life_s = founding->life_s };
    struct token_record record;
    struct request request;
    struct token token;
    struct certificate made;
    int r;

    trust_init(&trust, &membership->root);
    token_init(&token, &membership->root, ROLE_MEMBER, founding->now_s + FIRST_TOKEN_S);
    r = token_record_init(&record, &token, 1);
    if (r == 0)
        r = request_join(&request, &membership->key, &token, name);
    token_wipe(&token);
    if (r < 0)
        return err_trace(r);
    if (r == REQUEST_BAD ||
            issue_answer(&issuer, &request, &record, NULL, founding->now_s, &made) != ISSUE_OK)
        return FOUNDING_NAME;
    membership->chain =
            (struct chain){ .count = 2, .certificates = { made, membership->authority } };
    return FOUNDING_OK;
}

static int make_psk(struct membership *membership)
{
    uint8_t psk[PSK_SIZE];
    int r;

    randombytes_buf(psk, sizeof(psk));
    r = membership_set_psk(membership, psk);
    sodium_memzero(psk, sizeof(psk));
    return err_trace(r);
}

/* Everything of the network but the sealed root. */
static int establish(
        const struct founding *founding, const struct key *root, struct membership *membership)
{
    char name[CERTIFICATE_NAME_MAX + 1];
    int size = snprintf(name, sizeof(name), "%s.%s", founding->node, founding->owner);
    int r;

    if (size < 0 || (size_t)size >= sizeof(name) ||
            !certificate_name_is_valid(name, CERTIFICATE_NODE))
        return FOUNDING_NAME;
    membership->root = root->public;
    network_id_init(&membership->network, &root->public);
    r = key_init(&membership->key);
    if (r == 0)
        r = key_init(&membership->authority_key);
    if (r == 0)
        r = make_psk(membership);
    if (r == 0)
        r = certify(membership, root, founding->owner, founding->now_s);
    if (r == 0)
        r = admit(membership, name, founding);
    return r;
}

static bool passphrase_is_valid(struct span passphrase)
{
    return passphrase.size > 0 && passphrase.size <= PASSPHRASE_SIZE_MAX;
}

int founding_found(const struct founding *founding, struct membership *membership,
        uint8_t sealed[SEALED_KEY_SIZE])
{
    struct membership made = { 0 };
    struct key root;
    int r;

    if (!passphrase_is_valid(founding->passphrase))
        return FOUNDING_PASSPHRASE;
    r = key_init(&root);
    if (r < 0)
        return err_trace(r);
    r = establish(founding, &root, &made);
    if (r == FOUNDING_OK)
        r = err_fold(seal_key(sealed, &root, founding->passphrase, founding->cost));
    key_deinit(&root);
    if (r != FOUNDING_OK) {
        membership_deinit(&made);
        return r;
    }
    *membership = made;
    return FOUNDING_OK;
}

static int open_root(struct key *root, struct span sealed, struct span passphrase)
{
    int r;

    if (!passphrase_is_valid(passphrase))
        return FOUNDING_PASSPHRASE;
    r = seal_open(root, sealed, passphrase);
    if (r <= 0)
        return err_trace(r);
    return r == SEAL_WRONG ? FOUNDING_WRONG : FOUNDING_NO_ROOT;
}

int founding_certify(
        struct membership *membership, struct span sealed, struct span passphrase, uint64_t now_s)
{
    struct public_key owner;
    struct key root;
    int r;

    /* what costs nothing comes first */
    if (seal_peek(&owner, sealed) != SEAL_OK)
        return FOUNDING_NO_ROOT;
    if (!public_key_equal(&owner, &membership->root))
        return FOUNDING_FOREIGN;
    r = open_root(&root, sealed, passphrase);
    if (r != FOUNDING_OK)
        return r;
    if (!membership_is_authority(membership))
        r = key_init(&membership->authority_key);
    if (r == 0)
        r = certify(
                membership, &root, certificate_owner(&membership->chain.certificates[0]), now_s);
    key_deinit(&root);
    return r;
}
