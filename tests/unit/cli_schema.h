/* tests/unit/cli_schema.h - the types of cli_types.proto, made at run time. */
#pragma once

#include "mu/schema.h"
#include "tests/unit/cmocka.h"

extern const unsigned char cli_types_set[];
extern const unsigned long cli_types_set_size;

static inline struct mu_schema *cli_schema_new(void)
{
    struct mu_bytes set = { cli_types_set, cli_types_set_size };
    struct mu_schema_error error = { "" };
    struct mu_schema *schema = NULL;

    if (mu_schema_new(&schema, set, &error) < 0)
        fail_msg("%s", error.text);
    return schema;
}
