/* waterfall.h - a trace as a picture: a line a call, each under the one that it was made in, and a
 * bar for when it was under way. */
#pragma once

#include "services/interface/mu/cli.h"
#include "services/interface/mu/calls_reach.h"

/* Prints the trace, which is of `found`, to standard output; with the node that saw each call,
 * where all nodes were asked. Returns EXIT_OK or an exit status. */
int waterfall_print(
        const struct cli *cli, const struct trace *trace, const struct calls_reach *found);

enum { WATERFALL_BAR_MAX = 60 }; /* columns */

/* Draws the bar of a call from `from_us` to `to_us` after the first one's begin, of a trace that
 * took `whole_us`, into `columns` (1..WATERFALL_BAR_MAX) cells of `text`; one cell at least is
 * full. Returns `text`. */
char *waterfall_bar(uint64_t from_us, uint64_t to_us, uint64_t whole_us, int columns, bool is_utf8,
        char text[3 * WATERFALL_BAR_MAX + 1]);
