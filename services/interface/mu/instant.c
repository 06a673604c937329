// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/instant.h"

#include <stdio.h>
#include <time.h>

#include "services/interface/mu/duration.h"

uint64_t instant_now_s(void)
{
    return (uint64_t)time(NULL);
}

char *instant_print(uint64_t at_s, uint64_t now_s, char text[INSTANT_TEXT_MAX])
{
    time_t at = (time_t)at_s;
    char date[24] = "another age"; /* where the year has no room in a struct tm */
    char distance[DURATION_TEXT_MAX];
    struct tm parts;

    if (localtime_r(&at, &parts) != NULL)
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &parts);
    if (at_s > now_s)
        snprintf(text, INSTANT_TEXT_MAX, "%s (in %s)", date,
                duration_print((at_s - now_s) * 1000, distance));
    else
        snprintf(text, INSTANT_TEXT_MAX, "%s (%s ago)", date,
                duration_print((now_s - at_s) * 1000, distance));
    return text;
}
