/* table.h - rows for people. A row's cells are strings of its own; widths fit themselves. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "services/interface/mu/cli.h"

enum { TABLE_CELL_MAX = 256 }; /* bytes with the final NUL; longer cells are cut */

struct table; /* opaque */

struct table_column {
    const char *name;
    bool right;          /* numbers */
    bool cut;            /* may be cut where the terminal is narrow */
    unsigned char spare; /* may be left out where even that is not enough, the greatest first */
};

/* A table with `count` columns. NULL where memory is out. */
struct table *table_new(const struct cli *cli, const struct table_column *columns, size_t count);

/* Frees it. NULL is fine. Returns NULL. */
struct table *table_free(struct table *table);

/* For CLEANUP. */
void table_cleanup(struct table **tablep);

/* Leaves a column out of what is printed; its cells may be filled all the same. */
void table_hide(struct table *table, size_t column);

/* Begins the next row. */
void table_row(struct table *table);

/* Fills a cell of the row begun last; `-` for an empty text. */
void table_cell(struct table *table, size_t column, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Colours a cell of that row, where colours are wanted. */
void table_color(struct table *table, size_t column, const char *color);

/* Prints what was filled in, to standard output. On a terminal that is too narrow for a row,
 * columns are left out that are `spare`, and others `cut`. */
void table_print(struct table *table);

/* The same with all columns, however narrow the terminal is. */
void table_print_whole(struct table *table);

/* The same to `stream`, as to a terminal of so many columns. */
void table_print_to(struct table *table, FILE *stream, int columns);
