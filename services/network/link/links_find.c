// SPDX-License-Identifier: Apache-2.0
/* Which link is meant, and what there is to say of it. */
#include "base/clock.h"
#include "services/network/link/link.h"

struct link *link_by_keys(const struct links *links, const struct public_key *own_key,
        const struct public_key *peer_key)
{
    list_for_each (node, &links->links) {
        struct link *link = list_entry(node, struct link, node);

        if (!link->peer.joining && public_key_equal(&link->own_key, own_key) &&
                public_key_equal(&link->peer.peer.identity.key, peer_key))
            return link;
    }
    return NULL;
}

bool link_is_current(const struct link *link)
{
    const struct links_identity *identity = link->links->identity;

    return !link->moved &&
           (link->peer.joining || identity == NULL || identity->self->chain == NULL ||
                   public_key_equal(
                           &link->own_key, &identity->self->chain->certificates[0].subject));
}

struct link *link_in_use(const struct links *links, const struct public_key *peer_key)
{
    list_for_each (node, &links->links) {
        struct link *link = list_entry(node, struct link, node);

        if (!link->peer.joining && public_key_equal(&link->peer.peer.identity.key, peer_key) &&
                link_is_current(link))
            return link;
    }
    return NULL;
}

struct link *link_by_number(const struct links *links, uint64_t number)
{
    list_for_each (node, &links->links) {
        struct link *link = list_entry(node, struct link, node);

        if (link->peer.link == number)
            return link;
    }
    return NULL;
}

struct link *link_behind(const struct links *links, uint64_t number)
{
    list_for_each (node, &links->links) {
        struct link *link = list_entry(node, struct link, node);

        if (link->peer.link > number)
            return link;
    }
    return NULL;
}

struct link *link_by_session(const struct links *links, const struct session *session)
{
    list_for_each (node, &links->links) {
        struct link *link = list_entry(node, struct link, node);

        if (link->current == session || link->next == session)
            return link;
    }
    return NULL;
}

void link_describe(const struct link *link, struct link_info *info)
{
    const struct handshake_peer *peer = &link->peer.peer;
    const struct session *session = link->current;

    *info = (struct link_info){
        .link = link->peer.link,
        .id = peer->joining ? NULL : &peer->identity.key,
        .name = link->admitted ? link->client.name : peer->identity.name,
        .address = link->address,
        .reason = "",
        .state = LINK_STATE_UP,
        .joining = link->peer.joining,
        .client = link->peer.client,
        .dialled = link->peer.dialled,
        .channel = link->channel,
        .sessions = link->sessions,
        .up_ms = clock_ms() - link->up_ms,
        .queued_bytes = (uint32_t)lanes_queued(&link->lanes),
    };
    if (session->leaving || session->closing != NULL)
        info->state = LINK_STATE_LEAVING;
    info->bytes_in = session->figures.bytes_in;
    info->bytes_out = session->figures.bytes_out;
    info->records_in = session->figures.records_in;
    info->records_out = session->figures.records_out;
    info->round_trip_us = session->figures.round_trip_us;
}
