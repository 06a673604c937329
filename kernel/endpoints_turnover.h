/* kernel/endpoints_turnover.h - node.Upgrade, and node.Restart of the router. */
#pragma once

#include "kernel/inquiry.h"

void endpoints_upgrade(const struct inquiry *inquiry);

/* Restarts the router, so that calls wait and none fails. */
void endpoints_restart_router(const struct inquiry *inquiry);
