/* kernel/router/dedup_limits.h - what calls with a key may cost a router, by name. docs/limits.md
 * quotes it. */
#pragma once

enum {
    DEDUP_KEEP_MS = 600000,           /* a key is known for so long behind the end of its call */
    DEDUP_KEYS_MAX = 131072,          /* keys that are known; one caller's: as many as are left */
    DEDUP_ANSWER_MAX = 65536,         /* bytes of an answer that is kept with its key */
    DEDUP_ANSWERS_SIZE_MAX = 16777216 /* of all of them; one caller's: as many as are left */
};
