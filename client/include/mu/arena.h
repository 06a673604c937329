/* mu/arena.h - memory for unpacked messages: taken piece by piece, given back all at once.
 *
 *     struct mu_arena arena;
 *
 *     mu_arena_init(&arena, SIZE_MAX);
 *     while (receive(&body)) {
 *         message = mu_arena_unpack(&arena, type, body, &error);
 *         …
 *         mu_arena_reset(&arena, SIZE_MAX);
 *     }
 *     mu_arena_deinit(&arena);
 *
 * An arena that is kept takes no memory from the system for small messages any more. It belongs to
 * one thread at a time. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "mu/api.h"

enum {
    MU_ARENA_BLOCK_SIZE = 4096, /* bytes asked of the system at least */
    MU_ARENA_KEEP_MAX = 65536   /* bytes: what a reset keeps, at most */
};

struct mu_arena_block; /* opaque */

/* The fields are the library's own. */
struct mu_arena {
    ProtobufCAllocator allocator;
    struct mu_arena_block *first; /* owned chain, oldest first */
    struct mu_arena_block *last;
    uint8_t *at;  /* where the next piece begins */
    uint8_t *end; /* of the newest block */
    size_t size_left;
};

/* Makes an empty arena that hands out `size_max` bytes at most. Takes no memory yet. The arena must
 * not be moved afterwards. */
MU_PUBLIC void mu_arena_init(struct mu_arena *arena, size_t size_max);

/* Gives everything back. Safe on zeroes, and safe twice. */
MU_PUBLIC void mu_arena_deinit(struct mu_arena *arena);

/* Ends the life of every piece, keeps up to MU_ARENA_KEEP_MAX bytes for the next ones, and allows
 * `size_max` bytes anew. */
MU_PUBLIC void mu_arena_reset(struct mu_arena *arena, size_t size_max);

/* A piece of `size` bytes, aligned to 8, not cleared; it lives until the next reset or deinit. NULL
 * where the arena's or the system's memory is used up. */
MU_PUBLIC void *mu_arena_alloc(struct mu_arena *arena, size_t size);

/* The arena as an allocator for protobuf-c; its free does nothing. Borrowed from the arena. */
MU_PUBLIC ProtobufCAllocator *mu_arena_allocator(struct mu_arena *arena);
