/* stream.h - a call with a stream either way, between standard input and standard output. */
#pragma once

#include "services/interface/mu/request.h"

/* Opens the stream, sends and prints until it ends. Returns EXIT_OK or an exit status. */
int stream_make(struct cli *cli, const struct request *request);
