// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void err_record(int code, const char *how, const char *file, int line)
{
    if (getenv("MU_ERR_TRACE") != NULL)
        fprintf(stderr, "%s %s:%d: %s\n", how, file, line, strerror(-code));
}
