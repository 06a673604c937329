/* passkey_talk.h - mu-passkey: what it is asked to do, and what it says of it.
 *
 * It reads lines, a word and what belongs to it, bytes as digits of 0-9 and a-f:
 *
 *   rp mu                     what the passkey is, or was, made for
 *   user alice                whose it is
 *   origin mu://lamp          for people, as is the next
 *   purpose login
 *   client-data 7b22…         what is signed, with the device's own text
 *   id 6f0c…                  a passkey of the user's, several times for several
 *
 * and answers in the same form: `id`, `public-key`, `authenticator-data`, `signature`; or `error`
 * and, with tabs between its lines, `fix`, and an exit status that says of which kind. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PASSKEY_WORD_MAX = 256, /* bytes of a text, with the final NUL */
    PASSKEY_DATA_MAX = 512, /* bytes */
    PASSKEY_ID_MAX = 1024,  /* bytes */
    PASSKEY_IDS_MAX = 16
};

struct passkey_id {
    size_t size;
    uint8_t bytes[PASSKEY_ID_MAX];
};

struct passkey_order {
    char rp[PASSKEY_WORD_MAX];
    char user[PASSKEY_WORD_MAX];
    char origin[PASSKEY_WORD_MAX];
    char purpose[PASSKEY_WORD_MAX];
    size_t client_data_size;
    uint8_t client_data[PASSKEY_DATA_MAX];
    size_t id_count;
    struct passkey_id ids[PASSKEY_IDS_MAX];
};

/* Reads an order from standard input. False where it is none. */
bool passkey_talk_read(struct passkey_order *order);

/* Writes a line of the answer. */
void passkey_talk_bytes(const char *name, const uint8_t *bytes, size_t size);

/* Writes what failed and what to do (NULL: nothing). Returns `code`. */
int passkey_talk_fail(int code, const char *fix, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
