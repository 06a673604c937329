/* client/ending.h - one cause that ends many calls at a time. */
#pragma once

#include "client/connection.h"

struct ending {
    uint32_t epoch;   /* only calls of this connection; 0: only parked ones */
    uint64_t due_ms;  /* only calls to be given up by then; UINT64_MAX: all of them */
    bool tell_router; /* that nobody waits for them any more */
    struct mu_status verdict;
};

/* Ends the calls that `ending` covers and tells them, on this thread; without the lock. */
void connection_end_calls(struct mu_client *client, const struct ending *ending);
