/* listing.h - a reply that is a list, printed as it was asked for: a table, JSON, or names. */
#pragma once

#include "services/interface/mu/cli.h"
#include "services/interface/mu/table.h"

/* All borrowed during listing_print. */
struct listing {
    struct mu_bytes types;         /* a FileDescriptorSet that holds reply and items */
    const ProtobufCMessage *reply; /* whole, for -o json */
    const void *items;             /* the array of pointers to messages in it */
    size_t item_count;
    const struct table_column *columns;
    size_t column_count;
    const struct table_column *hidden[2];  /* those of them that are not shown; NULL: none */
    const char *(*name)(const void *item); /* for -o name */
    void (*row)(struct table *table, const void *item);
};

/* Prints it. Returns EXIT_OK or an exit status. */
int listing_print(const struct cli *cli, const struct listing *listing);
