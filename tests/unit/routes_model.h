/* tests/unit/routes_model.h - the merging of adverts beside a naive model of it.
 *
 * A list of operations, read from any bytes, runs against both: neighbours tell, mention, forge and
 * withdraw adverts of many versions, links come and go. After each one both hold the same, and a
 * version never falls while somebody tells it. In the end the same reports, heard in the opposite
 * order and twice each, come to the same. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Aborts where the two differ. */
void model_run(const uint8_t *operations, size_t size);
