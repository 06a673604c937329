// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/rulebook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "record.pb-c.h"

static struct span span_of(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* ---- one rule ---- */

static bool reason_is_valid(const char *reason)
{
    if (strlen(reason) > RULE_REASON_MAX)
        return false;
    for (; *reason != '\0'; reason++) {
        if ((unsigned char)*reason < ' ' || *reason == 0x7f)
            return false;
    }
    return true;
}

enum rulebook_outcome rulebook_make(
        struct rule *rule, const char *who, const char *endpoints, const char *reason)
{
    if (strlen(who) > RULE_WHO_MAX || !rule_who_is_valid(who))
        return RULEBOOK_WHO;
    if (strlen(endpoints) > PATTERN_SIZE_MAX || !pattern_is_valid(span_of(endpoints)))
        return RULEBOOK_ENDPOINTS;
    if (!reason_is_valid(reason))
        return RULEBOOK_REASON;
    *rule = (struct rule){ .id = 0 };
    snprintf(rule->who, sizeof(rule->who), "%s", who);
    snprintf(rule->endpoints, sizeof(rule->endpoints), "%s", endpoints);
    snprintf(rule->reason, sizeof(rule->reason), "%s", reason);
    return RULEBOOK_OK;
}

/* ---- all of them ---- */

static void key_of(struct book_key *key, uint64_t id)
{
    book_key_init(key, 'u');
    book_key_add_number(key, id);
}

static int compare(const void *one, const void *two)
{
    const struct rule *a = one;
    const struct rule *b = two;

    if (a->priority != b->priority)
        return a->priority > b->priority ? -1 : 1;
    if (a->deny != b->deny)
        return a->deny ? -1 : 1;
    return a->id < b->id ? -1 : 1;
}

static int read_record(struct rule *rule, const Mu__Auth__Record__V1__Rule *record)
{
    if (rulebook_make(rule, record->who, record->endpoints, record->reason) != RULEBOOK_OK)
        return err_new(-EBADMSG);
    rule->id = record->id;
    rule->priority = record->priority;
    rule->deny = !record->allow;
    return rule_is_valid(rule) ? 0 : err_new(-EBADMSG);
}

static int load_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct rulebook *rules = user;
    ProtobufCMessage *record;
    int r;

    (void)key;
    if (rules->count == RULES_MAX)
        return err_new(-EBADMSG);
    r = book_unpack(value, &mu__auth__record__v1__rule__descriptor, &record);
    if (r != BOOK_OK)
        return r;
    r = read_record(&rules->each[rules->count], (const Mu__Auth__Record__V1__Rule *)record);
    protobuf_c_message_free_unpacked(record, NULL);
    rules->count += r == 0;
    return r;
}

int rulebook_load(struct book *book, struct rulebook *rules)
{
    struct book_key all;
    int r;

    rules->count = 0;
    book_key_init(&all, 'u');
    r = book_each(book, &all, load_one, rules);
    if (r == 0)
        qsort(rules->each, rules->count, sizeof(rules->each[0]), compare);
    return r;
}

/* The highest id that was given away has a record of its own: a rule that is gone must not come
 * back as another one, in what was noted of it. */
static int next_id(struct book *book, uint64_t *idp)
{
    struct book_key key;
    struct mu_bytes value;
    uint64_t last = 0;
    int r;

    book_key_init(&key, 'n');
    r = book_get(book, &key, &value);
    if (r < 0)
        return r;
    for (size_t i = 0; r == BOOK_OK && i < value.size && i < sizeof(last); i++)
        last = last << 8 | value.data[i];
    *idp = last + 1;
    return BOOK_OK;
}

static int put_last_id(struct book *book, uint64_t id)
{
    struct book_key key;
    uint8_t bytes[sizeof(id)];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(id >> (8 * (sizeof(bytes) - 1 - i)));
    book_key_init(&key, 'n');
    return book_put(book, &key, (struct mu_bytes){ bytes, sizeof(bytes) });
}

int rulebook_add(struct book *book, const struct rulebook *rules, struct rule *rule)
{
    Mu__Auth__Record__V1__Rule record = MU__AUTH__RECORD__V1__RULE__INIT;
    struct book_key key;
    int r;

    if (rules->count == RULES_MAX)
        return BOOK_FULL;
    r = next_id(book, &rule->id);
    if (r == BOOK_OK)
        r = put_last_id(book, rule->id);
    if (r != BOOK_OK)
        return r;
    record.id = rule->id;
    record.priority = rule->priority;
    record.who = rule->who;
    record.endpoints = rule->endpoints;
    record.allow = !rule->deny;
    record.reason = rule->reason;
    key_of(&key, rule->id);
    return book_put_message(book, &key, &record.base);
}

int rulebook_remove(struct book *book, uint64_t id)
{
    struct book_key key;

    key_of(&key, id);
    return book_delete(book, &key);
}

const struct rule *rulebook_find(const struct rulebook *rules, uint64_t id)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        if (rules->each[i].id == id)
            return &rules->each[i];
    }
    return NULL;
}
