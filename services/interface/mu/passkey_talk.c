// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/passkey_talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/hex.h"

enum { PASSKEY_LINE_MAX = 2 * PASSKEY_ID_MAX + 32 };

static bool passkey_talk_text(char *text, const char *from)
{
    return snprintf(text, PASSKEY_WORD_MAX, "%s", from) < PASSKEY_WORD_MAX;
}

/* Takes one line, which has no end any more. */
static bool passkey_talk_take(struct passkey_order *order, char *line)
{
    char *rest = strchr(line, ' ');

    if (rest == NULL)
        return false;
    *rest++ = '\0';
    if (strcmp(line, "rp") == 0)
        return passkey_talk_text(order->rp, rest);
    if (strcmp(line, "user") == 0)
        return passkey_talk_text(order->user, rest);
    if (strcmp(line, "origin") == 0)
        return passkey_talk_text(order->origin, rest);
    if (strcmp(line, "purpose") == 0)
        return passkey_talk_text(order->purpose, rest);
    if (strcmp(line, "client-data") == 0)
        return hex_read(
                rest, order->client_data, sizeof(order->client_data), &order->client_data_size);
    if (strcmp(line, "id") == 0 && order->id_count < PASSKEY_IDS_MAX) {
        struct passkey_id *id = &order->ids[order->id_count++];

        return hex_read(rest, id->bytes, sizeof(id->bytes), &id->size) && id->size > 0;
    }
    return false;
}

bool passkey_talk_read(struct passkey_order *order)
{
    char line[PASSKEY_LINE_MAX];

    memset(order, 0, sizeof(*order));
    while (fgets(line, sizeof(line), stdin) != NULL) {
        size_t size = strcspn(line, "\n");

        if (line[size] != '\n')
            return false;
        line[size] = '\0';
        if (!passkey_talk_take(order, line))
            return false;
    }
    return order->rp[0] != '\0' && order->user[0] != '\0' && order->client_data_size > 0;
}

void passkey_talk_bytes(const char *name, const uint8_t *bytes, size_t size)
{
    char text[2 * PASSKEY_ID_MAX + 1];

    if (size <= PASSKEY_ID_MAX)
        printf("%s %s\n", name, hex_write(text, bytes, size));
}

int passkey_talk_fail(int code, const char *fix, const char *format, ...)
{
    char text[PASSKEY_WORD_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    printf("error %s\n", text);
    if (fix != NULL)
        printf("fix %s\n", fix);
    return code;
}
