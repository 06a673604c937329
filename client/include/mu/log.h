/* mu/log.h - a service's own words, one line each, on standard error.
 *
 * They are for people on a terminal, and JSON elsewhere. `mu call SERVICE.mu.LogLevel level=debug`
 * changes the level of a service that runs. */
#pragma once

#include "mu/api.h"

enum mu_log_level { MU_LOG_DEBUG, MU_LOG_INFO, MU_LOG_WARN, MU_LOG_ERROR };

/* Lines over 4 KiB are cut. What a handler says while it handles a call carries the call's trace:
 * `trace_id` and `span_id` in JSON, by which `mu logs --trace ID` finds it. */
MU_PUBLIC void mu_log(enum mu_log_level level, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#define mu_log_debug(...) mu_log(MU_LOG_DEBUG, __VA_ARGS__)
#define mu_log_info(...)  mu_log(MU_LOG_INFO, __VA_ARGS__)
#define mu_log_warn(...)  mu_log(MU_LOG_WARN, __VA_ARGS__)
#define mu_log_error(...) mu_log(MU_LOG_ERROR, __VA_ARGS__)
