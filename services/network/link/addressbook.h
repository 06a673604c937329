/* services/network/link/addressbook.h - whom to dial after a start: what an operator or a join
 * token said, and where nodes of the network were last.
 *
 * The functions return what the vault returns (vault.h). */
#pragma once

#include "services/network/link/vault.h"

/* Keeps an address that an operator, or the token of a join, said. VAULT_FULL over
 * ADDRESSBOOK_TOLD_MAX. */
int addressbook_put(struct vault *vault, const char *address);

/* True where an operator or a token said `address`. */
bool addressbook_has(struct vault *vault, const char *address);

/* Keeps where a node was last, in place of what was kept of it. VAULT_FULL where
 * ADDRESSBOOK_NODES_MAX others are kept. */
int addressbook_put_node(
        struct vault *vault, const struct public_key *node, char *const *addresses, size_t count);

int addressbook_drop_node(struct vault *vault, const struct public_key *node);

/* Visits all addresses: first what this node was told, with `node` NULL, then the nodes'. `fn` must
 * not write. */
typedef void (*addressbook_fn)(const struct public_key *node, const char *address, void *user);
int addressbook_each(struct vault *vault, addressbook_fn fn, void *user);
