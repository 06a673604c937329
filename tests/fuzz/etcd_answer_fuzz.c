// SPDX-License-Identifier: Apache-2.0
/* Any bytes are an answer of etcd, and any value in it a statement: nothing of that is believed, as
 * nobody here can sign. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "registry/etcd/neighbours.h"
#include "registry/etcd/path.h"
#include "registry/etcd/v3.h"

static struct believed node = { .node = "east", .owner = "someone", .key = { 1 } };
static const struct roster roster = { .nodes = &node, .count = 1 };

static int hear(const struct v3_pair *pair, void *user)
{
    struct neighbours *neighbours = user;
    struct path_parts parts = path_read(pair->key, pair->key_size, "/mu");
    int r = neighbours_hear(neighbours, "east", pair->value);

    CHECK(r != NEIGHBOURS_BELIEVED && r != NEIGHBOURS_SAME);
    if (parts.kind != PATH_OTHER)
        CHECK(path_node_is_valid(parts.node));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mu_bytes bytes = { data, size };
    struct neighbours neighbours;
    enum v3_news news;
    char reason[32];
    uint64_t number;
    bool flag;

    if (neighbours_init(&neighbours, &roster, "/mu") < 0)
        return 0;
    v3_read_range(bytes, hear, &neighbours, &number, &flag);
    v3_read_watch(bytes, hear, &neighbours, &news, reason, sizeof(reason));
    v3_read_put_if(bytes, &flag, &number);
    v3_read_grant(bytes, &number);
    v3_read_keep_alive(bytes, &flag);
    CHECK(neighbours_hear(&neighbours, "east", bytes) > NEIGHBOURS_UNKNOWN);
    neighbours_deinit(&neighbours);
    return 0;
}
