// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/addressbook.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "mu/schema.h"
#include "services/network/link/srv.h"
#include "transport/secure/address.h"
#include "vault.pb-c.h"

static const char AT_TOLD[] = "address/";
static const char AT_NODE[] = "node/";

static bool text_is_address(const char *text)
{
    return address_is_valid((struct span){ (const uint8_t *)text, strlen(text) });
}

int addressbook_put(struct vault *vault, const char *address)
{
    struct vault_key key;

    return vault_put_one_of(vault, AT_TOLD, ADDRESSBOOK_TOLD_MAX,
            vault_key(&key, AT_TOLD, address, strlen(address)), (struct mu_bytes){ 0 });
}

bool addressbook_has(struct vault *vault, const char *address)
{
    struct vault_key key;
    struct mu_bytes value;

    return vault_get(vault, vault_key(&key, AT_TOLD, address, strlen(address)), &value) == VAULT_OK;
}

int addressbook_put_node(
        struct vault *vault, const struct public_key *node, char *const *addresses, size_t count)
{
    Mu__Link__Vault__V1__Acquaintance record = MU__LINK__VAULT__V1__ACQUAINTANCE__INIT;
    uint8_t bytes[TOKEN_ADDRESSES_MAX * (ADDRESS_SIZE_MAX + 3)];
    char *kept[TOKEN_ADDRESSES_MAX];
    struct mu_bytes packed = { .data = bytes };
    struct mu_bytes kept_bytes;
    struct mu_bytes where;
    struct vault_key key;

    record.addresses = kept;
    for (size_t i = 0; i < count && record.n_addresses < TOKEN_ADDRESSES_MAX; i++) {
        if (text_is_address(addresses[i]))
            kept[record.n_addresses++] = addresses[i];
    }
    packed.size = mu__link__vault__v1__acquaintance__pack(&record, bytes);
    where = vault_key(&key, AT_NODE, node->bytes, PUBLIC_KEY_SIZE);
    if (vault_get(vault, where, &kept_bytes) == VAULT_OK && kept_bytes.size == packed.size &&
            memcmp(kept_bytes.data, bytes, packed.size) == 0)
        return VAULT_OK;
    return vault_put_one_of(vault, AT_NODE, ADDRESSBOOK_NODES_MAX, where, packed);
}

int addressbook_drop_node(struct vault *vault, const struct public_key *node)
{
    struct vault_key key;

    return vault_delete(vault, vault_key(&key, AT_NODE, node->bytes, PUBLIC_KEY_SIZE));
}

struct visit {
    addressbook_fn fn;
    void *user;
};

static int told_visit(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const struct visit *visit = user;
    char address[ADDRESS_SIZE_MAX + 1];
    size_t size = key.size - (sizeof(AT_TOLD) - 1);

    (void)value;
    if (size > ADDRESS_SIZE_MAX)
        return err_new(-EBADMSG);
    memcpy(address, key.data + sizeof(AT_TOLD) - 1, size);
    address[size] = '\0';
    if (!text_is_address(address) &&
            !srv_name_is_valid((struct span){ (const uint8_t *)address, strlen(address) }))
        return err_new(-EBADMSG);
    visit->fn(NULL, address, visit->user);
    return 0;
}

static int node_visit(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const ProtobufCMessageDescriptor *type = &mu__link__vault__v1__acquaintance__descriptor;
    const struct visit *visit = user;
    Mu__Link__Vault__V1__Acquaintance *record;
    struct public_key node;

    if (key.size != sizeof(AT_NODE) - 1 + PUBLIC_KEY_SIZE || mu_body_check(type, value, NULL) < 0)
        return err_new(-EBADMSG);
    memcpy(node.bytes, key.data + sizeof(AT_NODE) - 1, PUBLIC_KEY_SIZE);
    record = mu__link__vault__v1__acquaintance__unpack(NULL, value.size, value.data);
    if (record == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < record->n_addresses; i++) {
        if (text_is_address(record->addresses[i]))
            visit->fn(&node, record->addresses[i], visit->user);
    }
    mu__link__vault__v1__acquaintance__free_unpacked(record, NULL);
    return 0;
}

int addressbook_each(struct vault *vault, addressbook_fn fn, void *user)
{
    struct visit visit = { .fn = fn, .user = user };
    int r = vault_each(vault, AT_TOLD, told_visit, &visit);

    if (r == VAULT_OK)
        r = vault_each(vault, AT_NODE, node_visit, &visit);
    return r;
}
