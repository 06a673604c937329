// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/badge.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "services/network/link/admissions.h"
#include "services/network/link/clients.h"

void pin_init(struct pin *pin)
{
    uint8_t secret[NOISE_KEY_SIZE];

    randombytes_buf(secret, sizeof(secret));
    noise_pair_init(&pin->link_static, secret);
    sodium_memzero(secret, sizeof(secret));
    randombytes_buf(&pin->boot_id, sizeof(pin->boot_id));
}

void pin_deinit(struct pin *pin)
{
    noise_pair_deinit(&pin->link_static);
}

/* Gathers the pre-shared keys of a network. */
struct gathering {
    struct badge *badge;
    const struct network_id *network;
    size_t room;
    uint64_t now_s;
};

/* A token that has just ended still opens the link, so that its bearer is told what is wrong with
 * it. */
static void token_add(const struct token_record *record, void *user)
{
    struct gathering *gathering = user;
    struct links_identity *identity = &gathering->badge->identity;
    struct handshake_psk *psk;

    if (record->not_after_s + CLOCK_TOLERANCE_S < gathering->now_s ||
            identity->psk_count == gathering->room)
        return;
    psk = &gathering->badge->psks[identity->psk_count];
    *psk = (struct handshake_psk){ .is_token = true, .network = *gathering->network };
    memcpy(psk->id, record->id.bytes, PSK_ID_SIZE);
    memcpy(psk->key, record->psk, NOISE_KEY_SIZE);
    identity->psk_count += 1;
}

static void client_token_add(const struct client_token *token, void *user)
{
    struct gathering *gathering = user;
    struct links_identity *identity = &gathering->badge->identity;
    struct handshake_psk *psk;

    if (token->until_s + CLOCK_TOLERANCE_S < gathering->now_s ||
            identity->psk_count == gathering->room)
        return;
    psk = &gathering->badge->psks[identity->psk_count];
    *psk = (struct handshake_psk){
        .is_token = true, .is_client = true, .network = *gathering->network
    };
    memcpy(psk->id, token->id.bytes, PSK_ID_SIZE);
    memcpy(psk->key, token->psk, NOISE_KEY_SIZE);
    identity->psk_count += 1;
}

static void client_token_count(const struct client_token *token, void *user)
{
    (void)token;
    *(size_t *)user += 1;
}

static void token_count(const struct token_record *record, void *user)
{
    (void)record;
    *(size_t *)user += 1;
}

static int psks_gather(
        struct badge *badge, struct seat *seat, const struct trust *trust, uint64_t now_s)
{
    struct gathering gathering = {
        .badge = badge, .network = &seat->membership.network, .now_s = now_s
    };
    size_t count = 1;
    int r = admissions_each_token(&seat->vault, token_count, &count);

    if (r == 0)
        r = clients_each_token(&seat->vault, client_token_count, &count);
    if (r < 0)
        return err_trace(r);
    gathering.room = count;
    badge->psks = sodium_allocarray(count, sizeof(struct handshake_psk));
    if (badge->psks == NULL)
        return err_new(-ENOMEM);
    badge->psks[0] = (struct handshake_psk){ .trust = trust };
    membership_psk_id(&seat->membership, badge->psks[0].id);
    memcpy(badge->psks[0].key, seat->membership.psk, NOISE_KEY_SIZE);
    badge->identity.psk_count = 1;
    r = admissions_each_token(&seat->vault, token_add, &gathering);
    if (r == 0)
        r = clients_each_token(&seat->vault, client_token_add, &gathering);
    badge->identity.psks = badge->psks;
    return err_trace(r);
}

static void statement_sign(struct badge *badge, const struct key *key,
        const struct network_id *network, enum noise_role role)
{
    uint8_t statement[STATEMENT_SIZE];

    introduction_statement(statement, role, badge->self.link_static->public, network);
    key_sign(key, KEY_FOR_LINK_STATIC, (struct span){ statement, sizeof(statement) },
            badge->self.signatures[role]);
}

static bool chain_has_ended(const struct chain *chain, uint64_t now_s)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        if (chain->certificates[i].not_after_s + CLOCK_TOLERANCE_S < now_s)
            return true;
    }
    return false;
}

void badge_init_bare(struct badge *badge, const struct pin *pin)
{
    *badge = (struct badge){ .self = { .link_static = &pin->link_static,
                                     .limits = links_limits,
                                     .boot_id = pin->boot_id } };
    badge->identity.self = &badge->self;
}

int badge_init(struct badge *badge, const struct pin *pin, struct seat *seat,
        const struct trust *trust, uint64_t now_s)
{
    const struct membership *membership = &seat->membership;
    int r;

    badge_init_bare(badge, pin);
    r = psks_gather(badge, seat, trust, now_s);
    if (r < 0) {
        badge_deinit(badge);
        return err_trace(r);
    }
    if (!chain_has_ended(&membership->chain, now_s)) {
        badge->chain = membership->chain;
        badge->self.chain = &badge->chain;
        statement_sign(badge, &membership->key, &membership->network, NOISE_INITIATOR);
        statement_sign(badge, &membership->key, &membership->network, NOISE_RESPONDER);
    }
    return 0;
}

void badge_deinit(struct badge *badge)
{
    sodium_free(badge->psks);
    *badge = (struct badge){ 0 };
}
