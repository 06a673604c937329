// SPDX-License-Identifier: Apache-2.0
/* The last step is to check the new certificate as any node would. So an authority whose own
 * certificate ended, was revoked or grants less never gives out what nobody would believe. */
#include "transport/secure/issue.h"

#include <sodium.h>
#include <string.h>

enum { RENEWAL_PERCENT = 70 };

static enum issue_outcome check_join(
        const struct request *request, const struct token_record *record, uint64_t now_s)
{
    if (record == NULL || memcmp(record->id.bytes, request->token.bytes, TOKEN_ID_SIZE) != 0 ||
            !request_has_proof(request, &record->proof))
        return ISSUE_NO_TOKEN;
    if ((request->roles & ~record->roles) != 0)
        return ISSUE_ROLES;
    switch (token_record_judge(record, &request->subject, now_s)) {
    case TOKEN_USE_OVER:
        return ISSUE_TOKEN_OVER;
    case TOKEN_USE_SPENT:
        return ISSUE_TOKEN_SPENT;
    case TOKEN_USE_OK:
    case TOKEN_USE_AGAIN:
        break;
    }
    return ISSUE_OK;
}

/* A machine that was off for a week comes back with a certificate that has ended; for
 * RENEWAL_GRACE_S that is still good enough to get the next one, if nobody took it back. */
static enum issue_outcome check_renewal(
        const struct issuer *issuer, const struct request *request, uint64_t now_s)
{
    const struct certificate *present = &request->chain.certificates[0];
    struct identity identity;
    enum trust_outcome outcome = trust_check(issuer->trust, &request->chain, now_s, &identity);

    if (outcome == TRUST_EXPIRED && now_s > present->not_after_s &&
            now_s - present->not_after_s <= RENEWAL_GRACE_S)
        outcome = trust_check(issuer->trust, &request->chain, present->not_after_s, &identity);
    if (outcome == TRUST_REVOKED)
        return ISSUE_REVOKED;
    if (outcome != TRUST_OK)
        return ISSUE_NOT_BELIEVED;
    if (!public_key_equal(&identity.key, &request->subject) &&
            (issuer->linked == NULL || !public_key_equal(&identity.key, issuer->linked)))
        return ISSUE_NOT_BELIEVED;
    if (strcmp(identity.name, request->name) != 0)
        return ISSUE_NAME;
    return (request->roles & ~identity.roles) == 0 ? ISSUE_OK : ISSUE_ROLES;
}

static enum issue_outcome certificate_make(const struct issuer *issuer,
        const struct request *request, uint64_t now_s, struct certificate *made)
{
    uint32_t life_s = issuer->life_s != 0 ? issuer->life_s : CERTIFICATE_LIFE_S;

    *made = (struct certificate){
        .kind = CERTIFICATE_NODE,
        .network = issuer->trust->network,
        .subject = request->subject,
        .not_before_s = now_s,
        .not_after_s = now_s + life_s,
        .roles = request->roles,
    };
    if (issuer->authority != NULL && issuer->authority->not_after_s < made->not_after_s)
        made->not_after_s = issuer->authority->not_after_s;
    memcpy(made->name, request->name, sizeof(made->name));
    randombytes_buf(&made->serial, sizeof(made->serial));
    return certificate_sign(made, issuer->key) == CERTIFICATE_OK ? ISSUE_OK : ISSUE_NOT_AUTHORITY;
}

/* Would anybody believe it? */
static enum issue_outcome check_made(
        const struct issuer *issuer, const struct certificate *made, uint64_t now_s)
{
    struct chain chain = { .count = 1, .certificates = { *made } };
    struct identity identity;
    enum trust_outcome outcome;

    if (issuer->authority != NULL)
        chain.certificates[chain.count++] = *issuer->authority;
    outcome = trust_check(issuer->trust, &chain, now_s, &identity);
    if (outcome == TRUST_FOREIGN_NAME)
        return ISSUE_NAME;
    if (outcome == TRUST_ROLES_EXCEEDED)
        return ISSUE_ROLES;
    if (outcome == TRUST_REVOKED)
        return ISSUE_REVOKED;
    return outcome == TRUST_OK ? ISSUE_OK : ISSUE_NOT_AUTHORITY;
}

enum issue_outcome issue_answer(const struct issuer *issuer, const struct request *request,
        struct token_record *record, const struct public_key *holder, uint64_t now_s,
        struct certificate *certificate)
{
    struct certificate made;
    enum issue_outcome outcome;

    if (!network_id_equal(&request->network, &issuer->trust->network))
        return ISSUE_FOREIGN;
    if (!request_has_possession(request))
        return ISSUE_NO_POSSESSION;
    outcome = request->kind == REQUEST_JOIN ? check_join(request, record, now_s)
                                            : check_renewal(issuer, request, now_s);
    if (outcome != ISSUE_OK)
        return outcome;
    if (holder != NULL && !public_key_equal(holder, &request->subject))
        return ISSUE_NAME_TAKEN;
    outcome = certificate_make(issuer, request, now_s, &made);
    if (outcome == ISSUE_OK)
        outcome = check_made(issuer, &made, now_s);
    if (outcome != ISSUE_OK)
        return outcome;
    if (request->kind == REQUEST_JOIN)
        token_record_use(record, &request->subject, now_s);
    *certificate = made;
    return ISSUE_OK;
}

uint64_t issue_renewal_s(const struct certificate *certificate)
{
    uint64_t wait_s =
            (certificate->not_after_s - certificate->not_before_s) * RENEWAL_PERCENT / 100;

    if (wait_s < RENEWAL_WAIT_MIN_S)
        wait_s = RENEWAL_WAIT_MIN_S;
    if (wait_s > RENEWAL_WAIT_MAX_S)
        wait_s = RENEWAL_WAIT_MAX_S;
    return certificate->not_before_s + wait_s;
}

const char *issue_text(enum issue_outcome outcome)
{
    static const char *const texts[ISSUE_OUTCOMES] = {
        [ISSUE_OK] = "issued",
        [ISSUE_FOREIGN] = "a request for another network",
        [ISSUE_NO_POSSESSION] = "not signed with the key that is to be certified",
        [ISSUE_NO_TOKEN] = "no such join token, or not its bearer",
        [ISSUE_TOKEN_OVER] = "the join token has expired",
        [ISSUE_TOKEN_SPENT] = "the join token was used by another node",
        [ISSUE_NAME] = "not a name that this node may have from here",
        [ISSUE_NAME_TAKEN] = "another node has the name",
        [ISSUE_ROLES] = "more roles than may be given",
        [ISSUE_NOT_BELIEVED] = "no good certificate to renew",
        [ISSUE_REVOKED] = "revoked",
        [ISSUE_NOT_AUTHORITY] = "this authority may issue nothing now",
    };

    return (unsigned)outcome < ISSUE_OUTCOMES ? texts[outcome] : "unknown outcome";
}
