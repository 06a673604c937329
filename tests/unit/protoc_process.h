/* tests/unit/protoc_process.h - programs that a test runs. */
#pragma once

#include <stddef.h>

/* Runs `arguments` (a program's path, its arguments, NULL) with nothing on standard input. What it
 * prints, on either output, goes to `output`, `size` bytes with the final NUL. Returns its status.
 */
int process_run(const char *const *arguments, char *output, size_t size);
