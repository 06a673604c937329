/* listen.h - where a node that founds or joins a network listens, and what others dial. */
#pragma once

#include "services/interface/mu/address.h"

struct arguments;

struct listen {
    const char *address;        /* borrowed; "" where it only dials */
    struct address_list others; /* what others are told; empty: `address` itself */
};

/* Reads --listen (`none`, HOST:PORT, else `fallback`) and each --address. A node that listens at
 * every address of its machine and names none is known by those that the machine has. Says what is
 * wrong. Returns EXIT_OK or an exit status. */
int listen_choose(const struct cli *cli, const struct arguments *arguments, const char *fallback,
        struct listen *listen);

/* Two entries of a command's table of flags. */
#define LISTEN_FLAGS(fallback)                                                                     \
    { .name = "listen",                                                                            \
        .value = "HOST:PORT",                                                                      \
        .help = "where other nodes reach this one, or none; without: " fallback },                 \
    {                                                                                              \
        .name = "address", .value = "HOST:PORT",                                                   \
        .help = "what others dial, where that is not --listen; may be given several times"         \
    }
