/* mu/api.h - what marks the public interface of libmu. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MU_PUBLIC __attribute__((visibility("default")))

/* Bytes that somebody else owns. */
struct mu_bytes {
    const uint8_t *data; /* borrowed; each function says from whom and until when */
    size_t size;
};

/* How many messages go each way in a call; the numbers of mu.bus.v1.Shape. */
enum mu_shape { MU_UNARY = 0, MU_CLIENT_STREAM = 1, MU_SERVER_STREAM = 2, MU_TWO_WAY = 3 };
