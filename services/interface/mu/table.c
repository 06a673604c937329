// SPDX-License-Identifier: Apache-2.0
/* libsmartcols knows wide characters and the width of the terminal. */
#include "services/interface/mu/table.h"

#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/interface/mu/color.h"

struct table {
    struct libscols_table *rows; /* owned */
    struct libscols_line *row;   /* borrowed from `rows`: the last one */
    bool is_colored;
};

struct table *table_new(const struct cli *cli, const struct table_column *columns, size_t count)
{
    struct table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->rows = scols_new_table();
    if (table->rows == NULL)
        return table_free(table);
    table->is_colored = color_wanted(cli, stdout);
    scols_table_enable_colors(table->rows, table->is_colored);
    scols_table_set_column_separator(table->rows, "  ");
    for (size_t i = 0; i < count; i++) {
        int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) | (columns[i].cut ? SCOLS_FL_TRUNC : 0);

        if (scols_table_new_column(table->rows, columns[i].name, 0, flags) == NULL)
            return table_free(table);
    }
    return table;
}

struct table *table_free(struct table *table)
{
    if (table != NULL)
        scols_unref_table(table->rows);
    free(table);
    return NULL;
}

void table_cleanup(struct table **tablep)
{
    *tablep = table_free(*tablep);
}

void table_hide(struct table *table, size_t column)
{
    scols_column_set_flags(scols_table_get_column(table->rows, column), SCOLS_FL_HIDDEN);
}

void table_row(struct table *table)
{
    table->row = scols_table_new_line(table->rows, NULL);
}

void table_cell(struct table *table, size_t column, const char *format, ...)
{
    char text[TABLE_CELL_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (table->row != NULL)
        scols_line_set_data(table->row, column, text[0] != '\0' ? text : "-");
}

void table_color(struct table *table, size_t column, const char *color)
{
    if (table->is_colored && table->row != NULL)
        scols_cell_set_color(scols_line_get_cell(table->row, column), color);
}

void table_print(struct table *table)
{
    fflush(stdout);
    scols_print_table(table->rows);
}
