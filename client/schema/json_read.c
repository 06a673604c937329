// SPDX-License-Identifier: Apache-2.0
/* JSON by RFC 8259 and nothing beside it: no comments, no commas at the end, no double names, no
 * half surrogates. Not jansson: value.h says why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/schema/text.h"
#include "client/schema/value.h"

struct json {
    struct mu_arena *arena;
    const char *at;
    const char *end;
    const char *line_start;
    size_t line;
    unsigned depth;
    struct mu_schema_error *error;
};

static int json_read_value(struct json *json, struct value **valuep);

static int json_fail(const struct json *json, const char *what)
{
    return value_fail(json->error, json->line, (size_t)(json->at - json->line_start) + 1, what);
}

static void json_skip_blanks(struct json *json)
{
    for (; json->at < json->end; json->at++) {
        if (*json->at == '\n') {
            json->line += 1;
            json->line_start = json->at + 1;
        } else if (*json->at != ' ' && *json->at != '\t' && *json->at != '\r') {
            return;
        }
    }
}

/* True, and a step on, where `sign` stands next after blanks. */
static bool json_take(struct json *json, char sign)
{
    json_skip_blanks(json);
    if (json->at == json->end || *json->at != sign)
        return false;
    json->at += 1;
    return true;
}

static struct value *json_new(struct json *json, enum value_kind kind)
{
    return value_new(json->arena, kind, json->line, (size_t)(json->at - json->line_start) + 1);
}

/* Four hex digits after `\u`. Returns the number, or -1. */
static int json_read_hex(struct json *json)
{
    int code = 0;

    for (int i = 0; i < 4; i++, json->at++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit;

        if (json->at == json->end || *json->at == '\0')
            return -1;
        digit = strchr(digits, *json->at);
        if (digit == NULL)
            return -1;
        code = code << 4 | (int)((digit - digits) & 15);
    }
    return code;
}

/* What stands after `\u`, which may be a pair of surrogates. Returns the code point, or -1. */
static int json_read_code(struct json *json)
{
    int code = json_read_hex(json);
    int low;

    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u')
        return -1;
    json->at += 2;
    low = json_read_hex(json);
    return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : -1;
}

static int json_read_escape(struct json *json, char **top)
{
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    int code;

    for (size_t i = 0; i < sizeof(letters) - 1 && json->at < json->end; i += 2)
        if (letters[i] == *json->at) {
            json->at += 1;
            *(*top)++ = letters[i + 1];
            return 0;
        }
    if (json->at == json->end || *json->at != 'u')
        return json_fail(json, "no such escape");
    json->at += 1;
    code = json_read_code(json);
    if (code < 0)
        return json_fail(json, "expected four hex digits, and surrogates in pairs");
    if (code == 0)
        return json_fail(json, "a NUL character, which no string can hold here");
    *top += text_write_utf8(*top, (uint32_t)code);
    return 0;
}

/* The characters of a string after its first quote, up to and with the last one. What is read is
 * never longer than what was written. */
static int json_read_string(struct json *json, const char **textp, size_t *sizep)
{
    const char *end = json->at;
    char *text;
    char *to;

    while (end < json->end && *end != '"')
        end += *end == '\\' && json->end - end > 1 ? 2 : 1;
    text = mu_arena_alloc(json->arena, (size_t)(end - json->at) + 1);
    if (text == NULL)
        return -ENOMEM;
    to = text;
    while (json->at < json->end && *json->at != '"') {
        if ((unsigned char)*json->at < 0x20)
            return json_fail(json, "a control character in a string; write it as an escape");
        if (*json->at != '\\') {
            *to++ = *json->at++;
            continue;
        }
        json->at += 1;
        if (json_read_escape(json, &to) < 0)
            return -EINVAL;
    }
    if (json->at == json->end)
        return json_fail(json, "a string without its end");
    json->at += 1;
    *to = '\0';
    *textp = text;
    *sizep = (size_t)(to - text);
    return 0;
}

static size_t json_skip_digits(struct json *json)
{
    const char *start = json->at;

    while (json->at < json->end && *json->at >= '0' && *json->at <= '9')
        json->at += 1;
    return (size_t)(json->at - start);
}

static int json_read_number(struct json *json, struct value *number)
{
    const char *start = json->at;
    bool is_zero;

    if (*json->at == '-')
        json->at += 1;
    is_zero = json->at < json->end && *json->at == '0';
    if (is_zero)
        json->at += 1;
    if (json_skip_digits(json) != 0 ? is_zero : !is_zero)
        return json_fail(json, "not a number");
    if (json->at < json->end && *json->at == '.') {
        json->at += 1;
        if (json_skip_digits(json) == 0)
            return json_fail(json, "a number without digits after its point");
    }
    if (json->at < json->end && (*json->at == 'e' || *json->at == 'E')) {
        json->at += 1;
        if (json->at < json->end && (*json->at == '+' || *json->at == '-'))
            json->at += 1;
        if (json_skip_digits(json) == 0)
            return json_fail(json, "a number without digits after its e");
    }
    number->size = (uint32_t)(json->at - start);
    number->text = value_keep(json->arena, start, number->size);
    return number->text != NULL ? 0 : -ENOMEM;
}

