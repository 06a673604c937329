/* metrics.h - meters in Prometheus' text format, version 0.0.4. */
#pragma once

#include <stdio.h>

#include "services/interface/mu/meters.h"

/* Writes all of `meters`, of a node whose version is `version`, to `stream`. */
void metrics_print(FILE *stream, const struct meters *meters, const char *version);
