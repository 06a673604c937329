/* otlp.h - a trace in OTLP's JSON: the body of a POST to a collector's /v1/traces. */
#pragma once

#include <jansson.h>

#include "services/interface/mu/trace_set.h"

/* Makes an ExportTraceServiceRequest (opentelemetry-proto 1.x, mapped to JSON as OTLP has it: ids
 * in digits, 64-bit numbers as strings) of all of `set`, seen on the node called `node`. The
 * caller's; NULL: no memory. */
json_t *otlp_make(const struct trace_set *set, const char *node, const char *version);
