/* canvas.h - a picture of text and lines in cells of a terminal. Lines that meet join. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CANVAS_CELLS_MAX = 1 << 22 };

struct canvas_cell {
    uint8_t lines; /* in which directions lines leave it; of no matter where there is a letter */
    char letter;   /* printable ASCII; 0: none */
};

struct canvas {
    struct canvas_cell *cells; /* owned; row by row */
    size_t columns;
    size_t rows;
};

/* Makes an empty one. Returns 0, -E2BIG for more than CANVAS_CELLS_MAX cells, or -ENOMEM. */
int canvas_init(struct canvas *canvas, size_t columns, size_t rows);

/* Safe on zeroes, and safe twice. */
void canvas_deinit(struct canvas *canvas);

/* Draws a line in a row, or in a column, from the middle of one cell to that of another. Each `to`
 * is at least its `from`. What does not fit on the canvas is left out, here and below. */
void canvas_across(struct canvas *canvas, size_t row, size_t from, size_t to);
void canvas_down(struct canvas *canvas, size_t column, size_t from, size_t to);

/* Draws a box whose corners are in the cells at (row, column) and (row + height - 1, column + width
 * - 1); both at least 2. */
void canvas_box(struct canvas *canvas, size_t row, size_t column, size_t width, size_t height);

/* Writes `text` into at most `width` cells. What is longer ends with `~`; what is not printable
 * ASCII becomes `?`. */
void canvas_text(struct canvas *canvas, size_t row, size_t column, const char *text, size_t width);

/* Prints it, without blanks at the ends of lines. Lines are box characters, or `-|+`. */
void canvas_print(const struct canvas *canvas, FILE *stream, bool is_utf8);
