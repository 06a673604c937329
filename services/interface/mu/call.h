/* call.h - a call by name, whatever its shape. */
#pragma once

#include "services/interface/mu/request.h"

/* Makes the call, prints what it gives, says what is wrong. Returns an exit status. */
int call_make(struct cli *cli, const struct request *request);
