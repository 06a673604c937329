/* client/protoc/embed.h - bytes as C; and `<path>.types.h` and `.types.c`, a packed
 * FileDescriptorSet alone, for a program that is on the bus without libmu: the kernel's. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "client/protoc/stub.h"

/* Writes `static const uint8_t mu_stub_types[]`. */
void embed_print_bytes(FILE *out, const uint8_t *set, size_t size);

void embed_print_header(FILE *out, const struct stub *stubs, size_t count);
void embed_print_body(
        FILE *out, const struct stub *stubs, size_t count, const uint8_t *set, size_t size);
