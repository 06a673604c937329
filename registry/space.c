// SPDX-License-Identifier: Apache-2.0
#include "registry/space.h"

#include <string.h>

#include "registry/name.h"
#include "transport/field.h"

enum { FIELD_NAMESPACE = 15 }; /* of mu.node.v1.Manifest */

void space_of_manifest(char space[REGISTRY_NAME_MAX + 1], const uint8_t *manifest, size_t size)
{
    const uint8_t *end = manifest + size;
    struct field field = { 0 };

    space[0] = '\0';
    for (const uint8_t *at = manifest; at != NULL && at < end;) {
        at = field_read(&field, at, end);
        if (at == NULL || field.number != FIELD_NAMESPACE || field.wire != WIRE_BYTES ||
                field.bytes.size > REGISTRY_NAME_MAX)
            continue;
        memcpy(space, field.bytes.data, field.bytes.size);
        space[field.bytes.size] = '\0';
    }
    if (!name_is_valid(space))
        space[0] = '\0';
}

bool space_shows(const char *of, const char *space)
{
    return of[0] == '\0' || space[0] == '\0' || strcmp(of, space) == 0;
}

bool space_shows_service(const char *of, const struct service *service)
{
    if (of[0] == '\0' || strcmp(of, service->space) == 0)
        return true;
    return service->space[0] == '\0' && service_is_listed(service);
}
