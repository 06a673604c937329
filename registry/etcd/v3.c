// SPDX-License-Identifier: Apache-2.0
#include "registry/etcd/v3.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

static void v3_release(json_t **valuep)
{
    json_decref(*valuep);
}

/* ---- requests ---- */

static char *v3_encode(struct mu_bytes bytes)
{
    size_t size = sodium_base64_encoded_len(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);

    if (text != NULL)
        sodium_bin2base64(text, size, bytes.data, bytes.size, sodium_base64_VARIANT_ORIGINAL);
    return text;
}

static char *v3_encode_text(const char *text)
{
    return v3_encode((struct mu_bytes){ (const uint8_t *)text, strlen(text) });
}

static char *v3_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *v3_print(const char *format, ...)
{
    va_list args;
    char *text;
    int size;

    va_start(args, format);
    size = vasprintf(&text, format, args);
    va_end(args);
    return size >= 0 ? text : NULL;
}

char *v3_get(const char *key)
{
    CLEANUP(cleanup_free) char *text = v3_encode_text(key);

    return text != NULL ? v3_print("{\"key\":\"%s\"}", text) : NULL;
}

char *v3_range(struct mu_bytes first, const char *behind, uint32_t count_max, uint64_t revision)
{
    CLEANUP(cleanup_free) char *key = v3_encode(first);
    CLEANUP(cleanup_free) char *end = v3_encode_text(behind);

    if (key == NULL || end == NULL)
        return NULL;
    return v3_print("{\"key\":\"%s\",\"range_end\":\"%s\",\"limit\":\"%u\",\"revision\":\"%" PRIu64
                    "\",\"sort_order\":\"ASCEND\",\"sort_target\":\"KEY\"}",
            key, end, count_max, revision);
}

char *v3_put_if(const char *key, struct mu_bytes value, uint64_t lease, uint64_t revision)
{
    CLEANUP(cleanup_free) char *key_text = v3_encode_text(key);
    CLEANUP(cleanup_free) char *value_text = v3_encode(value);

    if (key_text == NULL || value_text == NULL)
        return NULL;
    return v3_print("{\"compare\":[{\"key\":\"%s\",\"target\":\"MOD\",\"result\":\"EQUAL\","
                    "\"mod_revision\":\"%" PRIu64 "\"}],"
                    "\"success\":[{\"request_put\":{\"key\":\"%s\",\"value\":\"%s\","
                    "\"lease\":\"%" PRIu64 "\"}}],"
                    "\"failure\":[{\"request_range\":{\"key\":\"%s\"}}]}",
            key_text, revision, key_text, value_text, lease, key_text);
}

char *v3_delete(const char *key)
{
    return v3_get(key); /* the same fields */
}

char *v3_grant(uint32_t ttl_s)
{
    return v3_print("{\"TTL\":\"%u\"}", ttl_s);
}

char *v3_lease(uint64_t lease)
{
    return v3_print("{\"ID\":\"%" PRIu64 "\"}", lease);
}

char *v3_watch(const char *first, const char *behind, uint64_t revision)
{
    CLEANUP(cleanup_free) char *key = v3_encode_text(first);
    CLEANUP(cleanup_free) char *end = v3_encode_text(behind);

    if (key == NULL || end == NULL)
        return NULL;
    return v3_print("{\"create_request\":{\"key\":\"%s\",\"range_end\":\"%s\","
                    "\"start_revision\":\"%" PRIu64 "\"}}",
            key, end, revision);
}

/* ---- parts of answers ---- */

/* An object; NULL where the answer is none. */
static json_t *v3_parse(struct mu_bytes answer)
{
    json_t *root = json_loadb(
            (const char *)answer.data, answer.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

    if (root != NULL && !json_is_object(root)) {
        json_decref(root);
        root = NULL;
    }
    return root;
}

/* A 64-bit number, which is a string; 0 where it is left out. */
static int v3_number(const json_t *object, const char *name, uint64_t *numberp)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    uint64_t number = 0;

    if (value == NULL) {
        *numberp = 0;
        return 0;
    }
    if (text == NULL || text[0] == '\0' || strlen(text) > 19 ||
            strspn(text, "0123456789") != strlen(text))
        return err_new(-EBADMSG);
    for (; text[0] != '\0'; text++)
        number = number * 10 + (uint64_t)(text[0] - '0');
    if (number > INT64_MAX)
        return err_new(-EBADMSG);
    *numberp = number;
    return 0;
}

