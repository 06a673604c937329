/* client/protoc/header.h - `<path>.mu.h`: handlers and answers for who serves, calls and streams
 * for who calls. */
#pragma once

#include <stdio.h>

#include "client/protoc/stub.h"

/* Writes the header of the `count` >= 1 services of one file. */
void header_print(FILE *out, const struct stub *stubs, size_t count);
