/* logs_reach.h - mu logs --trace ID --nodes: what services on all nodes wrote about one call. */
#pragma once

#include "services/interface/mu/cli.h"

/* Prints the last `lines` lines of the trace whose id begins with `trace`, of the service called
 * `only` (NULL: of all), from all nodes and in order of time; says who did not answer. Returns
 * EXIT_OK or an exit status. */
int logs_reach_show(struct cli *cli, const char *trace, const char *only, size_t lines);
