// SPDX-License-Identifier: Apache-2.0
/* Blocks in a chain, the oldest first: the first one is what a reset keeps, and what mu_body_free
 * finds in front of its message. A block doubles the one before it, so a large message costs few of
 * them. */
#include "mu/arena.h"

#include <string.h>

#include "client/schema/block.h"

static void *arena_protobuf_alloc(void *arena, size_t size)
{
    return mu_arena_alloc(arena, size);
}

static void arena_protobuf_free(void *arena, void *piece)
{
    (void)arena;
    (void)piece;
}

void mu_arena_init(struct mu_arena *arena, size_t size_max)
{
    *arena = (struct mu_arena){
        .allocator = { arena_protobuf_alloc, arena_protobuf_free, arena },
        .size_left = size_max,
    };
}

void mu_arena_deinit(struct mu_arena *arena)
{
    block_free_chain(arena->first);
    *arena = (struct mu_arena){ 0 };
}

void mu_arena_reset(struct mu_arena *arena, size_t size_max)
{
    arena->size_left = size_max;
    if (arena->first == NULL)
        return;
    if (arena->first != arena->last || arena->first->size > MU_ARENA_KEEP_MAX) {
        struct mu_arena_block *kept = arena->last->size <= MU_ARENA_KEEP_MAX ? arena->last : NULL;

        while (arena->first != NULL) {
            struct mu_arena_block *next = arena->first->next;

            if (arena->first != kept)
                free(arena->first);
            arena->first = next;
        }
        arena->first = kept;
        arena->last = kept;
    }
    arena->at = arena->first != NULL ? arena->first->bytes : NULL;
    arena->end = arena->first != NULL ? arena->first->bytes + arena->first->size : NULL;
}

int block_add(struct mu_arena *arena, size_t size)
{
    struct mu_arena_block *block = size <= SIZE_MAX / 4 ? malloc(sizeof(*block) + size) : NULL;

    if (block == NULL)
        return -ENOMEM;
    block->next = NULL;
    block->size = size;
    if (arena->last != NULL)
        arena->last->next = block;
    else
        arena->first = block;
    arena->last = block;
    arena->at = block->bytes;
    arena->end = block->bytes + size;
    return 0;
}

int block_reserve(struct mu_arena *arena, size_t size)
{
    size_t wanted = arena->last != NULL ? arena->last->size * 2 : MU_ARENA_BLOCK_SIZE;

    if ((size_t)(arena->end - arena->at) >= size)
        return 0;
    return block_add(arena, wanted > size ? wanted : size);
}

void *mu_arena_alloc(struct mu_arena *arena, size_t size)
{
    size_t rounded = size != 0 ? (size + 7) & ~(size_t)7 : 8;
    uint8_t *piece;

    if (rounded < size || rounded > arena->size_left)
        return NULL;
    if (block_reserve(arena, rounded) < 0)
        return NULL;
    piece = arena->at;
    arena->at += rounded;
    arena->size_left -= rounded;
    return piece;
}

ProtobufCAllocator *mu_arena_allocator(struct mu_arena *arena)
{
    return &arena->allocator;
}
