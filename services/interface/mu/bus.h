/* bus.h - the command line's one connection to the node. */
#pragma once

#include "services/interface/mu/cli.h"

/* Connects, if that was not done yet. A node that lives and does not take calls, as while its
 * router starts, is waited for, --timeout at most. Returns 0; -ETIMEDOUT where it takes longer; or
 * mu_client_open's -errno; and says nothing. */
int bus_open(struct cli *cli);

/* The same; says why not. Returns EXIT_OK or an exit status. */
int bus_need(struct cli *cli);

void bus_close(struct cli *cli);

/* Calls and fills `*status`, and says nothing. `*replyp` is set on MU_OK only, and is the caller's:
 * protobuf_c_message_free_unpacked. `timeout_ms` 0: --timeout, else the default. While the
 * part of the node that was called is just coming back, the call is made again within that time, if
 * it was certainly not executed or twice does no harm. */
enum mu_code bus_ask(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, uint32_t timeout_ms,
        ProtobufCMessage **replyp, struct mu_status *status);

/* The same; says why it failed. Returns EXIT_OK or an exit status. */
int bus_call(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, ProtobufCMessage **replyp);

/* What to try after a call failed so; static text, or NULL. */
const char *bus_fix(const struct cli *cli, const struct mu_status *status);

/* For CLEANUP: frees a reply. */
void bus_reply_free(void *replyp);
