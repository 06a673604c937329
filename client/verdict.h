/* client/verdict.h - statuses: made here, read off the wire, written to it. */
#pragma once

#include "mu/status.h"
#include "transport/envelope.h"

enum { VERDICT_SIZE_MAX = 640 }; /* bytes of a status on the wire, at most */

/* OK, executed, nothing to add. */
void verdict_set_ok(struct mu_status *status);

/* `origin` is copied; the text is cut at MU_STATUS_MESSAGE_MAX. */
void verdict_set(struct mu_status *status, enum mu_code code, enum mu_executed executed,
        const char *origin, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What a RESULT or WELCOME says; no bytes are OK, bytes that are no status INTERNAL. */
void verdict_read(struct mu_status *status, struct span bytes);

/* Writes it to `out`, VERDICT_SIZE_MAX bytes. Returns what was written, borrowed from `out`. */
struct span verdict_write(const struct mu_status *status, uint8_t *out);
