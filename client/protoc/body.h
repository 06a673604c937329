/* client/protoc/body.h - `<path>.mu.c`: the table of methods, the functions of clients, the types.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "client/protoc/stub.h"

/* Writes the C file of the `count` >= 1 services of one file, with its packed FileDescriptorSet. */
void body_print(FILE *out, const struct stub *stubs, size_t count, const uint8_t *set, size_t size);
