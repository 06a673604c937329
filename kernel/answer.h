/* kernel/answer.h - the end of a call that the supervisor was sent: a message, or why not. */
#pragma once

#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "kernel/control.h"
#include "mu/status.h"

/* Answers `call` with `message`; over REPLY_SIZE_MAX with RESOURCE_EXHAUSTED. */
void answer_message(struct control *control, uint64_t call, const ProtobufCMessage *message);

/* Answers that nothing was done, and why. */
void answer_refusal(struct control *control, uint64_t call, enum mu_code code, const char *format,
        ...) __attribute__((format(printf, 4, 5)));

/* Answers that something was done, but not what was asked for, and why. */
void answer_failure(struct control *control, uint64_t call, enum mu_code code, const char *format,
        ...) __attribute__((format(printf, 4, 5)));
