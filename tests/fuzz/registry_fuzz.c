// SPDX-License-Identifier: Apache-2.0
/* Any bytes are a list of operations for the registry and for a naive model of it. */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/registry_model.h"

enum { OPERATIONS_MAX = 4096 }; /* bytes: longer lists only run slower */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    model_run(data, size < OPERATIONS_MAX ? size : OPERATIONS_MAX);
    return 0;
}
