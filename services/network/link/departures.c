// SPDX-License-Identifier: Apache-2.0
/* A ring without times: where more of them are under way at once than it has room for, one is
 * passed on twice, and no farther than three links for all that. */
#include "services/network/link/departures.h"

bool departures_note(struct departures *departures, uint64_t number, uint64_t now_ms)
{
    for (uint32_t i = 0; i < DEPARTURES_MAX; i++) {
        if (departures->numbers[i] == number)
            return false;
    }
    departures->numbers[departures->next] = number;
    departures->next = (departures->next + 1) % DEPARTURES_MAX;
    departures->until_ms = now_ms + DEPARTURE_MS;
    return true;
}

uint32_t departures_left_ms(const struct departures *departures, uint64_t now_ms)
{
    return departures->until_ms > now_ms ? (uint32_t)(departures->until_ms - now_ms) : 0;
}
