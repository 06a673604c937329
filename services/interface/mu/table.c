// SPDX-License-Identifier: Apache-2.0
/* libsmartcols knows wide characters and the width of the terminal. */
#include "services/interface/mu/table.h"

#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "services/interface/mu/color.h"
#include "services/interface/mu/terminal.h"

enum {
    TABLE_GAP = 2,     /* cells between two columns */
    TABLE_CUT_MIN = 12 /* cells that are left of what is cut */
};

struct table {
    struct libscols_table *rows;        /* owned */
    struct libscols_line *row;          /* borrowed from `rows`: the last one */
    const struct table_column *columns; /* borrowed for good */
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
    table->columns = columns;
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

/* ---- what a narrow terminal shows ---- */

/* Cells of a terminal that `text` takes. */
static size_t table_width_of(const char *text)
{
    wchar_t wide[TABLE_CELL_MAX];
    size_t count = mbstowcs(wide, text, TABLE_CELL_MAX);
    int width = count < TABLE_CELL_MAX ? wcswidth(wide, count) : -1;

    return width >= 0 ? (size_t)width : strlen(text);
}

/* The least width of a column: that of its name, and of what is left where it is cut. */
static size_t table_least_width(struct table *table, size_t column)
{
    size_t least = table_width_of(table->columns[column].name);
    size_t enough = table->columns[column].cut ? TABLE_CUT_MIN : TABLE_CELL_MAX;

    for (size_t i = 0; i < scols_table_get_nlines(table->rows); i++) {
        struct libscols_line *line = scols_table_get_line(table->rows, i);
        const char *text = scols_cell_get_data(scols_line_get_cell(line, column));
        size_t width = text != NULL ? table_width_of(text) : 0;

        if (width > enough)
            width = enough;
        if (width > least)
            least = width;
    }
    return least;
}

static bool table_shows(struct table *table, size_t column)
{
    return !scols_column_is_hidden(scols_table_get_column(table->rows, column));
}

/* Hides the column that can be spared best. False where none can. */
static bool table_spare(struct table *table)
{
    size_t count = scols_table_get_ncols(table->rows);
    size_t best = count;

    for (size_t i = 0; i < count; i++) {
        if (table->columns[i].spare > (best < count ? table->columns[best].spare : 0) &&
                table_shows(table, i))
            best = i;
    }
    if (best < count)
        table_hide(table, best);
    return best < count;
}

static void table_fit(struct table *table, size_t room)
{
    size_t width;

    do {
        width = 0;
        for (size_t i = 0; i < scols_table_get_ncols(table->rows); i++) {
            if (table_shows(table, i))
                width += table_least_width(table, i) + (width > 0 ? TABLE_GAP : 0);
        }
    } while (width > room && table_spare(table));
}

void table_print(struct table *table)
{
    if (isatty(STDOUT_FILENO))
        table_fit(table, (size_t)terminal_columns());
    fflush(stdout);
    scols_print_table(table->rows);
}

void table_print_whole(struct table *table)
{
    scols_table_set_termforce(table->rows, SCOLS_TERMFORCE_NEVER);
    fflush(stdout);
    scols_print_table(table->rows);
}

void table_print_to(struct table *table, FILE *stream, int columns)
{
    table_fit(table, columns > 0 ? (size_t)columns : 1);
    scols_table_set_stream(table->rows, stream);
    scols_table_set_termforce(table->rows, SCOLS_TERMFORCE_ALWAYS);
    scols_table_set_termwidth(table->rows, columns > 0 ? (size_t)columns : 1);
    scols_print_table(table->rows);
}
