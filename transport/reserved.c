// SPDX-License-Identifier: Apache-2.0
#include "transport/reserved.h"

#include <string.h>

bool reserved_has(struct span name)
{
    static const char *const reserved[] = { "router", "node", "registry", "link", "etcd", "auth",
        "client" };

    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (name.size == strlen(reserved[i]) && memcmp(name.data, reserved[i], name.size) == 0)
            return true;
    }
    return false;
}
