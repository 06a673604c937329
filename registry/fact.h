/* registry/fact.h - what a snapshot is made of.
 *
 * Everything that is so stands in one ring, in the order in which it came about: each new fact is
 * appended, each fact that ends is taken out, and one that changes moves to the end. So the ring is
 * always sorted by revision, and whoever walks it may be overtaken by changes without losing the
 * place: a walker's place is a node in the ring, too. */
#pragma once

#include <stdint.h>

#include "base/list.h"

enum fact_kind {
    FACT_PLACE,        /* of a watcher; no fact */
    FACT_REGISTRATION, /* in a struct service */
    FACT_TYPES,        /* in a struct version */
    FACT_INSTANCE      /* in a struct instance */
};

struct fact {
    struct list link;
    enum fact_kind kind;
    uint64_t revision; /* at which it became so */
};

static inline void fact_init(struct fact *fact, enum fact_kind kind)
{
    *fact = (struct fact){ .kind = kind };
    list_init(&fact->link);
}
