// SPDX-License-Identifier: Apache-2.0
/* A cell remembers the directions and not the character, so whoever draws second needs to know
 * nothing of what is there: a box's side and a line that ends in it make ├ by themselves. */
#include "services/interface/mu/canvas.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { CANVAS_UP = 1, CANVAS_DOWN = 2, CANVAS_LEFT = 4, CANVAS_RIGHT = 8, CANVAS_MASKS = 16 };

static const char *const canvas_boxes[CANVAS_MASKS] = {
    " ",
    "╵",
    "╷",
    "│",
    "╴",
    "┘",
    "┐",
    "┤",
    "╶",
    "└",
    "┌",
    "├",
    "─",
    "┴",
    "┬",
    "┼",
};
static const char *const canvas_signs[CANVAS_MASKS] = {
    " ",
    "|",
    "|",
    "|",
    "-",
    "+",
    "+",
    "+",
    "-",
    "+",
    "+",
    "+",
    "-",
    "+",
    "+",
    "+",
};

int canvas_init(struct canvas *canvas, size_t columns, size_t rows)
{
    *canvas = (struct canvas){ .columns = columns, .rows = rows };
    if (columns != 0 && rows > CANVAS_CELLS_MAX / columns)
        return err_new(-E2BIG);
    canvas->cells = calloc(columns * rows + 1, sizeof(*canvas->cells));
    return canvas->cells != NULL ? 0 : err_new(-ENOMEM);
}

void canvas_deinit(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){ 0 };
}

/* The cell, or NULL beyond the edges. */
static struct canvas_cell *canvas_at(const struct canvas *canvas, size_t row, size_t column)
{
    if (row >= canvas->rows || column >= canvas->columns)
        return NULL;
    return &canvas->cells[row * canvas->columns + column];
}

static void canvas_join(struct canvas *canvas, size_t row, size_t column, unsigned lines)
{
    struct canvas_cell *cell = canvas_at(canvas, row, column);

    if (cell != NULL)
        cell->lines |= (uint8_t)lines;
}

void canvas_across(struct canvas *canvas, size_t row, size_t from, size_t to)
{
    for (size_t column = from; column < to; column++) {
        canvas_join(canvas, row, column, CANVAS_RIGHT);
        canvas_join(canvas, row, column + 1, CANVAS_LEFT);
    }
}

void canvas_down(struct canvas *canvas, size_t column, size_t from, size_t to)
{
    for (size_t row = from; row < to; row++) {
        canvas_join(canvas, row, column, CANVAS_DOWN);
        canvas_join(canvas, row + 1, column, CANVAS_UP);
    }
}

void canvas_box(struct canvas *canvas, size_t row, size_t column, size_t width, size_t height)
{
    canvas_across(canvas, row, column, column + width - 1);
    canvas_across(canvas, row + height - 1, column, column + width - 1);
    canvas_down(canvas, column, row, row + height - 1);
    canvas_down(canvas, column + width - 1, row, row + height - 1);
}

void canvas_text(struct canvas *canvas, size_t row, size_t column, const char *text, size_t width)
{
    size_t size = strlen(text);

    for (size_t i = 0; i < size && i < width; i++) {
        struct canvas_cell *cell = canvas_at(canvas, row, column + i);

        if (cell == NULL)
            return;
        cell->letter = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
        if (i + 1 == width && size > width)
            cell->letter = '~';
    }
}

void canvas_print(const struct canvas *canvas, FILE *stream, bool is_utf8)
{
    const char *const *lines = is_utf8 ? canvas_boxes : canvas_signs;

    for (size_t row = 0; row < canvas->rows; row++) {
        const struct canvas_cell *cells = &canvas->cells[row * canvas->columns];
        size_t end = canvas->columns;

        while (end > 0 && cells[end - 1].lines == 0 &&
                (cells[end - 1].letter == 0 || cells[end - 1].letter == ' '))
            end -= 1;
        for (size_t column = 0; column < end; column++) {
            if (cells[column].letter != 0)
                fputc(cells[column].letter, stream);
            else
                fputs(lines[cells[column].lines], stream);
        }
        fputc('\n', stream);
    }
}
