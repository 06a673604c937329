/* qr.h - a text as a QR code in the terminal, for the camera of another machine. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct qr_style {
    int columns;   /* that there are */
    bool is_utf8;  /* two rows to a line, in half blocks; else `##` for each module */
    bool is_color; /* black on white, whatever the terminal's colours are */
};

/* Prints `text`. Returns 0; -E2BIG where it is too long for a code, or the code too wide for
 * `style->columns`: then nothing was printed; -ENOMEM. */
int qr_print(FILE *stream, const char *text, const struct qr_style *style);
