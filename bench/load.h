/* load.h - a closed loop of calls, the same for every peer.
 *
 * A load has lanes: one connection each. A lane has calls: `outstanding` of them, each of which is
 * sent again as soon as its answer came, until time is over. A peer moves bodies and nothing else;
 * what is sent, whether the answer is the same bytes, how long it took and what it cost is decided
 * here.
 *
 * A lane belongs to the thread that takes its answers. Other threads may only call lane_request for
 * a call's first request, and lane_error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOAD_BODY_MIN = 16,      /* bytes: what a body needs to be told from all others */
    LOAD_BODY_MAX = 1000000, /* bytes */
    LOAD_CALLS_MAX = 8192,   /* outstanding in one lane */
    LOAD_LANES_MAX = 256,    /* connections */
    LOAD_WATCHED_MAX = 32,   /* processes besides the client */
    LOAD_GRACE_MS = 2000     /* after this much more time an answer is missing */
};

struct load_options {
    const char *role;    /* "call", "serve", … */
    const char *address; /* where the peer is; what it means is the peer's business */
    const char *mode;    /* the peer's own setting, "" for none */
    const char *service; /* which of the peer's echoes; "echo" for the usual one */
    uint32_t body_size;
    uint32_t outstanding;
    uint32_t lane_count;
    uint32_t warmup_ms;
    uint32_t duration_ms;
    pid_t watched[LOAD_WATCHED_MAX];
    uint32_t watched_count;
};

struct load; /* opaque */
struct lane; /* opaque */

/* Reads `ROLE --address A [--mode M] [--service S] [--body N] [--outstanding N] [--clients N]
 * [--warmup MS] [--duration MS] [--watch PID]…`. Ends the process with 2 and a word of help on
 * anything else. */
void load_parse(struct load_options *options, int argc, char **argv);

/* The parent learns from a line on standard output that this process serves now. */
void load_say_ready(void);

/* The same, of an answer that was waited for: prints when it came, in us of the monotonic clock. */
void load_say_answered(void);

/* Rests for a fifth of a millisecond, after a call that failed and before the next try. */
void load_rest(void);

/* Makes a load and starts its clock; ends the process where there is no memory. `options` is
 * copied. */
struct load *load_new(const struct load_options *options);

/* NULL is fine. Returns NULL. */
struct load *load_free(struct load *load);

/* The lane `index` (0..lane_count-1), borrowed from the load. */
struct lane *load_lane(struct load *load, uint32_t index);

/* Writes the next request of `call` (0..outstanding-1), body_size bytes, to `body`. */
void lane_request(struct lane *lane, uint32_t call, uint8_t *body);

/* Which call a body belongs to, for peers that cannot tell; LOAD_CALLS_MAX for none. */
uint32_t lane_find(const struct lane *lane, const void *body, size_t size);

/* Takes the answer of `call`. Returns whether to send the call's next request now. */
bool lane_answer(struct lane *lane, uint32_t call, const void *body, size_t size);

/* The call failed, or bytes came that belong to no call (`call` is LOAD_CALLS_MAX). It is not sent
 * again. */
void lane_error(struct lane *lane, uint32_t call);

/* Time is over and every call has ended, or the grace is over, too. */
bool load_is_over(const struct load *load);

/* Waits until it is. */
void load_wait(const struct load *load);

/* Prints one line of JSON. Returns the exit status: 0, or 1 where an answer is wrong or missing. */
int load_report(struct load *load, const char *peer);

#ifdef __cplusplus
}
#endif
