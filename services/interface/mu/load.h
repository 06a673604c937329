/* load.h - the same call many times, and how long each took. */
#pragma once

#include "services/interface/mu/request.h"

/* Makes request->count calls, request->parallel at a time, and prints the figures, after ^C those
 * so far. Returns EXIT_OK if all were answered with OK, else the exit status of the first that was
 * not. */
int load_make(struct cli *cli, const struct request *request);

/* The index of the smallest of `count` sorted values that is no less than `percent` of them: the
 * nearest rank. `count` is at least 1. */
long load_rank(long count, long percent);
