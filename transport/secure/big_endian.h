/* transport/secure/big_endian.h - numbers as they stand in what is signed: the high byte first. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Each writer returns the byte after what it wrote, each reader what stands at `at`. */

static inline uint8_t *be16_write(uint8_t *out, uint16_t value)
{
    value = htobe16(value);
    memcpy(out, &value, sizeof(value));
    return out + sizeof(value);
}

static inline uint8_t *be32_write(uint8_t *out, uint32_t value)
{
    value = htobe32(value);
    memcpy(out, &value, sizeof(value));
    return out + sizeof(value);
}

static inline uint8_t *be64_write(uint8_t *out, uint64_t value)
{
    value = htobe64(value);
    memcpy(out, &value, sizeof(value));
    return out + sizeof(value);
}

static inline uint16_t be16_read(const uint8_t *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return be16toh(value);
}

static inline uint32_t be32_read(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return be32toh(value);
}

static inline uint64_t be64_read(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return be64toh(value);
}

/* Copies `size` bytes as they are; for layouts written from front to back. */
static inline uint8_t *bytes_write(uint8_t *out, const void *bytes, size_t size)
{
    memcpy(out, bytes, size);
    return out + size;
}
