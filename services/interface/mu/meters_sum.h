/* meters_sum.h - what several nodes counted, as if one had. */
#pragma once

#include "services/interface/mu/meters.h"

/* Adds what a node counted to `sum` (zeroes at first): row by row, by service, method and side,
 * each with its codes, causes, bytes and histograms; rates are those of the nodes, added.
 * Processes, too. `one` is only read, and not kept. Returns 0, or -ENOMEM, and then `sum` is good
 * for meters_deinit. */
int meters_sum_add(struct meters *sum, const struct meters *one);

/* For meters_deinit: frees what a row of a sum owns. */
void meters_sum_free(struct meter *meter);
