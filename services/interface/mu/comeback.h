/* comeback.h - waiting until a part of the node that is restarted is back, and all with it. */
#pragma once

#include <stdint.h>

#include "services/interface/mu/cli.h"
#include "services/interface/mu/arguments.h"

/* The number of the service's first process, if it is a part of the node; 0 where it is none. Says
 * what is wrong. Returns EXIT_OK or an exit status. */
int comeback_look(struct cli *cli, const char *service, uint64_t *instancep);

/* Waits until that part is another process than `before`, and the rest of the node is up. Nothing
 * can be called meanwhile. Says what is wrong. Returns EXIT_OK or an exit status. */
int comeback_wait(struct cli *cli, const char *service, uint64_t before, uint32_t drain_ms);

/* Reads --drain, of the commands that have it: 0 where it was not given. Returns EXIT_OK, or
 * EXIT_USAGE after saying what is wrong. */
int comeback_drain(const struct cli *cli, const struct arguments *arguments, uint32_t *drain_msp);

#define COMEBACK_DRAIN_FLAG                                                                        \
    {                                                                                              \
        .name = "drain", .value = "DURATION",                                                      \
        .help = "calls under way may take so long, 3s if not given; the next ones wait meanwhile"  \
    }
