// SPDX-License-Identifier: Apache-2.0
/* YAML as far as configuration needs it, from libyaml's events: no anchors, no aliases, no tags,
 * one document. A scalar without quotes is kept as it was written, as only its type can tell what
 * `1.0` or `yes` is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "client/schema/text.h"
#include "client/schema/value.h"

struct yaml {
    struct mu_arena *arena;
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at; deleted by the next step */
    unsigned depth;
    struct mu_schema_error *error;
};

static int yaml_read_value(struct yaml *yaml, struct value **valuep);

static int yaml_fail(const struct yaml *yaml, const char *what)
{
    return value_fail(
            yaml->error, yaml->event.start_mark.line + 1, yaml->event.start_mark.column + 1, what);
}

static int yaml_step(struct yaml *yaml)
{
    const yaml_parser_t *parser = &yaml->parser;

    yaml_event_delete(&yaml->event);
    if (yaml_parser_parse(&yaml->parser, &yaml->event))
        return 0;
    memset(&yaml->event, 0, sizeof(yaml->event));
    if (parser->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    return value_fail(yaml->error, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
            parser->problem != NULL ? parser->problem : "not YAML");
}

static struct value *yaml_new(struct yaml *yaml, enum value_kind kind)
{
    return value_new(
            yaml->arena, kind, yaml->event.start_mark.line + 1, yaml->event.start_mark.column + 1);
}

/* Nodes may have neither an anchor nor a tag. */
static int yaml_check_node(const struct yaml *yaml)
{
    const yaml_event_t *event = &yaml->event;
    bool has_anchor = false;
    bool has_tag = false;

    switch ((int)event->type) {
    case YAML_ALIAS_EVENT:
        return yaml_fail(yaml, "aliases are not supported");
    case YAML_SCALAR_EVENT:
        has_anchor = event->data.scalar.anchor != NULL;
        has_tag = event->data.scalar.tag != NULL;
        break;
    case YAML_SEQUENCE_START_EVENT:
        has_anchor = event->data.sequence_start.anchor != NULL;
        has_tag = event->data.sequence_start.tag != NULL;
        break;
    default:
        has_anchor = event->data.mapping_start.anchor != NULL;
        has_tag = event->data.mapping_start.tag != NULL;
    }
    if (has_anchor)
        return yaml_fail(yaml, "anchors are not supported");
    return has_tag ? yaml_fail(yaml, "tags are not supported") : 0;
}

static bool yaml_is_null(const yaml_event_t *event)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcmp((const char *)event->data.scalar.value, words[i]) == 0)
            return true;
    return false;
}

/* The text of a scalar, as a value keeps it. */
static int yaml_read_text(struct yaml *yaml, const char **textp, uint32_t *sizep)
{
    const yaml_event_t *event = &yaml->event;

    if (!text_is_clean(event->data.scalar.value, event->data.scalar.length))
        return yaml_fail(yaml, "a NUL character, which no string can hold here");
    *textp = value_keep(
            yaml->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
    *sizep = (uint32_t)event->data.scalar.length;
    return *textp != NULL ? 0 : -ENOMEM;
}

static int yaml_read_scalar(struct yaml *yaml, struct value **valuep)
{
    enum value_kind kind = VALUE_STRING;

    if (yaml_is_null(&yaml->event))
        kind = VALUE_NULL;
    else if (yaml->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        kind = VALUE_PLAIN;
    *valuep = yaml_new(yaml, kind);
    if (*valuep == NULL)
        return -ENOMEM;
    return yaml_read_text(yaml, &(*valuep)->text, &(*valuep)->size);
}

/* Reads members up to the end of a list or object, which is left as the current event. */
static int yaml_read_members(struct yaml *yaml, struct value *outer)
{
    bool is_object = outer->kind == VALUE_OBJECT;
    yaml_event_type_t last = is_object ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct value **nextp = &outer->first;
    int result;

    while ((result = yaml_step(yaml)) == 0 && yaml->event.type != last) {
        size_t line = yaml->event.start_mark.line + 1;
        size_t column = yaml->event.start_mark.column + 1;
        const char *key = NULL;
        uint32_t size;

        if (is_object) {
            result = yaml_check_node(yaml);
            if (result == 0 && yaml->event.type != YAML_SCALAR_EVENT)
                result = yaml_fail(yaml, "expected a name");
            if (result == 0)
                result = yaml_read_text(yaml, &key, &size);
            if (result == 0)
                result = yaml_step(yaml);
            if (result < 0)
                return result;
        }
        result = yaml_read_value(yaml, nextp);
        if (result < 0)
            return result;
        if (is_object) {
            (*nextp)->key = key;
            (*nextp)->line = (uint32_t)line;
            (*nextp)->column = (uint32_t)column;
        }
        nextp = &(*nextp)->next;
        outer->count += 1;
    }
    if (result < 0)
        return result;
    return is_object ? value_check_keys(yaml->arena, outer, yaml->error) : 0;
}

/* Reads the node whose first event is the current one; its last event is left as the current one.
 */
static int yaml_read_value(struct yaml *yaml, struct value **valuep)
{
    int result = yaml_check_node(yaml);

    if (result < 0)
        return result;
    if (yaml->event.type == YAML_SCALAR_EVENT)
        return yaml_read_scalar(yaml, valuep);
    if (yaml->depth == VALUE_DEPTH_MAX)
        return yaml_fail(yaml, "nested too deep");
    *valuep = yaml_new(
            yaml, yaml->event.type == YAML_MAPPING_START_EVENT ? VALUE_OBJECT : VALUE_LIST);
    if (*valuep == NULL)
        return -ENOMEM;
    yaml->depth += 1;
    result = yaml_read_members(yaml, *valuep);
    yaml->depth -= 1;
    return result;
}

static int yaml_read_document(struct yaml *yaml, struct value **valuep)
{
    int result = yaml_step(yaml);

    if (result == 0 && yaml->event.type == YAML_STREAM_START_EVENT)
        result = yaml_step(yaml);
    if (result == 0 && yaml->event.type == YAML_STREAM_END_EVENT)
        return yaml_fail(yaml, "there is nothing in it");
    if (result == 0)
        result = yaml_step(yaml);
    if (result == 0)
        result = yaml_read_value(yaml, valuep);
    if (result == 0)
        result = yaml_step(yaml);
    if (result == 0)
        result = yaml_step(yaml);
    if (result == 0 && yaml->event.type != YAML_STREAM_END_EVENT)
        return yaml_fail(yaml, "a second document, where one is supported");
    return result;
}

int yaml_read(struct mu_arena *arena, const char *text, size_t size, const struct value **valuep,
        struct mu_schema_error *error)
{
    struct yaml yaml = { .arena = arena, .error = error };
    struct value *value = NULL;
    int result;

    if (!text_is_clean((const uint8_t *)text, size))
        return text_fail(error, "the text is not UTF-8, or has a NUL");
    if (!yaml_parser_initialize(&yaml.parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&yaml.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml.parser, (const unsigned char *)text, size);
    result = yaml_read_document(&yaml, &value);
    if (result == 0)
        *valuep = value;
    yaml_event_delete(&yaml.event);
    yaml_parser_delete(&yaml.parser);
    return result;
}