/* False where it is left out. */
static int v3_flag(const json_t *object, const char *name, bool *flagp)
{
    const json_t *value = json_object_get(object, name);

    if (value != NULL && !json_is_boolean(value))
        return err_new(-EBADMSG);
    *flagp = json_is_true(value);
    return 0;
}

/* The object or array of that name; NULL where it is left out. */
static int v3_member(const json_t *object, const char *name, json_type type, const json_t **memberp)
{
    const json_t *value = json_object_get(object, name);

    if (value != NULL && json_typeof(value) != type)
        return err_new(-EBADMSG);
    *memberp = value;
    return 0;
}

/* Bytes, which the caller frees, with a NUL behind them; none where they are left out. */
static int v3_decode(const json_t *object, const char *name, uint8_t **bytesp, size_t *sizep)
{
    const json_t *value = json_object_get(object, name);
    size_t text_size = json_string_length(value);
    uint8_t *bytes;

    if (value != NULL && !json_is_string(value))
        return err_new(-EBADMSG);
    bytes = malloc(text_size / 4 * 3 + 4);
    if (bytes == NULL)
        return err_new(-ENOMEM);
    *sizep = 0;
    if (text_size > 0 &&
            sodium_base642bin(bytes, text_size / 4 * 3 + 3, json_string_value(value), text_size,
                    NULL, sizep, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
        free(bytes);
        return err_new(-EBADMSG);
    }
    bytes[*sizep] = '\0';
    *bytesp = bytes;
    return 0;
}

/* header.revision, which each answer of etcd has. */
static int v3_revision(const json_t *root, uint64_t *revisionp)
{
    const json_t *header;
    int r = v3_member(root, "header", JSON_OBJECT, &header);

    if (r == 0)
        r = v3_number(header, "revision", revisionp);
    return r == 0 && *revisionp == 0 ? err_new(-EBADMSG) : r;
}

/* Gives one pair to `fn`. */
static int v3_tell(const json_t *object, bool deleted, v3_fn fn, void *user)
{
    CLEANUP(cleanup_free) uint8_t *key = NULL;
    CLEANUP(cleanup_free) uint8_t *value = NULL;
    struct v3_pair pair = { .deleted = deleted };
    int r;

    if (!json_is_object(object))
        return err_new(-EBADMSG);
    r = v3_decode(object, "key", &key, &pair.key_size);
    if (r == 0)
        r = v3_decode(object, "value", &value, &pair.value.size);
    if (r == 0)
        r = v3_number(object, "mod_revision", &pair.revision);
    if (r < 0)
        return err_trace(r);
    if (pair.key_size == 0 || pair.revision == 0)
        return err_new(-EBADMSG);
    pair.key = (const char *)key;
    pair.value.data = value;
    return fn(&pair, user);
}

static int v3_tell_all(const json_t *pairs, v3_fn fn, void *user)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < json_array_size(pairs); i++)
        r = v3_tell(json_array_get(pairs, i), false, fn, user);
    return r;
}

/* ---- answers ---- */

int v3_read_range(struct mu_bytes answer, v3_fn fn, void *user, uint64_t *revisionp, bool *morep)
{
    CLEANUP(v3_release) json_t *root = v3_parse(answer);
    const json_t *pairs;
    int r;

    if (root == NULL)
        return err_new(-EBADMSG);
    r = v3_revision(root, revisionp);
    if (r == 0)
        r = v3_flag(root, "more", morep);
    if (r == 0)
        r = v3_member(root, "kvs", JSON_ARRAY, &pairs);
    return r == 0 ? v3_tell_all(pairs, fn, user) : err_trace(r);
}

static int v3_note_revision(const struct v3_pair *pair, void *user)
{
    uint64_t *revisionp = user;

    *revisionp = pair->revision;
    return 0;
}

