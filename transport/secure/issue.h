/* transport/secure/issue.h - what an authority answers to a request for a certificate.
 *
 * A join gets at most what its token grants, a renewal at most what is held already; both get the
 * life of a day, in the authority's own limits, so that what is not taken back in time ends by
 * itself. Random bytes are libsodium's, and only the serial number is made of them. */
#pragma once

#include "transport/secure/request.h"
#include "transport/secure/token_record.h"
#include "transport/secure/trust.h"

/* Who answers; all borrowed from the caller, for the one call. */
struct issuer {
    const struct key *key;
    const struct certificate *authority; /* the key's certificate; NULL where it is the root's */
    const struct trust *trust;           /* of the network that it issues in */
    const struct public_key *linked;     /* who asks, as its link proved; NULL where it did not.
                                          * It may have its own certificate go to a new key */
    uint32_t life_s;                     /* of what is issued; 0: CERTIFICATE_LIFE_S */
};

/* Each has a text for logs (issue_text). */
enum issue_outcome {
    ISSUE_OK,
    ISSUE_FOREIGN,       /* a request for another network */
    ISSUE_NO_POSSESSION, /* not signed with the key that is to be certified */
    ISSUE_NO_TOKEN,      /* a join without a record, or without the token's proof */
    ISSUE_TOKEN_OVER,    /* the token has ended */
    ISSUE_TOKEN_SPENT,   /* used by others: an event for the audit log */
    ISSUE_NAME,          /* not a name that this authority may give, or not the present one */
    ISSUE_NAME_TAKEN,    /* another key has the name */
    ISSUE_ROLES,         /* more than the token, the present certificate or the authority has */
    ISSUE_NOT_BELIEVED,  /* a renewal of what is no good certificate of this key */
    ISSUE_REVOKED,
    ISSUE_NOT_AUTHORITY, /* this issuer may issue nothing now */
    ISSUE_OUTCOMES
};

/* Makes the certificate that a request gets. `record` is that of the token that the request names
 * (NULL for a renewal, and where there is none); its use is spent on ISSUE_OK, and the caller
 * stores it before it answers. `holder` is the key that has the name at present, or NULL.
 * `*certificate` is set on ISSUE_OK only. */
enum issue_outcome issue_answer(const struct issuer *issuer, const struct request *request,
        struct token_record *record, const struct public_key *holder, uint64_t now_s,
        struct certificate *certificate);

/* When its holder asks for the next one: after 70 % of its life, but not before RENEWAL_WAIT_MIN_S
 * and not after RENEWAL_WAIT_MAX_S of it. */
uint64_t issue_renewal_s(const struct certificate *certificate);

/* An outcome in words. */
const char *issue_text(enum issue_outcome outcome);
