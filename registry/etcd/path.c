// SPDX-License-Identifier: Apache-2.0
#include "registry/etcd/path.h"

#include <stdio.h>
#include <string.h>

#include "registry/name.h"

#define PATH_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

bool path_prefix_is_valid(const char *prefix)
{
    size_t size = strlen(prefix);

    return size >= 2 && size <= ETCD_PREFIX_SIZE_MAX && prefix[0] == '/' &&
           prefix[size - 1] != '/' && strspn(prefix, PATH_LETTERS "/") == size;
}

bool path_node_is_valid(const char *node)
{
    size_t size = strlen(node);

    return size >= 1 && size <= REGISTRY_NODE_MAX && strspn(node, PATH_LETTERS) == size;
}

void path_of_offers(struct path *path, const char *prefix, const char *node)
{
    snprintf(path->text, sizeof(path->text), "%s/nodes/%s/offers", prefix, node);
}

void path_of_service(struct path *path, const char *prefix, const char *node, const char *service)
{
    snprintf(path->text, sizeof(path->text), "%s/nodes/%s/services/%s", prefix, node, service);
}

void path_of_types(struct path *path, const char *prefix, const uint8_t types[32])
{
    int size = snprintf(path->text, sizeof(path->text), "%s/types/", prefix);

    for (unsigned i = 0; i < 32; i++, size += 2)
        snprintf(path->text + size, sizeof(path->text) - (size_t)size, "%02x", types[i]);
}

void path_of_nodes(struct path *first, struct path *behind, const char *prefix)
{
    snprintf(first->text, sizeof(first->text), "%s/nodes/", prefix);
    snprintf(behind->text, sizeof(behind->text), "%s/nodes%c", prefix, '/' + 1);
}

/* Moves `*textp` behind `part`, if it starts so. */
static bool path_skip(const char **textp, const char *part)
{
    size_t size = strlen(part);

    if (strncmp(*textp, part, size) != 0)
        return false;
    *textp += size;
    return true;
}

struct path_parts path_read(const char *key, size_t size, const char *prefix)
{
    struct path_parts parts = { .kind = PATH_OTHER };
    char text[ETCD_KEY_SIZE_MAX + 1];
    const char *rest = text;
    size_t node_size;

    if (size > ETCD_KEY_SIZE_MAX || memchr(key, '\0', size) != NULL)
        return parts;
    memcpy(text, key, size);
    text[size] = '\0';
    if (!path_skip(&rest, prefix) || !path_skip(&rest, "/nodes/"))
        return parts;
    node_size = strcspn(rest, "/");
    if (node_size > REGISTRY_NODE_MAX)
        return parts;
    memcpy(parts.node, rest, node_size);
    if (!path_node_is_valid(parts.node))
        return parts;
    rest += node_size;
    if (strcmp(rest, "/offers") == 0) {
        parts.kind = PATH_OFFERS;
    } else if (path_skip(&rest, "/services/") && name_is_valid(rest)) {
        parts.kind = PATH_SERVICE;
        snprintf(parts.service, sizeof(parts.service), "%s", rest);
    }
    return parts;
}
