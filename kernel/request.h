/* kernel/request.h - what others want of the supervisor's core: services applied, removed, started,
 * stopped. Pure. */
#pragma once

#include "kernel/supervisor.h"

/* What becomes of a request. All but OK and LATER leave everything as it was. */
enum request_outcome {
    REQUEST_OK,
    REQUEST_LATER,        /* EFFECT_REPLY follows */
    REQUEST_UNKNOWN,      /* no service of that name */
    REQUEST_KERNEL,       /* a part of the node: not to be changed or stopped alone */
    REQUEST_IN_NODE_FILE, /* the node file has it: not to be removed */
    REQUEST_ENDING,       /* the node is stopping */
    REQUEST_CYCLE,        /* it would need itself; `text` says how */
    REQUEST_FULL,         /* over a limit */
    REQUEST_TAKEN,        /* another namespace has the name */
    REQUEST_BUSY          /* the node boots, or is in a turnover already */
};

/* Makes a service run as `config` says. The same manifest again does nothing; another one restarts
 * it; one that was stopped stays so with either. `text` is set on CYCLE. Returns an outcome or
 * -ENOMEM. */
int request_apply(struct supervisor *supervisor, const struct service_config *config,
        bool in_node_file, uint64_t now_ms, char *text, size_t size);

/* Stops a service and forgets it; LATER, with a reply for `call` once it is down. */
int request_remove(struct supervisor *supervisor, const char *name, uint64_t call, uint64_t now_ms);

/* Keeps a service down as request_stop does, with nobody who waits for it; for one that was stopped
 * before the node came up. */
int request_hold(struct supervisor *supervisor, const char *name, uint64_t now_ms);

/* Starts what is down, failed or pausing. A Stop that waits is answered as not done. */
int request_start(struct supervisor *supervisor, const char *name, uint64_t now_ms);

/* Stops a service and keeps it so until request_start; LATER, with a reply for `call` once it is
 * down. */
int request_stop(struct supervisor *supervisor, const char *name, uint64_t call, uint64_t now_ms);

/* Ends every process of it, as SIGTERM does, and starts it again. */
int request_restart(struct supervisor *supervisor, const char *name, uint64_t now_ms);

/* Restarts the router, and with `replaces` the supervisor, while calls wait: kernel/turnover.h. */
int request_turnover(
        struct supervisor *supervisor, bool replaces, uint32_t drain_ms, uint64_t now_ms);

/* The caller of `call` waits no more. */
void request_forget(struct supervisor *supervisor, uint64_t call);
