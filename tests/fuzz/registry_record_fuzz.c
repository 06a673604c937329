// SPDX-License-Identifier: Apache-2.0
/* Any bytes are a record of the journal: the first says how long its key is. What is read from it
 * is without fault, and is written again as it was. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "registry/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t value[RECORD_VALUE_MAX];
    char key[RECORD_KEY_MAX];
    struct mu_bytes given_key;
    struct mu_bytes given_value;
    struct record record;

    if (size < 1 || data[0] > size - 1)
        return 0;
    given_key = (struct mu_bytes){ .data = data + 1, .size = data[0] };
    given_value = (struct mu_bytes){ .data = data + 1 + data[0], .size = size - 1 - data[0] };
    if (record_read(&record, given_key, given_value) < 0)
        return 0;
    CHECK(publication_fault(&record.publication) == NULL);
    record_key(key, record.publication.service, record.publication.version);
    CHECK(strlen(key) == given_key.size && memcmp(key, given_key.data, given_key.size) == 0);
    CHECK(record_write(value, &record.publication) == given_value.size);
    CHECK(memcmp(value, given_value.data, given_value.size) == 0);
    return 0;
}
