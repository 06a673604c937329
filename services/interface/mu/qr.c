// SPDX-License-Identifier: Apache-2.0
/* Without colours a light module is what is drawn, as terminals are dark more often than not; a
 * reader takes either. */
#include "services/interface/mu/qr.h"

#include <errno.h>
#include <qrencode.h>

#include "base/err.h"

enum { QR_MARGIN = 4 /* light modules around it, ISO/IEC 18004 */ };

#define QR_COLOR_ON  "\033[30;107m"
#define QR_COLOR_OFF "\033[0m"

static bool qr_is_dark(const QRcode *code, int row, int column)
{
    row -= QR_MARGIN;
    column -= QR_MARGIN;
    if (row < 0 || column < 0 || row >= code->width || column >= code->width)
        return false;
    return (code->data[row * code->width + column] & 1) != 0;
}

static void qr_print_halves(FILE *stream, const QRcode *code, const struct qr_style *style, int row)
{
    static const char *const halves[] = { " ", "▄", "▀", "█" };

    for (int column = 0; column < code->width + 2 * QR_MARGIN; column++) {
        bool upper = qr_is_dark(code, row, column) == style->is_color;
        bool lower = qr_is_dark(code, row + 1, column) == style->is_color;

        fputs(halves[2 * upper + lower], stream);
    }
}

static void qr_print_modules(
        FILE *stream, const QRcode *code, const struct qr_style *style, int row)
{
    for (int column = 0; column < code->width + 2 * QR_MARGIN; column++)
        fputs(qr_is_dark(code, row, column) == style->is_color ? "##" : "  ", stream);
}

int qr_print(FILE *stream, const char *text, const struct qr_style *style)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    int size;

    if (code == NULL)
        return err_new(errno == ERANGE ? -E2BIG : -ENOMEM);
    size = code->width + 2 * QR_MARGIN;
    if (size * (style->is_utf8 ? 1 : 2) > style->columns) {
        QRcode_free(code);
        return err_new(-E2BIG);
    }
    for (int row = 0; row < size; row += style->is_utf8 ? 2 : 1) {
        fputs(style->is_color ? QR_COLOR_ON : "", stream);
        if (style->is_utf8)
            qr_print_halves(stream, code, style, row);
        else
            qr_print_modules(stream, code, style, row);
        fputs(style->is_color ? QR_COLOR_OFF "\n" : "\n", stream);
    }
    QRcode_free(code);
    return 0;
}
