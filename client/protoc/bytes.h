/* client/protoc/bytes.h - whole streams of bytes, in and out. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Reads `fd` to its end. The caller frees `*datap`. Returns 0 or -errno. */
int bytes_read(int fd, uint8_t **datap, size_t *sizep);

/* Writes all of `data`. Returns 0 or -errno. */
int bytes_write(int fd, const uint8_t *data, size_t size);
