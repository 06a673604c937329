// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "registry/record.h"
#include "tests/unit/cmocka.h"

static int read_record(const char *key, const uint8_t *value, size_t size)
{
    struct record record;

    return record_read(&record, (struct mu_bytes){ (const uint8_t *)key, strlen(key) },
            (struct mu_bytes){ value, size });
}

static void test_a_record_reads_back_as_it_was_written(void **state)
{
    static const char *const methods[] = { "Get", "Put" };
    uint8_t types[TYPES_HASH_SIZE] = { 1, 2, 3 };
    uint8_t value[RECORD_VALUE_MAX];
    const struct publication publication = {
        .service = "a-1",
        .version = "1.0.0/x",
        .proto_service = "a.v1.A",
        .methods = methods,
        .method_count = 2,
        .types = types,
        .types_size = 0x01020304,
    };
    char key[RECORD_KEY_MAX];
    struct record record;
    size_t size;

    (void)state;
    record_key(key, publication.service, publication.version);
    size = record_write(value, &publication);
    assert_int_equal(record_read(&record, (struct mu_bytes){ (uint8_t *)key, strlen(key) },
                             (struct mu_bytes){ value, size }),
            0);
    assert_string_equal(record.publication.service, "a-1");
    assert_string_equal(record.publication.version, "1.0.0/x");
    assert_string_equal(record.publication.proto_service, "a.v1.A");
    assert_int_equal(record.publication.method_count, 2);
    assert_string_equal(record.publication.methods[1], "Put");
    assert_int_equal(record.publication.types_size, 0x01020304);
    assert_memory_equal(record.publication.types, types, sizeof(types));
    for (size_t cut = 0; cut < size; cut++)
        read_record(key, value, cut);
    assert_int_equal(read_record(key, value, size - 1), -EBADMSG);
    assert_int_equal(read_record("t/a", value, size), -EBADMSG);
    assert_int_equal(read_record("t/a/", value, size), -EBADMSG);
    assert_int_equal(read_record("t//1", value, size), -EBADMSG);
    assert_int_equal(read_record("x/a/1", value, size), -EBADMSG);
    assert_int_equal(read_record("t", value, size), -EBADMSG);
    value[0] = 2;
    assert_int_equal(read_record(key, value, size), -EBADMSG);
}

static void test_a_record_has_no_more_methods_than_a_service(void **state)
{
    const char *methods[REGISTRY_METHODS_MAX];
    uint8_t types[TYPES_HASH_SIZE] = { 1 };
    uint8_t value[RECORD_VALUE_MAX + 2];
    struct publication publication = {
        .proto_service = "a.v1.A", .methods = methods, .types = types, .types_size = 1
    };
    size_t size;

    (void)state;
    for (size_t i = 0; i < REGISTRY_METHODS_MAX; i++)
        methods[i] = "M";
    publication.method_count = REGISTRY_METHODS_MAX;
    size = record_write(value, &publication);
    assert_int_equal(read_record("t/a/1", value, size), 0);
    memcpy(value + size, "M", 2);
    assert_int_equal(read_record("t/a/1", value, size + 2), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_reads_back_as_it_was_written),
        cmocka_unit_test(test_a_record_has_no_more_methods_than_a_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
