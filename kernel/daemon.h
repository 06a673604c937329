/* kernel/daemon.h - leaving the terminal: the program that was started stays until the node is
 * ready, and a grandchild of it runs the node. */
#pragma once

/* Forks. Returns in the grandchild only, detached from its terminal, with standard input and output
 * on /dev/null and the end of a pipe in `*teller_fdp`, which it owns; or returns -errno where
 * nothing was forked. The first process waits for daemon_tell and exits: 0 for "", else 1 with
 * `text` on its standard error, which is also how it ends when the grandchild ends without a word.
 */
int daemon_detach(int *teller_fdp);

/* Tells the first process how it went (NULL: the node is ready) and closes `*teller_fdp`. Nothing
 * where it is -1. */
void daemon_tell(int *teller_fdp, const char *text);