int v3_read_put_if(struct mu_bytes answer, bool *donep, uint64_t *revisionp)
{
    CLEANUP(v3_release) json_t *root = v3_parse(answer);
    const json_t *responses;
    const json_t *range;
    const json_t *pairs;
    uint64_t revision;
    int r;

    if (root == NULL)
        return err_new(-EBADMSG);
    r = v3_revision(root, &revision);
    if (r == 0)
        r = v3_flag(root, "succeeded", donep);
    if (r < 0)
        return err_trace(r);
    *revisionp = *donep ? revision : 0;
    if (*donep)
        return 0;
    r = v3_member(root, "responses", JSON_ARRAY, &responses);
    if (r == 0 && json_array_size(responses) != 1)
        r = err_new(-EBADMSG);
    if (r == 0)
        r = v3_member(json_array_get(responses, 0), "response_range", JSON_OBJECT, &range);
    if (r == 0)
        r = v3_member(range, "kvs", JSON_ARRAY, &pairs);
    return r == 0 ? v3_tell_all(pairs, v3_note_revision, revisionp) : err_trace(r);
}

int v3_read_grant(struct mu_bytes answer, uint64_t *leasep)
{
    CLEANUP(v3_release) json_t *root = v3_parse(answer);
    uint64_t lease;
    int r;

    if (root == NULL)
        return err_new(-EBADMSG);
    r = v3_number(root, "ID", &lease);
    if (r < 0 || lease == 0)
        return r < 0 ? err_trace(r) : err_new(-EBADMSG);
    *leasep = lease;
    return 0;
}

int v3_read_keep_alive(struct mu_bytes answer, bool *alivep)
{
    CLEANUP(v3_release) json_t *root = v3_parse(answer);
    const json_t *result;
    uint64_t ttl_s;
    int r;

    if (root == NULL)
        return err_new(-EBADMSG);
    r = v3_member(root, "result", JSON_OBJECT, &result);
    if (r == 0 && result == NULL)
        r = err_new(-EBADMSG);
    if (r == 0)
        r = v3_number(result, "TTL", &ttl_s);
    if (r < 0)
        return err_trace(r);
    *alivep = ttl_s > 0;
    return 0;
}

/* ---- the watch ---- */

/* What etcd says of the end of a watch. Returns -EPIPE. */
static int v3_end(const json_t *object, const char *name, char *reason, size_t reason_size)
{
    const char *text = json_string_value(json_object_get(object, name));

    snprintf(reason, reason_size, "%s", text != NULL ? text : "etcd ended the watch");
    return -EPIPE;
}

/* One event: a pair, and whether it was deleted. */
static int v3_tell_event(const json_t *event, v3_fn fn, void *user)
{
    const char *type = json_string_value(json_object_get(event, "type"));

    if (!json_is_object(event) || (json_object_get(event, "type") != NULL && type == NULL))
        return err_new(-EBADMSG);
    if (type != NULL && strcmp(type, "PUT") != 0 && strcmp(type, "DELETE") != 0)
        return err_new(-EBADMSG);
    return v3_tell(
            json_object_get(event, "kv"), type != NULL && strcmp(type, "DELETE") == 0, fn, user);
}

static int v3_read_events(const json_t *result, v3_fn fn, void *user)
{
    const json_t *events;
    int r = v3_member(result, "events", JSON_ARRAY, &events);

    for (size_t i = 0; r == 0 && i < json_array_size(events); i++)
        r = v3_tell_event(json_array_get(events, i), fn, user);
    return r;
}

int v3_read_watch(struct mu_bytes line, v3_fn fn, void *user, enum v3_news *newsp, char *reason,
        size_t reason_size)
{
    CLEANUP(v3_release) json_t *root = v3_parse(line);
    const json_t *result;
    uint64_t compacted = 0;
    bool canceled = false;
    int r;

    if (root == NULL)
        return err_new(-EBADMSG);
    if (json_is_object(json_object_get(root, "error")))
        return v3_end(json_object_get(root, "error"), "message", reason, reason_size);
    r = v3_member(root, "result", JSON_OBJECT, &result);
    if (r == 0 && result == NULL)
        r = err_new(-EBADMSG);
    if (r == 0)
        r = v3_flag(result, "canceled", &canceled);
    if (r == 0)
        r = v3_number(result, "compact_revision", &compacted);
    if (r < 0)
        return err_trace(r);
    if (canceled && compacted == 0)
        return v3_end(result, "cancel_reason", reason, reason_size);
    *newsp = canceled ? V3_NEWS_COMPACTED : V3_NEWS_EVENTS;
    return canceled ? 0 : v3_read_events(result, fn, user);
}
