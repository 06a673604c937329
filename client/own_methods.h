/* client/own_methods.h - what the library answers for every service: mu.debug.v1.Debug. */
#pragma once

#include "client/host.h"

/* Answers `call`, if its method is one of these. Returns false where it is none. */
bool own_method_serve(struct host *host, struct mu_call *call);
