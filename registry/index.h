/* registry/index.h - things by their number: open addressing, at most half full. */
#pragma once

#include <stdint.h>

struct index_slot {
    uint64_t number;
    void *thing; /* borrowed from who put it in; NULL: the slot is free */
};

struct index {
    struct index_slot *slots; /* owned; NULL while nothing was put in */
    uint32_t room;            /* slots, a power of two, or 0 */
    uint32_t count;           /* things held */
    uint64_t seed;            /* so that nobody outside can choose numbers that collide */
};

void index_init(struct index *index, uint64_t seed);

/* Frees the slots, not the things. Safe on zeroes, and safe twice. */
void index_deinit(struct index *index);

/* Makes room for `more`, so that so many puts cannot fail. Returns 0 or -ENOMEM. */
int index_reserve(struct index *index, uint32_t more);

/* Puts `thing` in under a number that is not there yet. Room must have been reserved. */
void index_put(struct index *index, uint64_t number, void *thing);

/* The thing of that number, or NULL. */
void *index_get(const struct index *index, uint64_t number);

/* Takes it out and returns it, or NULL. */
void *index_take(struct index *index, uint64_t number);
