// SPDX-License-Identifier: Apache-2.0
/* The whole state of a node is on its disk, so all that a successor is told is the lock's
 * descriptor and since when calls have waited. */
#include "kernel/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/expect.h"
#include "kernel/notify.h"
#include "kernel/process.h"
#include "mu/router/v1/router.pb-c.h"

enum { HANDOVER_ARGS_MAX = 12, HANDOVER_TEXT_MAX = 48 };

void handover_drain(struct node *node)
{
    const struct turnover *turnover = &node->supervisor.turnover;
    Mu__Router__V1__DrainRequest request = MU__ROUTER__V1__DRAIN_REQUEST__INIT;
    char text[128];
    uint8_t body[16];
    size_t size;

    request.for_ms = turnover->drain_ms;
    size = mu__router__v1__drain_request__pack(&request, body);
    node->drain_call = control_call(&node->control, "router.Drain", (struct span){ body, size });
    log_info("calls wait from now on; those under way have %u ms", turnover->drain_ms);
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=%s", clock_us(),
            turnover->replaces ? "upgrading" : "restarting the router");
    notify_send(text);
}

bool handover_answered(struct node *node, const struct envelope *envelope)
{
    const struct service *router = plan_find(&node->supervisor.services, "router");

    if (envelope->id == node->drain_call) {
        node->drain_call = 0;
        turnover_drained(&node->supervisor, clock_ms());
        return true;
    }
    if (envelope->id != node->open_call)
        return false;
    node->open_call = 0;
    if (envelope->status.size != 0) { /* the next one opens by itself, or says why it cannot */
        log_error("the router cannot let callers in: another one is started");
        process_signal(process_find(&node->processes, router->children[0].instance), SIGKILL);
    }
    return true;
}

void handover_open(struct node *node)
{
    const struct turnover *turnover = &node->supervisor.turnover;

    if (!node->closed)
        return;
    node->closed = false;
    expect_anew(node); /* what is still on its way is waited for from now on */
    node->open_call = control_call(&node->control, "router.Open", (struct span){ NULL, 0 });
    log_info("calls go on, after %u ms", turnover->pause_ms);
}

bool handover_is_due(const struct node *node)
{
    return node->over && node->supervisor.turnover.replaces;
}

/* ---- the exec ---- */

static char *handover_word(const char *text)
{
    return (char *)(uintptr_t)text;
}

void handover(struct node *node, struct boot_options *options)
{
    char program[FOLDER_PATH_MAX + 16];
    char resume[HANDOVER_TEXT_MAX];
    char *args[HANDOVER_ARGS_MAX] = { program, handover_word("--resume"), resume };
    size_t count = 3;

    snprintf(program, sizeof(program), "%.*s/mu-node", FOLDER_PATH_MAX, node->successor);
    options->resumes = true;
    options->began_ms = node->supervisor.turnover.began_ms;
    options->lock_fd = lock_lend(&node->lock);
    snprintf(resume, sizeof(resume), "%d:%" PRIu64, options->lock_fd, options->began_ms);
    if (options->dir != NULL) {
        args[count++] = handover_word("--dir");
        args[count++] = handover_word(options->dir);
    }
    if (options->file != NULL) {
        args[count++] = handover_word("--file");
        args[count++] = handover_word(options->file);
    }
    if (options->name != NULL) {
        args[count++] = handover_word("--name");
        args[count++] = handover_word(options->name);
    }
    if (options->daemon)
        args[count++] = handover_word("--daemon");
    log_info("%s takes over", program);
    boot_close(node);
    execv(program, args);
    log_error("%s does not run (%s): the node goes on with what it had", program, strerror(errno));
}

bool handover_read(struct boot_options *options, const char *text)
{
    char *colon;
    char *end;
    long fd;

    errno = 0;
    fd = strtol(text, &colon, 10);
    if (errno != 0 || colon == text || *colon != ':' || fd < 0 || fd > INT_MAX)
        return false;
    options->resumes = true;
    options->lock_fd = (int)fd;
    options->began_ms = strtoull(colon + 1, &end, 10);
    return errno == 0 && end != colon + 1 && *end == '\0';
}
