// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <stdio.h>

#include "transport/stream.h"

void stream_address_print(const struct stream_address *address, char text[STREAM_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN];

    if (address->family == 0) {
        snprintf(text, STREAM_ADDRESS_TEXT, "?");
        return;
    }
    inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, host, sizeof(host));
    snprintf(text, STREAM_ADDRESS_TEXT, address->family == 4 ? "%s:%u" : "[%s]:%u", host,
            address->port);
}
