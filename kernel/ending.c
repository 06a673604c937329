// SPDX-License-Identifier: Apache-2.0
#include "kernel/ending.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void ending_print_why(const struct ending *ending, char *text, size_t size)
{
    const char *unit = ending->limit_ms % 1000 == 0 ? "s" : "ms";
    unsigned limit = ending->limit_ms % 1000 == 0 ? ending->limit_ms / 1000 : ending->limit_ms;

    text[0] = '\0';
    switch (ending->cause) {
    case ENDING_UNREADY:
        snprintf(text, size, "not ready within %u %s, ", limit, unit);
        break;
    case ENDING_SLOW_STOP:
        snprintf(text, size, "did not stop within %u %s, ", limit, unit);
        break;
    case ENDING_CUT:
        snprintf(text, size, "lost its channel, ");
        break;
    case ENDING_DENIED:
        snprintf(text, size, "not admitted by the router, ");
        break;
    case ENDING_HURRIED:
        snprintf(text, size, "the node stopped in a hurry, ");
        break;
    case ENDING_NONE:
    case ENDING_BY_ITSELF:
    case ENDING_ASKED:
    case ENDING_UNSTARTED:
        break;
    }
}

void ending_print(const struct ending *ending, char *text, size_t size)
{
    char why[ENDING_TEXT_MAX];

    ending_print_why(ending, why, sizeof(why));
    if (ending->cause == ENDING_NONE)
        snprintf(text, size, "%s", "");
    else if (ending->cause == ENDING_UNSTARTED && ending->code == ENOTSUP)
        snprintf(text, size,
                "cannot be started: its sandbox would be of too low a grade; "
                "its log says more");
    else if (ending->cause == ENDING_UNSTARTED)
        snprintf(text, size, "cannot be started: %s", strerror(ending->code));
    else if (ending->signalled && ending->code == SIGSYS)
        snprintf(text, size, "%ssignal %d (a system call that its sandbox forbids)", why, SIGSYS);
    else if (ending->signalled)
        snprintf(text, size, "%ssignal %d (%s)", why, ending->code, strsignal(ending->code));
    else
        snprintf(text, size, "%sexit %d", why, ending->code);
}
