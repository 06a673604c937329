/* registry/etcd/offers.h - what this node offers, put together from the registry's news. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/etcd/v1/etcd.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "registry/etcd/limits.h"
#include "registry/limits.h"

struct offer {
    uint64_t number;
    uint32_t pid;
    bool typed;
    bool published; /* etcd has the set of its types */
    uint8_t types[32];
    char service[REGISTRY_NAME_MAX + 1];
    char version[REGISTRY_VERSION_MAX + 1];
    char proto_service[REGISTRY_PROTO_NAME_MAX + 1]; /* "" while it is not known */
};

struct offers {
    struct offer *slots; /* owned; in the order they came */
    uint32_t count;
    uint32_t room;
    bool changed; /* since it was last packed */
};

/* Safe on zeroes, and safe twice. */
void offers_deinit(struct offers *offers);

/* The registry starts to tell all anew. */
void offers_clear(struct offers *offers);

/* An instance came or described itself anew. Not kept: one of another node, of a part of the node
 * itself, and what is beyond ETCD_OFFERS_MAX. Returns 0 or -ENOMEM. */
int offers_add(struct offers *offers, const Mu__Registry__V1__Instance *instance);

/* An instance is gone. */
void offers_remove(struct offers *offers, uint64_t number);

/* One whose types are not in etcd; NULL where there is none. */
const struct offer *offers_unpublished(const struct offers *offers);

/* The types of that hash are in etcd, and this is their proto service. */
void offers_publish(struct offers *offers, const uint8_t types[32], const char *proto_service);

/* Etcd may have lost all types, and what is offered. */
void offers_unpublish(struct offers *offers);

/* The registry has other types of that version: instances with this hash are offered without any.
 */
void offers_untype(struct offers *offers, const uint8_t types[32]);

/* Packs all of it, but for those whose proto service is not known: a body's Offers, which borrow
 * from here. The caller frees `*messagep`, one block. Returns 0 or -ENOMEM. */
int offers_pack(struct offers *offers, Mu__Etcd__V1__Offers **messagep);
