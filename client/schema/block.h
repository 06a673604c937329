/* client/schema/block.h - what an arena is made of. */
#pragma once

#include <errno.h>
#include <stdlib.h>

#include "mu/arena.h"

struct mu_arena_block {
    struct mu_arena_block *next; /* owned: the newer ones */
    size_t size;                 /* of `bytes` */
    uint8_t bytes[] __attribute__((aligned(8)));
};

/* Adds a block for exactly `size` bytes, and goes on in it. Returns 0 or -ENOMEM. */
int block_add(struct mu_arena *arena, size_t size);

/* Makes sure that the next `size` bytes come from one block. Returns 0 or -ENOMEM. */
int block_reserve(struct mu_arena *arena, size_t size);

/* Frees `block` and the newer ones. NULL is fine. */
static inline void block_free_chain(struct mu_arena_block *block)
{
    while (block != NULL) {
        struct mu_arena_block *next = block->next;

        free(block);
        block = next;
    }
}
