// SPDX-License-Identifier: Apache-2.0
/* mu, the command line. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/dispatch.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/output.h"

/* The router cancels what a process had called when its channel closes, so leaving is cancelling.
 */
static void main_interrupt(int number)
{
    (void)number;
    _exit(EXIT_INTERRUPTED);
}

static void main_signals(void)
{
    struct sigaction interrupt = { .sa_handler = main_interrupt };

    sigaction(SIGINT, &interrupt, NULL);
    signal(SIGPIPE, SIG_DFL); /* `mu ps | head -1` ends quietly, whatever was inherited */
}

int main(int argc, char **argv)
{
    struct cli cli = { 0 };
    int written;
    int code;

    descriptors_open_standard();
    setlocale(LC_ALL, "");
    main_signals();
    code = dispatch(&cli, argc, argv);
    bus_close(&cli);
    written = output_flush(&cli);
    return written != EXIT_OK ? written : code;
}
