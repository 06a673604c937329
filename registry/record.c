// SPDX-License-Identifier: Apache-2.0
#include "registry/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { RECORD_FORMAT = 1 };

void record_key(char key[RECORD_KEY_MAX], const char *service, const char *version)
{
    snprintf(key, RECORD_KEY_MAX, "t/%s/%s", service, version);
}

size_t record_write(uint8_t value[RECORD_VALUE_MAX], const struct publication *publication)
{
    char *end = (char *)value + RECORD_HEAD_SIZE;
    uint8_t *size = value + 1 + TYPES_HASH_SIZE;

    value[0] = RECORD_FORMAT;
    memcpy(value + 1, publication->types, TYPES_HASH_SIZE);
    for (unsigned i = 0; i < 4; i++)
        size[i] = (uint8_t)(publication->types_size >> (8 * i));
    end = stpcpy(end, publication->proto_service) + 1;
    for (size_t i = 0; i < publication->method_count; i++)
        end = stpcpy(end, publication->methods[i]) + 1;
    return (size_t)(end - (char *)value);
}

/* Splits t/SERVICE/VERSION. */
static int record_read_key(struct record *record, struct mu_bytes key)
{
    const uint8_t *name = key.data + 2;
    const uint8_t *slash;
    size_t name_size;
    size_t version_size;

    if (key.size < 2 || memcmp(key.data, "t/", 2) != 0 || memchr(key.data, '\0', key.size) != NULL)
        return err_new(-EBADMSG);
    slash = memchr(name, '/', key.size - 2);
    if (slash == NULL)
        return err_new(-EBADMSG);
    name_size = (size_t)(slash - name);
    version_size = key.size - 2 - name_size - 1;
    if (name_size >= sizeof(record->service) || version_size >= sizeof(record->version))
        return err_new(-EBADMSG);
    memcpy(record->service, name, name_size);
    record->service[name_size] = '\0';
    memcpy(record->version, slash + 1, version_size);
    record->version[version_size] = '\0';
    record->publication.service = record->service;
    record->publication.version = record->version;
    return 0;
}

/* The proto service and the methods: texts that fill the rest of the value. */
static int record_read_texts(struct record *record, struct mu_bytes value)
{
    const char *text = (const char *)value.data + RECORD_HEAD_SIZE;
    const char *end = (const char *)value.data + value.size;
    size_t count = 0;

    if (text == end || end[-1] != '\0')
        return err_new(-EBADMSG);
    record->publication.proto_service = text;
    for (text += strlen(text) + 1; text < end; text += strlen(text) + 1) {
        if (count == REGISTRY_METHODS_MAX)
            return err_new(-EBADMSG);
        record->methods[count++] = text;
    }
    record->publication.methods = record->methods;
    record->publication.method_count = count;
    return 0;
}

int record_read(struct record *record, struct mu_bytes key, struct mu_bytes value)
{
    const uint8_t *size = value.data + 1 + TYPES_HASH_SIZE;
    int r;

    if (value.size < RECORD_HEAD_SIZE || value.data[0] != RECORD_FORMAT)
        return err_new(-EBADMSG);
    record->publication = (struct publication){ .types = value.data + 1 };
    for (unsigned i = 0; i < 4; i++)
        record->publication.types_size |= (uint32_t)size[i] << (8 * i);
    r = record_read_key(record, key);
    if (r == 0)
        r = record_read_texts(record, value);
    if (r < 0)
        return err_trace(r);
    if (publication_fault(&record->publication) != NULL || record->publication.types_size == 0)
        return err_new(-EBADMSG);
    return 0;
}
