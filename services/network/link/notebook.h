/* services/network/link/notebook.h - where linked nodes say they are, until the disk has it.
 *
 * What a node says is told to the disk at once, but no sooner than NOTEBOOK_KEEP_MS behind what it
 * said before, and then only the last of it: a node that says another thing all the time costs one
 * commit in that time, over however many links. */
#pragma once

#include "services/network/link/addressbook.h"

struct note; /* opaque */

struct notebook {
    struct note *notes; /* owned */
    uint32_t count;
    uint32_t room;
};

/* Frees what is noted; what is not on the disk by then is not kept. Safe on zeroes, and safe twice.
 */
void notebook_deinit(struct notebook *notebook);

/* Notes what `node` says, in place of what it said before; more than TOKEN_ADDRESSES_MAX addresses
 * are left out. What finds no room, as NOTEBOOK_NODES_MAX others said something a moment ago, is
 * not kept. */
void notebook_note(struct notebook *notebook, const struct public_key *node, char *const *addresses,
        size_t count);

/* Forgets what `node` said. */
void notebook_drop(struct notebook *notebook, const struct public_key *node);

/* Tells the disk what is due. Returns when to look again (base/clock.h); UINT64_MAX: nothing waits.
 */
uint64_t notebook_step(struct notebook *notebook, struct vault *vault, uint64_t now_ms);

/* Tells the disk all that waits: behind it nobody may. */
void notebook_finish(struct notebook *notebook, struct vault *vault);
