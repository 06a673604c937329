// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/listing.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"

static int listing_lines(const struct cli *cli, const struct listing *listing)
{
    CLEANUP(output_types_close) struct output_types types = { 0 };
    const ProtobufCMessage *const *items = listing->items;
    int code = output_types_open(cli, &types, listing->types);

    for (size_t i = 0; code == EXIT_OK && i < listing->item_count; i++)
        code = output_types_print(cli, &types, items[i]);
    return code;
}

static int listing_table(const struct cli *cli, const struct listing *listing)
{
    CLEANUP(table_cleanup)
    struct table *table = table_new(cli, listing->columns, listing->column_count);
    const ProtobufCMessage *const *items = listing->items;

    if (table == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < sizeof(listing->hidden) / sizeof(listing->hidden[0]); i++)
        if (listing->hidden[i] != NULL)
            table_hide(table, (size_t)(listing->hidden[i] - listing->columns));
    for (size_t i = 0; i < listing->item_count; i++) {
        table_row(table);
        listing->row(table, items[i]);
    }
    table_print(table);
    return EXIT_OK;
}

int listing_print(const struct cli *cli, const struct listing *listing)
{
    const ProtobufCMessage *const *items = listing->items;

    if (cli->format == OUTPUT_JSON || cli->format == OUTPUT_PRETTY)
        return output_message(cli, listing->types, listing->reply);
    if (cli->format == OUTPUT_JSONL)
        return listing_lines(cli, listing);
    if (cli->format != OUTPUT_NAME)
        return listing_table(cli, listing);
    for (size_t i = 0; i < listing->item_count; i++)
        puts(listing->name(items[i]));
    return EXIT_OK;
}