/* Members up to the closing sign, with their names where there are some. */
static int json_read_members(struct json *json, struct value *outer, char closing)
{
    struct value **nextp = &outer->first;
    int result;

    json->at += 1;
    if (json_take(json, closing))
        return 0;
    do {
        const char *key = NULL;
        size_t line;
        size_t column;
        size_t size;

        json_skip_blanks(json);
        line = json->line;
        column = (size_t)(json->at - json->line_start) + 1;
        if (outer->kind == VALUE_OBJECT) {
            if (!json_take(json, '"'))
                return json_fail(json, "expected a name in double quotes");
            result = json_read_string(json, &key, &size);
            if (result < 0)
                return result;
            if (!json_take(json, ':'))
                return json_fail(json, "expected `:`");
        }
        result = json_read_value(json, nextp);
        if (result < 0)
            return result;
        if (key != NULL) {
            (*nextp)->key = key;
            (*nextp)->line = (uint32_t)line;
            (*nextp)->column = (uint32_t)column;
        }
        nextp = &(*nextp)->next;
        outer->count += 1;
    } while (json_take(json, ','));
    if (!json_take(json, closing))
        return json_fail(json, closing == '}' ? "expected `,` or `}`" : "expected `,` or `]`");
    return outer->kind == VALUE_OBJECT ? value_check_keys(json->arena, outer, json->error) : 0;
}

static int json_read_outer(struct json *json, enum value_kind kind, struct value **valuep)
{
    int result;

    if (json->depth == VALUE_DEPTH_MAX)
        return json_fail(json, "nested too deep");
    *valuep = json_new(json, kind);
    if (*valuep == NULL)
        return -ENOMEM;
    json->depth += 1;
    result = json_read_members(json, *valuep, kind == VALUE_OBJECT ? '}' : ']');
    json->depth -= 1;
    return result;
}

static int json_read_word(struct json *json, struct value **valuep)
{
    static const struct {
        const char *text;
        enum value_kind kind;
    } words[] = { { "null", VALUE_NULL }, { "true", VALUE_BOOL }, { "false", VALUE_BOOL } };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        size_t size = strlen(words[i].text);

        if ((size_t)(json->end - json->at) < size || memcmp(json->at, words[i].text, size) != 0)
            continue;
        *valuep = json_new(json, words[i].kind);
        if (*valuep == NULL)
            return -ENOMEM;
        (*valuep)->text = words[i].text;
        (*valuep)->size = (uint32_t)size;
        json->at += size;
        return 0;
    }
    return json_fail(json, "expected a value");
}

static int json_read_value(struct json *json, struct value **valuep)
{
    size_t size = 0;
    int result;

    json_skip_blanks(json);
    if (json->at == json->end)
        return json_fail(json, "expected a value, but the text ends");
    switch (*json->at) {
    case '{':
        return json_read_outer(json, VALUE_OBJECT, valuep);
    case '[':
        return json_read_outer(json, VALUE_LIST, valuep);
    case '"':
        *valuep = json_new(json, VALUE_STRING);
        if (*valuep == NULL)
            return -ENOMEM;
        json->at += 1;
        result = json_read_string(json, &(*valuep)->text, &size);
        if (result == 0)
            (*valuep)->size = (uint32_t)size;
        return result;
    default:
        if (*json->at != '-' && (*json->at < '0' || *json->at > '9'))
            return json_read_word(json, valuep);
        *valuep = json_new(json, VALUE_NUMBER);
        return *valuep != NULL ? json_read_number(json, *valuep) : -ENOMEM;
    }
}

int json_read(struct mu_arena *arena, const char *text, size_t size, const struct value **valuep,
        struct mu_schema_error *error)
{
    struct json json = {
        .arena = arena,
        .at = text,
        .end = size != 0 ? text + size : text,
        .line_start = text,
        .line = 1,
        .error = error,
    };
    struct value *value = NULL;
    int result;

    if (!text_is_clean((const uint8_t *)text, size))
        return text_fail(error, "the text is not UTF-8, or has a NUL");
    result = json_read_value(&json, &value);
    if (result < 0)
        return result;
    json_skip_blanks(&json);
    if (json.at != json.end)
        return json_fail(&json, "something stands after the value");
    *valuep = value;
    return 0;
}
