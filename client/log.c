// SPDX-License-Identifier: Apache-2.0
#include "mu/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

_Static_assert((int)MU_LOG_DEBUG == (int)LOG_DEBUG && (int)MU_LOG_ERROR == (int)LOG_ERROR,
        "the library's levels are base's");

void mu_log(enum mu_log_level level, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    if ((enum log_level)level < log_get_level())
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    log_write((enum log_level)level, "%s", line);
}
