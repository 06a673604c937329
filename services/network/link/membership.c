// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/membership.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "transport/secure/address.h"

void membership_deinit(struct membership *membership)
{
    key_deinit(&membership->key);
    key_deinit(&membership->authority_key);
    sodium_free(membership->psk);
    *membership = (struct membership){ 0 };
}

static int key_copy(struct key *copy, const struct key *key)
{
    uint8_t seed[KEY_SEED_SIZE];
    int r;

    if (key->secret == NULL)
        return 0;
    key_seed(key, seed);
    r = key_init_seed(copy, seed);
    sodium_memzero(seed, sizeof(seed));
    return err_trace(r);
}

int membership_copy(struct membership *copy, const struct membership *membership)
{
    struct membership made = *membership;
    int r;

    made.key = (struct key){ 0 };
    made.authority_key = (struct key){ 0 };
    made.psk = NULL;
    r = key_copy(&made.key, &membership->key);
    if (r == 0)
        r = key_copy(&made.authority_key, &membership->authority_key);
    if (r == 0 && membership->psk != NULL)
        r = membership_set_psk(&made, membership->psk);
    if (r < 0) {
        membership_deinit(&made);
        return err_trace(r);
    }
    *copy = made;
    return 0;
}

int membership_set_psk(struct membership *membership, const uint8_t psk[PSK_SIZE])
{
    uint8_t *own = sodium_malloc(PSK_SIZE);

    if (own == NULL)
        return err_new(-ENOMEM);
    memcpy(own, psk, PSK_SIZE);
    sodium_mprotect_readonly(own);
    sodium_free(membership->psk);
    membership->psk = own;
    return 0;
}

bool membership_is_authority(const struct membership *membership)
{
    return membership->authority_key.secret != NULL;
}

const char *membership_name(const struct membership *membership)
{
    return membership->chain.certificates[0].name;
}

void membership_psk_id(const struct membership *membership, uint8_t id[PSK_ID_SIZE])
{
    static const uint8_t purpose[] = "mu.psk.id.v1"; /* without its NUL */
    uint8_t hash[crypto_generichash_BYTES_MIN];

    crypto_generichash(hash, sizeof(hash), purpose, sizeof(purpose) - 1, membership->psk, PSK_SIZE);
    memcpy(id, hash, PSK_ID_SIZE);
}

static struct span text_span(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

bool whereabouts_add(struct whereabouts *whereabouts, const char *address)
{
    if (whereabouts->address_count == TOKEN_ADDRESSES_MAX || !address_is_valid(text_span(address)))
        return false;
    memcpy(whereabouts->addresses[whereabouts->address_count], address, strlen(address) + 1);
    whereabouts->address_count += 1;
    return true;
}

/* Port 0, any port that is free, is an address to listen at and none to dial. */
static bool listen_is_valid(const char *listen)
{
    char probe[ADDRESS_SIZE_MAX + 1];
    size_t size = strlen(listen);

    if (size > ADDRESS_SIZE_MAX)
        return false;
    memcpy(probe, listen, strlen(listen) + 1);
    if (size >= 2 && strcmp(probe + size - 2, ":0") == 0)
        probe[size - 1] = '1';
    return address_is_valid(text_span(probe));
}

bool whereabouts_set_listen(struct whereabouts *whereabouts, const char *listen)
{
    if (listen[0] != '\0' && !listen_is_valid(listen))
        return false;
    memcpy(whereabouts->listen, listen, strlen(listen) + 1);
    return true;
}

static bool is_wildcard(const char *listen)
{
    return strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;
}

uint32_t whereabouts_dialled(
        const struct whereabouts *whereabouts, const char *addresses[TOKEN_ADDRESSES_MAX])
{
    for (uint32_t i = 0; i < whereabouts->address_count; i++)
        addresses[i] = whereabouts->addresses[i];
    if (whereabouts->address_count > 0 || whereabouts->listen[0] == '\0' ||
            is_wildcard(whereabouts->listen))
        return whereabouts->address_count;
    addresses[0] = whereabouts->listen;
    return 1;
}

bool whereabouts_fix_port(struct whereabouts *whereabouts, uint16_t port)
{
    char *listen = whereabouts->listen;
    size_t size = strlen(listen);

    if (port == 0 || size < 2 || strcmp(listen + size - 2, ":0") != 0 ||
            size + 4 > ADDRESS_SIZE_MAX)
        return false;
    snprintf(listen + size - 1, 6, "%u", port);
    return true;
}

enum certificate_outcome chain_read_all(struct chain *chain, struct span bytes)
{
    size_t at = 0;
    uint32_t count = 0;

    while (at < bytes.size && count < CHAIN_MAX) {
        size_t size = certificate_measure((struct span){ bytes.data + at, bytes.size - at });

        if (size == 0)
            return CERTIFICATE_BAD;
        at += size;
        count += 1;
    }
    return chain_read(chain, count, bytes);
}
