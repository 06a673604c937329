/* services/network/link/departures.h - nodes whose link processes stop on purpose, as they say:
 * what is lost in the next moment may be back soon.
 *
 * The word goes as far as routes do, from neighbour to neighbour, and each node passes it on once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/network/link/network_limits.h"

struct departures {
    uint64_t numbers[DEPARTURES_MAX]; /* heard last, in a ring; 0: none */
    uint32_t next;
    uint64_t until_ms; /* what is lost until then may be back until then; 0: nothing */
};

/* Notes one. False where it was heard before. */
bool departures_note(struct departures *departures, uint64_t number, uint64_t now_ms);

/* For how long what is lost now is to be waited for; 0: not at all. */
uint32_t departures_left_ms(const struct departures *departures, uint64_t now_ms);
