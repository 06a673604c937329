// SPDX-License-Identifier: Apache-2.0
/* Converts for json_compare.py: commands on standard input, answers on standard output, each a sign
 * and a 32-bit little-endian size in front of its bytes. `J`: JSON to a body; `B`: a body to JSON;
 * `Y`: YAML to a body. The answer is `+` with the result, or `-` with the error. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "mu/schema.h"

static int driver_read(uint8_t **bytesp, size_t *sizep)
{
    uint8_t head[4];

    if (fread(head, 1, sizeof(head), stdin) != sizeof(head))
        return -1;
    *sizep = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    *bytesp = malloc(*sizep + 1);
    return *bytesp != NULL && fread(*bytesp, 1, *sizep, stdin) == *sizep ? 0 : -1;
}

static void driver_write(char sign, const void *bytes, size_t size)
{
    uint8_t head[] = { (uint8_t)sign, (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
        (uint8_t)(size >> 24) };

    fwrite(head, 1, sizeof(head), stdout);
    fwrite(bytes, 1, size, stdout);
    fflush(stdout);
}

static int driver_answer(
        const struct mu_schema *schema, const ProtobufCMessageDescriptor *type, int command)
{
    CLEANUP(cleanup_free) uint8_t *input = NULL;
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    CLEANUP(cleanup_free) char *json = NULL;
    struct mu_schema_error error;
    size_t input_size;
    size_t size = 0;
    int result;

    if (driver_read(&input, &input_size) < 0)
        return -1;
    if (command == 'B') {
        result = mu_body_to_json(
                schema, type, (struct mu_bytes){ input, input_size }, 0, &json, &error);
        size = result == 0 ? strlen(json) : 0;
    } else if (command == 'J') {
        result = mu_json_to_body(
                schema, type, (const char *)input, input_size, 0, &body, &size, &error);
    } else {
        result = mu_yaml_to_body(
                schema, type, (const char *)input, input_size, &body, &size, &error);
    }
    if (result < 0)
        driver_write('-', error.text, strlen(error.text));
    else
        driver_write('+', json != NULL ? (const void *)json : body, size);
    return 0;
}

/* json_driver SET TYPE */
int main(int argc, char **argv)
{
    static uint8_t set[MU_SCHEMA_SET_MAX];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    const ProtobufCMessageDescriptor *type;
    struct mu_schema_error error;
    struct mu_schema *schema;
    size_t size;
    int status = 0;

    if (file == NULL) {
        fprintf(stderr, "usage: json_driver SET TYPE\n");
        return 2;
    }
    size = fread(set, 1, sizeof(set), file);
    fclose(file);
    if (mu_schema_new(&schema, (struct mu_bytes){ set, size }, &error) < 0) {
        fprintf(stderr, "%s: %s\n", argv[1], error.text);
        return 1;
    }
    type = mu_schema_message(schema, argv[2]);
    if (type == NULL) {
        fprintf(stderr, "%s: no message %s\n", argv[1], argv[2]);
        status = 1;
    }
    for (int command; status == 0 && (command = getchar()) != EOF;)
        if (driver_answer(schema, type, command) < 0)
            status = 1;
    mu_schema_free(schema);
    return status;
}
