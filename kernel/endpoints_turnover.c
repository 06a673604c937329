// SPDX-License-Identifier: Apache-2.0
#include "kernel/endpoints_turnover.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/answer.h"
#include "kernel/node.h"
#include "kernel/request.h"
#include "kernel/successor.h"
#include "mu/node/v1/node.pb-c.h"

/* Begins a turnover. False where that cannot be, which the caller was told. */
static bool turnover_ask(const struct inquiry *inquiry, bool replaces, uint32_t drain_ms)
{
    struct control *control = &inquiry->node->control;

    if (drain_ms > DRAIN_MAX_MS) {
        answer_refusal(control, inquiry->call, MU_INVALID_ARGUMENT,
                "drain_ms: calls under way may have %d ms at most, as others wait for them",
                DRAIN_MAX_MS);
        return false;
    }
    switch (request_turnover(&inquiry->node->supervisor, replaces, drain_ms, clock_ms())) {
    case REQUEST_OK:
        return true;
    case REQUEST_ENDING:
        answer_refusal(control, inquiry->call, MU_UNAVAILABLE, "the node is stopping");
        return false;
    default:
        answer_refusal(control, inquiry->call, MU_FAILED_PRECONDITION,
                "the node starts, or its router is being restarted already; wait until `mu status` "
                "says that it is ready");
        return false;
    }
}

void endpoints_upgrade(const struct inquiry *inquiry)
{
    const Mu__Node__V1__UpgradeRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__UpgradeReply reply = MU__NODE__V1__UPGRADE_REPLY__INIT;
    struct node *node = inquiry->node;
    struct successor successor;

    if (successor_find(&successor, request->from, node->libexec) < 0) {
        answer_refusal(&node->control, inquiry->call, MU_FAILED_PRECONDITION, "%s", successor.text);
        return;
    }
    if (!turnover_ask(inquiry, true, request->drain_ms))
        return;
    snprintf(node->successor, sizeof(node->successor), "%s", successor.libexec);
    log_info("told by user %u to give the node to version %s in %s", inquiry->caller->uid,
            successor.version, successor.libexec);
    reply.before = (char *)MU_VERSION;
    reply.after = successor.version;
    reply.program_dir = successor.libexec;
    answer_message(&node->control, inquiry->call, &reply.base);
}

void endpoints_restart_router(const struct inquiry *inquiry)
{
    const Mu__Node__V1__RestartRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__RestartReply reply = MU__NODE__V1__RESTART_REPLY__INIT;

    if (turnover_ask(inquiry, false, request->drain_ms))
        answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}
