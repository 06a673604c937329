// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "client/caller.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "tests/unit/cmocka.h"

static void test_a_caller_reads_as_protobuf_wrote_it(void **state)
{
    Mu__Bus__V1__Caller wire = MU__BUS__V1__CALLER__INIT;
    struct mu_caller caller;
    uint8_t bytes[256];
    char room[258];
    size_t size;

    (void)state;
    wire.node = (char *)"north";
    wire.service = (char *)"greeter";
    wire.instance = UINT64_MAX / 3;
    wire.uid = 1000;
    wire.pid = 4711;
    wire.operator_ = true;
    wire.owner = (char *)"alice";
    wire.hops = 2;
    wire.user = (char *)"alice";
    wire.namespace_ = (char *)"acme";
    wire.token = (ProtobufCBinaryData){ 16, (uint8_t *)"0123456789abcdef" };
    size = mu__bus__v1__caller__pack(&wire, bytes);
    caller_read(&caller, (struct mu_bytes){ bytes, size }, room);
    assert_string_equal(caller.node, "north");
    assert_string_equal(caller.service, "greeter");
    assert_int_equal(caller.instance, UINT64_MAX / 3);
    assert_int_equal(caller.uid, 1000);
    assert_int_equal(caller.pid, 4711);
    assert_true(caller.is_operator);
    assert_string_equal(caller.owner, "alice");
    assert_int_equal(caller.hops, 2);
    assert_string_equal(caller.user, "alice");
    assert_string_equal(caller.space, "acme");
    assert_memory_equal(caller.token, "0123456789abcdef", 16);
}

static void test_nobody_is_empty(void **state)
{
    struct mu_caller caller;
    char room[2];

    (void)state;
    caller_read(&caller, (struct mu_bytes){ NULL, 0 }, room);
    assert_string_equal(caller.node, "");
    assert_string_equal(caller.service, "");
    assert_string_equal(caller.owner, "");
    assert_string_equal(caller.user, "");
    assert_string_equal(caller.space, "");
    assert_null(caller.token);
    assert_false(caller.is_operator);
}

static void test_what_cannot_be_read_is_nobody(void **state)
{
    static const uint8_t twice[] = "\x0a\x05north\x30\x01\x30\x01";
    struct mu_caller caller;
    char room[sizeof(twice) + 1];

    (void)state;
    caller_read(&caller, (struct mu_bytes){ twice, sizeof(twice) - 1 }, room);
    assert_string_equal(caller.node, "");
    assert_false(caller.is_operator);
}

/* The room is exactly what is promised: a sanitizer says where that is not enough. */
static void test_no_bytes_write_beyond_the_room(void **state)
{
    static const uint8_t texts[] = { 0x0a, 0x12, 0x3a };
    uint8_t bytes[24];
    unsigned seed = 5;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t size = (size_t)i % (sizeof(bytes) + 1);
        char *room = malloc(size + 2);
        struct mu_caller caller;

        for (size_t at = 0; at < size; at++) {
            seed = seed * 1103515245 + 12345;
            bytes[at] =
                    (seed >> 16) % 3 == 0 ? texts[(seed >> 18) % 3] : (uint8_t)((seed >> 20) % 6);
        }
        caller_read(&caller, (struct mu_bytes){ bytes, size }, room);
        assert_true(strlen(caller.node) + strlen(caller.service) + strlen(caller.owner) <= size);
        free(room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_caller_reads_as_protobuf_wrote_it),
        cmocka_unit_test(test_nobody_is_empty),
        cmocka_unit_test(test_what_cannot_be_read_is_nobody),
        cmocka_unit_test(test_no_bytes_write_beyond_the_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
