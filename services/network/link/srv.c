// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/srv.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "transport/secure/address.h"

enum {
    SRV_PORT_AT = 4, /* of a record's data: priority 2, weight 2, port 2, target */
    SRV_TARGET_AT = 6,
    SRV_MESSAGE_MAX = 4096 /* bytes of an answer */
};

bool srv_name_is_valid(struct span name)
{
    char address[ADDRESS_SIZE_MAX + 1];

    if (name.size + 2 > ADDRESS_SIZE_MAX || memchr(name.data, '.', name.size) == NULL)
        return false;
    memcpy(address, name.data, name.size);
    memcpy(address + name.size, ":1", 3);
    return address_is_valid((struct span){ (const uint8_t *)address, name.size + 2 });
}

static void take_record(struct srv_answer *answer, const ns_msg *message, const ns_rr *record)
{
    char target[NS_MAXDNAME];
    char *address = answer->addresses[answer->count];
    int size;

    if (ns_rr_type(*record) != ns_t_srv || ns_rr_rdlen(*record) <= SRV_TARGET_AT ||
            ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message),
                    ns_rr_rdata(*record) + SRV_TARGET_AT, target, sizeof(target)) < 0)
        return;
    size = snprintf(address, ADDRESS_SIZE_MAX + 1, "%s:%u", target,
            ns_get16(ns_rr_rdata(*record) + SRV_PORT_AT));
    if (size > 0 && size <= ADDRESS_SIZE_MAX &&
            address_is_valid((struct span){ (const uint8_t *)address, (size_t)size }))
        answer->count += 1;
}

void srv_read(struct srv_answer *answer, struct span bytes)
{
    ns_msg message;
    ns_rr record;

    answer->count = 0;
    if (bytes.size > SRV_MESSAGE_MAX || ns_initparse(bytes.data, (int)bytes.size, &message) < 0)
        return;
    for (int i = 0; i < ns_msg_count(message, ns_s_an) && answer->count < SRV_TARGETS_MAX; i++) {
        if (ns_parserr(&message, ns_s_an, i, &record) == 0)
            take_record(answer, &message, &record);
    }
}

int srv_ask(const char *name, const struct sockaddr_in *server, struct srv_answer *answer)
{
    struct __res_state state = { 0 };
    char question[NS_MAXDNAME];
    uint8_t message[SRV_MESSAGE_MAX];
    int size;

    if (!srv_name_is_valid((struct span){ (const uint8_t *)name, strlen(name) }))
        return err_new(-EINVAL);
    if (res_ninit(&state) < 0)
        return err_new(-ENOMEM);
    if (server != NULL) {
        state.nsaddr_list[0] = *server;
        state.nscount = 1;
    }
    state.retry = 1;
    state.retrans = SRV_MS / 1000 / (state.nscount > 0 ? state.nscount : 1);
    snprintf(question, sizeof(question), "_mu._tcp.%s", name);
    size = res_nquery(&state, question, ns_c_in, ns_t_srv, message, sizeof(message));
    res_nclose(&state);
    if (size < 0)
        return err_new(state.res_h_errno == TRY_AGAIN ? -ETIMEDOUT : -ENOENT);
    srv_read(answer, (struct span){ message, (size_t)size });
    return answer->count > 0 ? 0 : err_new(-ENOENT);
}
