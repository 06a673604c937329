/* client/schema/default.h - the default values of proto2. */
#pragma once

#include "client/schema/types.h"

/* Reads the default of a field whose type and label are set, `text` or the type's own for NULL,
 * into what protobuf-c expects of `default_value`. `*valuep` is NULL for zero. Returns 0, -EINVAL
 * for a text that is no value of the type, or -ENOMEM. */
int default_read(struct mu_schema *schema, const ProtobufCFieldDescriptor *field, const char *text,
        const void **valuep);
