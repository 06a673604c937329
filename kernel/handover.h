/* kernel/handover.h - the shell's part of a turnover (kernel/turnover.h): what the router is told,
 * and the exec by which another supervisor takes over in this process. That keeps its number, so
 * who started the node (systemd, a shell) notices nothing; and its lock, so that no other node
 * comes in between. */
#pragma once

#include <stdbool.h>

#include "kernel/boot.h"

/* Tells the router to drain. */
void handover_drain(struct node *node);

/* Takes the router's answer to that, or to handover_open. False where the RESULT is of another
 * call.
 */
bool handover_answered(struct node *node, const struct envelope *envelope);

/* Everything is up: a router that was started closed lets callers in. */
void handover_open(struct node *node);

/* True where node_run returned because another supervisor is to take over. */
bool handover_is_due(const struct node *node);

/* Closes the node and becomes the supervisor that takes over. Returns where that cannot be: then
 * `options` are such that this program boots the node again, in its place. */
void handover(struct node *node, struct boot_options *options);

/* Reads what handover wrote into the arguments of its successor. False where it is not that. */
bool handover_read(struct boot_options *options, const char *text);
