// SPDX-License-Identifier: Apache-2.0
/* A note stays for NOTEBOOK_KEEP_MS behind its commit, without anything to be told: it is what
 * keeps the next one of the same node waiting, also when that comes by another link. */
#include "services/network/link/notebook.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "transport/secure/node_id.h"

enum { NOTEBOOK_ROOM_FIRST = 8 };

struct note {
    struct public_key node;
    uint64_t due_ms; /* when it may be told, or, where nothing waits, forgotten */
    bool waits;
    uint32_t address_count;
    char addresses[TOKEN_ADDRESSES_MAX][ADDRESS_SIZE_MAX + 1];
};

void notebook_deinit(struct notebook *notebook)
{
    free(notebook->notes);
    *notebook = (struct notebook){ .count = 0 };
}

static struct note *find(const struct notebook *notebook, const struct public_key *node)
{
    for (uint32_t i = 0; i < notebook->count; i++) {
        if (public_key_equal(&notebook->notes[i].node, node))
            return &notebook->notes[i];
    }
    return NULL;
}

static struct note *add(struct notebook *notebook, const struct public_key *node)
{
    if (notebook->count == NOTEBOOK_NODES_MAX)
        return NULL;
    if (notebook->count == notebook->room) {
        uint32_t room = notebook->room != 0 ? 2 * notebook->room : NOTEBOOK_ROOM_FIRST;
        struct note *notes = reallocarray(notebook->notes, room, sizeof(*notes));

        if (notes == NULL)
            return NULL;
        notebook->notes = notes;
        notebook->room = room;
    }
    notebook->notes[notebook->count] = (struct note){ .node = *node };
    return &notebook->notes[notebook->count++];
}

void notebook_note(struct notebook *notebook, const struct public_key *node, char *const *addresses,
        size_t count)
{
    struct note *note = find(notebook, node);

    if (note == NULL)
        note = add(notebook, node);
    if (note == NULL) {
        log_debug("where a node is, is not kept: too many say something");
        return;
    }
    note->waits = true;
    note->address_count = 0;
    for (size_t i = 0; i < count && note->address_count < TOKEN_ADDRESSES_MAX; i++) {
        if (strlen(addresses[i]) <= ADDRESS_SIZE_MAX)
            memcpy(note->addresses[note->address_count++], addresses[i], strlen(addresses[i]) + 1);
    }
}

static void remove_at(struct notebook *notebook, uint32_t index)
{
    notebook->count -= 1;
    notebook->notes[index] = notebook->notes[notebook->count];
}

void notebook_drop(struct notebook *notebook, const struct public_key *node)
{
    struct note *note = find(notebook, node);

    if (note != NULL)
        remove_at(notebook, (uint32_t)(note - notebook->notes));
}

static void tell(struct note *note, struct vault *vault)
{
    char *addresses[TOKEN_ADDRESSES_MAX];
    char id[NODE_ID_SHORT_SIZE + 1];

    for (uint32_t i = 0; i < note->address_count; i++)
        addresses[i] = note->addresses[i];
    note->waits = false;
    if (addressbook_put_node(vault, &note->node, addresses, note->address_count) == VAULT_OK &&
            vault_commit(vault) == VAULT_OK)
        return;
    node_id_print_short(&note->node, id);
    log_debug("where %s is, is not kept", id);
}

uint64_t notebook_step(struct notebook *notebook, struct vault *vault, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;

    for (uint32_t i = 0; i < notebook->count;) {
        struct note *note = &notebook->notes[i];

        if (note->due_ms <= now_ms && !note->waits) {
            remove_at(notebook, i);
            continue;
        }
        if (note->due_ms <= now_ms) {
            tell(note, vault);
            note->due_ms = now_ms + NOTEBOOK_KEEP_MS;
        }
        if (note->due_ms < next_ms)
            next_ms = note->due_ms;
        i += 1;
    }
    return next_ms;
}

void notebook_finish(struct notebook *notebook, struct vault *vault)
{
    for (uint32_t i = 0; i < notebook->count; i++) {
        if (notebook->notes[i].waits)
            tell(&notebook->notes[i], vault);
    }
    notebook_deinit(notebook);
}
