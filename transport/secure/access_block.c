// SPDX-License-Identifier: Apache-2.0
/* A block must be covered by the one before, instead of being cut down to what both allow: so the
 * last scopes, end and budget are what the whole token allows, and a bearer who asks for more than
 * there is hears of it. */
#include "transport/secure/access_block.h"

#include <string.h>

#include "transport/field.h"

/* Field numbers of mu.router.v1.AccessBody. */
enum {
    FIELD_NETWORK = 1,
    FIELD_KEY = 2,
    FIELD_ID = 3,
    FIELD_SUBJECT = 4,
    FIELD_AUDIENCE = 5,
    FIELD_SCOPES = 6,
    FIELD_ISSUED = 7,
    FIELD_EXPIRES = 8,
    FIELD_BUDGET = 9,
    FIELD_SPACE = 10,
    FIELD_LAST = FIELD_SPACE
};

static struct span body_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

bool access_subject_is_valid(struct span text)
{
    if (text.size == 0 || text.size > ACCESS_SUBJECT_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if (!plain && (i == 0 || (c != '.' && c != '_' && c != '@' && c != '-')))
            return false;
    }
    return true;
}

static bool audience_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* One part between dots; `>` is the last one. */
static bool audience_part_is_valid(struct span part, bool last)
{
    if (part.size == 1 && (part.data[0] == '*' || (part.data[0] == '>' && last)))
        return true;
    for (size_t i = 0; i < part.size; i++)
        if (!audience_letter(part.data[i]))
            return false;
    return part.size > 0;
}

bool access_audience_is_valid(struct span text)
{
    if (text.size > ACCESS_AUDIENCE_MAX)
        return false;
    for (size_t begin = 0, at = 0; text.size > 0 && at <= text.size; at++) {
        if (at < text.size && text.data[at] != '.')
            continue;
        if (!audience_part_is_valid(
                    (struct span){ text.data + begin, at - begin }, at == text.size))
            return false;
        begin = at + 1;
    }
    return true;
}

static bool body_has_sound_scopes(const struct access_body *body)
{
    if (body->scopes.count > ACCESS_SCOPES_MAX)
        return false;
    for (uint32_t i = 0; i < body->scopes.count; i++) {
        if (memchr(body->scopes.patterns[i], '\0', sizeof(body->scopes.patterns[i])) == NULL ||
                !pattern_is_valid(body_text(body->scopes.patterns[i])))
            return false;
    }
    return true;
}

enum access_outcome access_body_judge(const struct access_body *body)
{
    bool sound = body_has_sound_scopes(body) && body->expires_s <= TIME_MAX_S;

    if (body->is_first)
        sound = sound && access_subject_is_valid(body->subject) &&
                access_audience_is_valid(body->audience) && body->scopes.count > 0 &&
                (body->space.size == 0 || service_name_is_valid(body->space)) &&
                body->issued_s > 0 && body->issued_s < body->expires_s &&
                body->expires_s - body->issued_s <= ACCESS_LIFE_MAX_S;
    else
        sound = sound && (body->scopes.count > 0 || body->expires_s > 0 || body->budget > 0);
    return sound ? ACCESS_OK : ACCESS_BAD;
}

static bool body_take_bytes(uint8_t *out, size_t size, struct span bytes)
{
    if (bytes.size != size)
        return false;
    memcpy(out, bytes.data, size);
    return true;
}

static bool body_take_scope(struct access_body *body, struct span text)
{
    if (body->scopes.count == ACCESS_SCOPES_MAX || !pattern_is_valid(text))
        return false;
    memcpy(body->scopes.patterns[body->scopes.count], text.data, text.size);
    body->scopes.patterns[body->scopes.count][text.size] = '\0';
    body->scopes.count += 1;
    return true;
}

static bool body_take_number(struct access_body *body, const struct field *field)
{
    if (field->value == 0) /* the writer leaves it out */
        return false;
    if (field->number == FIELD_ISSUED)
        body->issued_s = field->value;
    else if (field->number == FIELD_EXPIRES)
        body->expires_s = field->value;
    else
        body->budget = (uint32_t)field->value;
    return field->number != FIELD_BUDGET || field->value <= UINT32_MAX;
}

static bool body_take(struct access_body *body, const struct field *field)
{
    bool is_number = field->number >= FIELD_ISSUED && field->number <= FIELD_BUDGET;

    if (is_number != (field->wire == WIRE_VARINT))
        return false;
    if (field->wire == WIRE_VARINT)
        return body_take_number(body, field);
    if (field->wire != WIRE_BYTES || field->bytes.size == 0)
        return false;
    switch (field->number) {
    case FIELD_NETWORK:
        return body_take_bytes(body->network.bytes, NETWORK_ID_SIZE, field->bytes);
    case FIELD_KEY:
        return body_take_bytes(body->key.bytes, ACCESS_KEY_ID_SIZE, field->bytes);
    case FIELD_ID:
        return body_take_bytes(body->id.bytes, ACCESS_ID_SIZE, field->bytes);
    case FIELD_SUBJECT:
        body->subject = field->bytes;
        return true;
    case FIELD_AUDIENCE:
        body->audience = field->bytes;
        return true;
    case FIELD_SPACE:
        body->space = field->bytes;
        return true;
    default:
        return body_take_scope(body, field->bytes);
    }
}

