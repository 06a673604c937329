// SPDX-License-Identifier: Apache-2.0
/* The way from a text to a body and back: read, encode, check; check, unpack, decode. Numbers are
 * read and printed in the C locale, whatever the program's is. */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#include "base/err.h"
#include "client/schema/body.h"
#include "client/schema/decode.h"
#include "client/schema/encode.h"
#include "client/schema/text.h"

typedef int (*text_read_fn)(struct mu_arena *arena, const char *text, size_t size,
        const struct value **valuep, struct mu_schema_error *error);

/* Puts the calling thread into the C locale. Returns what it was in. */
static locale_t locale_enter(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

/* Puts it back, and frees the C locale. */
static void locale_leave(locale_t before)
{
    freelocale(uselocale(before));
}

/* Gives every failure without a text its own. */
static int json_fail(int result, struct mu_schema_error *error)
{
    if (result == -ENOMEM)
        text_write_error(error, "out of memory, or more than a text may take");
    else if (result == -E2BIG)
        text_write_error(error, "larger than a message may be");
    return err_new(result);
}

static int text_to_body(struct encode *encode, const struct message_type *type,
        const struct value *value, uint8_t **bodyp, size_t *sizep)
{
    uint8_t *body;
    size_t size;
    int result = encode_message(encode, type, value, NULL);

    if (result < 0)
        return result;
    result = buffer_take(&encode->out, &body, &size);
    if (result < 0)
        return result;
    result = mu_body_check(&type->base, (struct mu_bytes){ body, size }, encode->error);
    if (result < 0) {
        free(body);
        return result;
    }
    *bodyp = body;
    *sizep = size;
    return 0;
}

static int text_convert(struct encode *encode, const struct message_type *type, text_read_fn read,
        struct mu_bytes text, uint8_t **bodyp, size_t *sizep)
{
    locale_t before = locale_enter();
    const struct value *value;
    int result;

    mu_arena_init(&encode->arena, VALUE_MEMORY_MAX);
    buffer_init(&encode->out, MU_MESSAGE_MAX);
    result = read(&encode->arena, (const char *)text.data, text.size, &value, encode->error);
    if (result == 0)
        result = text_to_body(encode, type, value, bodyp, sizep);
    buffer_deinit(&encode->out);
    mu_arena_deinit(&encode->arena);
    locale_leave(before);
    return result == 0 ? 0 : json_fail(result, encode->error);
}

// NOLINTNEXTLINE(readability-function-size): what it takes is the public contract
int mu_json_to_body(const struct mu_schema *schema, const ProtobufCMessageDescriptor *type,
        const char *json, size_t json_size, unsigned flags, uint8_t **bodyp, size_t *sizep,
        struct mu_schema_error *error)
{
    struct encode encode = { .flags = flags, .error = error };

    (void)schema;
    if (json_size > MU_SCHEMA_TEXT_MAX)
        return json_fail(-E2BIG, error);
    return text_convert(&encode, message_type_of(type), json_read,
            (struct mu_bytes){ (const uint8_t *)json, json_size }, bodyp, sizep);
}

int mu_yaml_to_body(const struct mu_schema *schema, const ProtobufCMessageDescriptor *type,
        const char *yaml, size_t yaml_size, uint8_t **bodyp, size_t *sizep,
        struct mu_schema_error *error)
{
    struct encode encode = { .has_lines = true, .error = error };

    (void)schema;
    if (yaml_size > MU_SCHEMA_TEXT_MAX)
        return json_fail(-E2BIG, error);
    return text_convert(&encode, message_type_of(type), yaml_read,
            (struct mu_bytes){ (const uint8_t *)yaml, yaml_size }, bodyp, sizep);
}

static int body_to_text(struct decode *decode, const ProtobufCMessageDescriptor *type,
        struct mu_bytes body, char **jsonp)
{
    const ProtobufCMessage *message = body_unpack_checked(decode->arena, type, body);
    uint8_t *text;
    size_t size;
    int result;

    if (message == NULL)
        return -ENOMEM;
    result = decode_message(decode, message);
    if (result == 0)
        result = buffer_take(&decode->out, &text, &size);
    if (result == 0)
        *jsonp = (char *)text;
    return result;
}

int mu_body_to_json(const struct mu_schema *schema, const ProtobufCMessageDescriptor *type,
        struct mu_bytes body, unsigned flags, char **jsonp, struct mu_schema_error *error)
{
    struct decode decode = { .flags = flags, .error = error };
    struct mu_arena arena;
    locale_t before;
    size_t cost;
    int result;

    (void)schema;
    result = body_check(type, body, &cost, error);
    if (result < 0)
        return err_new(result);
    before = locale_enter();
    mu_arena_init(&arena, body_budget(body.size) * 2);
    buffer_init(&decode.out, MU_SCHEMA_TEXT_MAX);
    decode.arena = &arena;
    result = body_to_text(&decode, type, body, jsonp);
    buffer_deinit(&decode.out);
    mu_arena_deinit(&arena);
    locale_leave(before);
    return result == 0 ? 0 : json_fail(result, error);
}
