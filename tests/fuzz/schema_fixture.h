/* tests/fuzz/schema_fixture.h - what the fuzz targets of the schema share. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "mu/schema.h"

/* A schema from a file that protoc made; it lives as long as the process. */
static inline struct mu_schema *fixture_open(const char *path)
{
    static uint8_t bytes[MU_SCHEMA_SET_MAX];
    struct mu_schema *schema = NULL;
    FILE *file = fopen(path, "rb");
    size_t size;

    CHECK(file != NULL);
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    CHECK(mu_schema_new(&schema, (struct mu_bytes){ bytes, size }, NULL) == 0);
    return schema;
}

static inline const ProtobufCMessageDescriptor *fixture_type(
        const struct mu_schema *schema, const char *name)
{
    const ProtobufCMessageDescriptor *type = mu_schema_message(schema, name);

    CHECK(type != NULL);
    return type;
}

/* A text may be refused for one reason that has nothing to do with it: what its body would take. */
static inline bool fixture_is_budget(const struct mu_schema_error *error)
{
    return strstr(error->text, "bytes of memory") != NULL ||
           strstr(error->text, "out of memory") != NULL;
}

/* What was read from a text is sound, prints, and what it prints is read as the same body. */
static inline void fixture_check_body(const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, struct mu_bytes body, unsigned flags)
{
    struct mu_schema_error error = { "" };
    char *json = NULL;
    uint8_t *again = NULL;
    size_t size = 0;

    CHECK(mu_body_check(type, body, &error) == 0);
    CHECK(mu_body_to_json(schema, type, body, flags, &json, &error) == 0);
    CHECK(mu_json_to_body(schema, type, json, strlen(json), flags, &again, &size, &error) == 0);
    CHECK(size == body.size);
    CHECK(memcmp(again, body.data, size) == 0);
    free(again);
    free(json);
}
