// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/revoked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/limits.h"

static int revoked_compare_ids(const void *one, const void *two)
{
    return memcmp(one, two, sizeof(struct access_id));
}

/* The subject stands first in the struct. */
static int revoked_compare_subjects(const void *one, const void *two)
{
    return strcmp(one, two);
}

static bool revoked_take(struct revoked *revoked, const Mu__Router__V1__Revocation *revocation)
{
    const char *subject = revocation->subject;
    struct revoked_subject *entry = &revoked->subjects[revoked->subject_count];
    size_t size = strlen(subject);

    if ((revocation->token.len != 0) == (size != 0))
        return false;
    if (size == 0) {
        if (revocation->token.len != ACCESS_ID_SIZE)
            return false;
        memcpy(revoked->ids[revoked->id_count++].bytes, revocation->token.data, ACCESS_ID_SIZE);
        return true;
    }
    if (!access_subject_is_valid((struct span){ (const uint8_t *)subject, size }))
        return false;
    memcpy(entry->subject, subject, size + 1);
    entry->until_s = revocation->issued_until_s != 0 ? revocation->issued_until_s : UINT64_MAX;
    revoked->subject_count += 1;
    return true;
}

/* Of a subject that comes more than once the latest counts. */
static void revoked_merge(struct revoked *revoked)
{
    size_t kept = 0;

    for (size_t i = 0; i < revoked->subject_count; i++) {
        struct revoked_subject *last = kept > 0 ? &revoked->subjects[kept - 1] : NULL;
        const struct revoked_subject *next = &revoked->subjects[i];

        if (last == NULL || strcmp(last->subject, next->subject) != 0)
            revoked->subjects[kept++] = *next;
        else if (next->until_s > last->until_s)
            last->until_s = next->until_s;
    }
    revoked->subject_count = kept;
}

int revoked_init(struct revoked *revoked, const Mu__Router__V1__KeysRequest *request)
{
    struct revoked made = { .id_count = 0 };
    bool sound = request->n_revoked <= ROUTER_REVOKED_MAX;

    made.ids = calloc(request->n_revoked + 1, sizeof(*made.ids));
    made.subjects = calloc(request->n_revoked + 1, sizeof(*made.subjects));
    if (made.ids == NULL || made.subjects == NULL) {
        revoked_deinit(&made);
        return err_new(-ENOMEM);
    }
    for (size_t i = 0; sound && i < request->n_revoked; i++)
        sound = revoked_take(&made, request->revoked[i]);
    if (!sound) {
        revoked_deinit(&made);
        return err_new(-EINVAL);
    }
    qsort(made.ids, made.id_count, sizeof(*made.ids), revoked_compare_ids);
    qsort(made.subjects, made.subject_count, sizeof(*made.subjects), revoked_compare_subjects);
    revoked_merge(&made);
    *revoked = made;
    return 0;
}

void revoked_deinit(struct revoked *revoked)
{
    free(revoked->ids);
    free(revoked->subjects);
    *revoked = (struct revoked){ 0 };
}

bool revoked_has(const struct revoked *revoked, const struct access_id *id, const char *subject,
        uint64_t issued_s)
{
    const struct revoked_subject *entry;

    if (revoked->id_count > 0 &&
            bsearch(id, revoked->ids, revoked->id_count, sizeof(*id), revoked_compare_ids) != NULL)
        return true;
    if (revoked->subject_count == 0)
        return false;
    entry = bsearch(subject, revoked->subjects, revoked->subject_count, sizeof(*entry),
            revoked_compare_subjects);
    return entry != NULL && issued_s <= entry->until_s;
}
