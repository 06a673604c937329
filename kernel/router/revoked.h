/* kernel/router/revoked.h - which access tokens are believed no more, though they have not ended.
 */
#pragma once

#include "mu/router/v1/access.pb-c.h"
#include "transport/secure/access.h"

struct revoked_subject {
    char subject[ACCESS_SUBJECT_MAX + 1];
    uint64_t until_s; /* tokens issued up to then; UINT64_MAX: all */
};

struct revoked {
    struct access_id *ids; /* owned, sorted */
    size_t id_count;
    struct revoked_subject *subjects; /* owned, sorted, each once */
    size_t subject_count;
};

/* Reads what the authority says. Returns 0, -EINVAL or -ENOMEM; `*revoked` is set on 0 only. */
int revoked_init(struct revoked *revoked, const Mu__Router__V1__KeysRequest *request);

/* Safe on zeroes, and safe twice. */
void revoked_deinit(struct revoked *revoked);

/* True where the token, or all of its subject's that were issued so early, are revoked. */
bool revoked_has(const struct revoked *revoked, const struct access_id *id, const char *subject,
        uint64_t issued_s);
