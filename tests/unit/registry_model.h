/* tests/unit/registry_model.h - the registry beside a naive model of it.
 *
 * A list of operations, read from any bytes, runs against both. After each one the two must hold
 * the same, and so must the view of a watcher that follows at once; others, which follow slowly,
 * resume and fall behind, must see the same as soon as they have caught up. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Aborts with a message where the two differ. */
void model_run(const uint8_t *operations, size_t size);
