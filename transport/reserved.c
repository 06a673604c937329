// SPDX-License-Identifier: Apache-2.0
#include "transport/reserved.h"

#include "transport/names.h"

bool reserved_has(struct span name)
{
    static const struct span reserved[] = { NAME("router"), NAME("node"), NAME("registry"),
        NAME("link"), NAME("etcd"), NAME("auth"), NAME("client") };

    return names_have(reserved, sizeof(reserved) / sizeof(reserved[0]), name);
}
