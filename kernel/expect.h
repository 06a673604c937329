/* kernel/expect.h - tells the router which services are on their way, so that calls to them wait
 * instead of failing. */
#pragma once

#include "kernel/node.h"

/* Tells it of each service of which there is something new to say since the last time. */
void expect_tell(struct node *node);

/* A new router has been told nothing. */
void expect_anew(struct node *node);
