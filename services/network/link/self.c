// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/self.h"

#include <sodium.h>
#include <string.h>

#include "transport/secure/node_id.h"

void self_fill(struct self *self, struct mesh *mesh)
{
    struct membership *membership = &mesh->seat.membership;
    const struct revocation_list *list;

    mu__link__v1__self__init(&self->message);
    if (!mesh->seat.joined)
        return;
    node_id_print(&membership->key.public, self->id);
    sodium_bin2hex(
            self->network, sizeof(self->network), membership->network.bytes, NETWORK_ID_SIZE);
    self->message.member = true;
    self->message.id = self->id;
    self->message.name = membership->chain.certificates[0].name;
    self->message.network = self->network;
    self->message.authority = membership_is_authority(membership);
    self->message.certificate_until_s = membership->chain.certificates[0].not_after_s;
    self->message.listen = membership->whereabouts.listen;
    for (uint32_t i = 0; i < membership->whereabouts.address_count; i++)
        self->addresses[i] = membership->whereabouts.addresses[i];
    self->message.addresses = self->addresses;
    self->message.n_addresses = membership->whereabouts.address_count;
    if (!self->message.authority)
        return;
    self->message.authority_until_s = membership->authority.not_after_s;
    list = seat_list(&mesh->seat, &membership->authority_key.public);
    self->message.revocations_version = list != NULL ? list->version : 0;
}

bool self_take_whereabouts(struct mu_call *call, struct whereabouts *whereabouts,
        const char *listen, char *const *addresses, size_t address_count)
{
    *whereabouts = (struct whereabouts){ .address_count = 0 };
    if (!whereabouts_set_listen(whereabouts, listen)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "listen: expected HOST:PORT, an IPv6 address in brackets, got \"%.80s\"", listen);
        return false;
    }
    if (address_count > TOKEN_ADDRESSES_MAX) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "addresses: %d at most", TOKEN_ADDRESSES_MAX);
        return false;
    }
    for (size_t i = 0; i < address_count; i++) {
        if (!whereabouts_add(whereabouts, addresses[i])) {
            mu_call_refuse(call, MU_INVALID_ARGUMENT,
                    "addresses: expected HOST:PORT, got \"%.80s\"", addresses[i]);
            return false;
        }
    }
    return true;
}
