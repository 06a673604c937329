/* ready.h - waiting until what was started takes calls. */
#pragma once

#include "services/interface/mu/cli.h"

enum ready_outcome {
    READY_UP,
    READY_NEVER, /* it, or one of them, will not be up by waiting: see standing.h */
    READY_LATE,
    READY_GONE /* the node went away meanwhile */
};

/* Waits up to `wait_ms` until every process of `service` is up, or cannot be by waiting. Where
 * `service` is NULL, that is every process of the node that should be up, and one that pauses after
 * it failed had its chance. With `talk` it says each that becomes up. */
enum ready_outcome ready_wait(struct cli *cli, const char *service, uint32_t wait_ms, bool talk);

/* Says what keeps `service`, which was just registered, from taking calls. Of a node (`service` is
 * NULL), each service that is not up is a warning, and the node is well without it. Returns
 * EXIT_OK, or an exit status. */
int ready_say(struct cli *cli, const char *service, enum ready_outcome outcome);
