/* tests/unit/schema_file.h - a schema from a file that protoc made. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "mu/schema.h"
#include "tests/unit/cmocka.h"

static inline struct mu_schema *schema_open(const char *path)
{
    struct mu_schema_error error = { "" };
    struct mu_schema *schema = NULL;
    uint8_t *bytes = malloc(MU_SCHEMA_SET_MAX);
    FILE *file = fopen(path, "rb");
    size_t size;

    assert_non_null(bytes);
    assert_non_null(file);
    size = fread(bytes, 1, MU_SCHEMA_SET_MAX, file);
    fclose(file);
    if (mu_schema_new(&schema, (struct mu_bytes){ bytes, size }, &error) < 0)
        fail_msg("%s: %s", path, error.text);
    free(bytes);
    return schema;
}
