// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"

static const char AT_LIST[] = "list/";

static int list_visit(struct mu_bytes key, struct mu_bytes value, void *user)
{
    int r = trust_revoke(user, (struct span){ value.data, value.size });

    (void)key;
    if (r > 0)
        log_warn("a revocation list that was kept is not used: %s",
                trust_text((enum trust_outcome)r));
    return r < 0 ? err_trace(r) : 0;
}

/* Believes the membership's network. */
static int seat_sit(struct seat *seat, struct membership *membership)
{
    struct trust trust;
    int r;

    trust_init(&trust, &membership->root);
    r = vault_each(&seat->vault, AT_LIST, list_visit, &trust);
    if (r < 0) {
        trust_deinit(&trust);
        return err_trace(r);
    }
    trust_deinit(&seat->trust);
    membership_deinit(&seat->membership);
    seat->trust = trust;
    seat->membership = *membership;
    seat->joined = true;
    *membership = (struct membership){ 0 };
    return 0;
}

int seat_open(struct seat *seat, const char *folder)
{
    struct membership membership;
    int r;

    *seat = (struct seat){ .life_s = seat->life_s };
    r = vault_open(&seat->vault, folder);
    if (r == VAULT_OK)
        r = vault_load(&seat->vault, &membership);
    if (r == VAULT_OK) {
        r = seat_sit(seat, &membership);
        membership_deinit(&membership);
    }
    if (r == VAULT_OK || r == VAULT_NONE)
        return 0;
    seat_close(seat);
    return r;
}

void seat_close(struct seat *seat)
{
    trust_deinit(&seat->trust);
    membership_deinit(&seat->membership);
    vault_close(&seat->vault);
    *seat = (struct seat){ .life_s = seat->life_s };
}

int seat_take(struct seat *seat, struct membership *membership)
{
    int r = vault_save(&seat->vault, membership);

    return r == VAULT_OK ? seat_sit(seat, membership) : r;
}

int seat_leave(struct seat *seat)
{
    int r = vault_forget(&seat->vault);

    if (r != VAULT_OK)
        return r;
    trust_deinit(&seat->trust);
    membership_deinit(&seat->membership);
    seat->joined = false;
    return 0;
}

int seat_revoke(struct seat *seat, struct span list)
{
    CLEANUP(cleanup_free) struct revocation_list *read = NULL;
    struct vault_key key;
    int r = trust_revoke(&seat->trust, list);

    if (r != 0)
        return err_trace(r);
    read = malloc(sizeof(*read));
    if (read == NULL || revocation_list_read(read, list) != REVOCATION_OK)
        return err_new(-ENOMEM);
    r = vault_put(&seat->vault, vault_key(&key, AT_LIST, read->signer.bytes, PUBLIC_KEY_SIZE),
            (struct mu_bytes){ list.data, list.size });
    if (r == VAULT_OK)
        r = vault_commit(&seat->vault);
    if (r != VAULT_OK)
        log_error("a revocation list is not kept, and is over with this process: %s",
                r < 0 ? strerror(-r) : "the disk is full");
    return 0;
}

const struct revocation_list *seat_list(const struct seat *seat, const struct public_key *signer)
{
    for (uint32_t i = 0; i < seat->trust.list_count; i++) {
        if (public_key_equal(&seat->trust.lists[i]->signer, signer))
            return seat->trust.lists[i];
    }
    return NULL;
}

int seat_copy_trust(const struct seat *seat, struct trust *trust)
{
    struct trust copy;

    trust_init(&copy, &seat->membership.root);
    copy.strict = seat->trust.strict;
    for (uint32_t i = 0; i < seat->trust.list_count; i++) {
        copy.lists[i] = malloc(sizeof(*copy.lists[i]));
        if (copy.lists[i] == NULL) {
            trust_deinit(&copy);
            return err_new(-ENOMEM);
        }
        *copy.lists[i] = *seat->trust.lists[i];
        copy.list_count += 1;
    }
    *trust = copy;
    return 0;
}

bool seat_has_revoked(const struct seat *seat, const struct public_key *subject)
{
    for (uint32_t i = 0; i < seat->trust.list_count; i++) {
        const struct revocation_list *list = seat->trust.lists[i];

        for (uint32_t k = 0; k < list->count; k++) {
            if (public_key_equal(&list->entries[k].subject, subject))
                return true;
        }
    }
    return false;
}