/* Which fields must be there, and which may, of a first block and of the others. */
static bool body_is_whole(uint32_t seen, bool is_first)
{
    enum {
        LATER = 1 << FIELD_SCOPES | 1 << FIELD_EXPIRES | 1 << FIELD_BUDGET,
        FIRST = 1 << FIELD_NETWORK | 1 << FIELD_KEY | 1 << FIELD_ID | 1 << FIELD_SUBJECT |
                1 << FIELD_SCOPES | 1 << FIELD_ISSUED | 1 << FIELD_EXPIRES
    };

    return is_first ? (seen & FIRST) == FIRST : (seen & ~(uint32_t)LATER) == 0;
}

enum access_outcome access_body_read(struct access_body *body, struct span bytes, bool is_first)
{
    const uint8_t *end = bytes.size != 0 ? bytes.data + bytes.size : bytes.data;
    struct field field = { 0 };
    uint32_t seen = 0;
    uint32_t last = 0;

    memset(body, 0, sizeof(*body));
    body->is_first = is_first;
    for (const uint8_t *at = bytes.data; at < end;) {
        at = field_read(&field, at, end);
        if (at == NULL || field.number > FIELD_LAST || field.number < last ||
                (field.number == last && field.number != FIELD_SCOPES) || !body_take(body, &field))
            return ACCESS_BAD;
        last = field.number;
        seen |= 1u << field.number;
    }
    return body_is_whole(seen, is_first) ? access_body_judge(body) : ACCESS_BAD;
}

size_t access_body_write(const struct access_body *body, uint8_t *out)
{
    uint8_t *begin = out;

    if (body->is_first) {
        out = span_write(out, FIELD_NETWORK, (struct span){ body->network.bytes, NETWORK_ID_SIZE });
        out = span_write(out, FIELD_KEY, (struct span){ body->key.bytes, ACCESS_KEY_ID_SIZE });
        out = span_write(out, FIELD_ID, (struct span){ body->id.bytes, ACCESS_ID_SIZE });
        out = span_write(out, FIELD_SUBJECT, body->subject);
        out = span_write(out, FIELD_AUDIENCE, body->audience);
    }
    for (uint32_t i = 0; i < body->scopes.count; i++)
        out = span_write(out, FIELD_SCOPES, body_text(body->scopes.patterns[i]));
    out = number_write(out, FIELD_ISSUED, body->issued_s);
    out = number_write(out, FIELD_EXPIRES, body->expires_s);
    out = number_write(out, FIELD_BUDGET, body->budget);
    if (body->is_first)
        out = span_write(out, FIELD_SPACE, body->space);
    return (size_t)(out - begin);
}

static bool scopes_cover(const struct access_scopes *scopes, struct span narrow)
{
    for (uint32_t i = 0; i < scopes->count; i++)
        if (pattern_covers(body_text(scopes->patterns[i]), narrow))
            return true;
    return false;
}

static bool fold_fits(const struct access *access, const struct access_body *body)
{
    for (uint32_t i = 0; i < body->scopes.count; i++)
        if (!scopes_cover(&access->scopes, body_text(body->scopes.patterns[i])))
            return false;
    if (body->expires_s > access->expires_s)
        return false;
    return body->budget == 0 || access->budget_count == 0 ||
           body->budget <= access->budgets[access->budget_count - 1].calls;
}

static void fold_budget(struct access *access, uint32_t budget, const uint8_t *hash)
{
    struct access_budget *added = &access->budgets[access->budget_count];

    if (budget == 0)
        return;
    memcpy(added->block.bytes, hash, ACCESS_ID_SIZE);
    added->calls = budget;
    access->budget_count += 1;
}

enum access_outcome access_fold(
        struct access *access, const struct access_body *body, const uint8_t *hash)
{
    if (!body->is_first) {
        if (!fold_fits(access, body))
            return ACCESS_WIDER;
        if (body->scopes.count > 0)
            access->scopes = body->scopes;
        if (body->expires_s > 0)
            access->expires_s = body->expires_s;
        access->narrowings += 1;
        fold_budget(access, body->budget, hash);
        return ACCESS_OK;
    }
    memset(access, 0, sizeof(*access));
    access->network = body->network;
    access->key = body->key;
    access->id = body->id;
    memcpy(access->subject, body->subject.data, body->subject.size);
    if (body->audience.size > 0)
        memcpy(access->audience, body->audience.data, body->audience.size);
    if (body->space.size > 0)
        memcpy(access->space, body->space.data, body->space.size);
    access->issued_s = body->issued_s;
    access->expires_s = body->expires_s;
    access->scopes = body->scopes;
    fold_budget(access, body->budget, hash);
    return ACCESS_OK;
}

bool access_covers(const struct access *access, struct span endpoint)
{
    return scopes_cover(&access->scopes, endpoint);
}

bool access_is_for(const struct access *access, const char *node)
{
    return access->audience[0] == '\0' ||
           pattern_covers(body_text(access->audience), body_text(node));
}
