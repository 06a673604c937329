/* transport/secure/base64url.h - the text form of tokens (RFC 4648, section 5, without padding). */
#pragma once

#include "transport/envelope.h"

/* Reads `text`, all of it, into `bytes`; one spelling is accepted for each. False where it is none
 * or has more than `max` bytes. */
bool base64url_read(struct span text, uint8_t *bytes, size_t max, size_t *sizep);

/* True where every character is one of the alphabet. */
bool base64url_is_text(struct span text);

/* Writes `bytes` and a NUL to `text`, which has room for `max` characters and the NUL. Returns how
 * many characters. */
size_t base64url_write(struct span bytes, char *text, size_t max);
