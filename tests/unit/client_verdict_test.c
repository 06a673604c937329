// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "client/verdict.h"
#include "tests/unit/cmocka.h"

static void test_codes_have_grpc_names_and_unknown_numbers_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(mu_code_name(MU_OK), "OK");
    assert_string_equal(mu_code_name(MU_UNAUTHENTICATED), "UNAUTHENTICATED");
    assert_string_equal(mu_code_name((enum mu_code)17), "UNKNOWN");
    assert_string_equal(mu_code_name((enum mu_code) - 1), "UNKNOWN");
    assert_string_equal(mu_executed_name(MU_EXECUTED_NO), "NO");
    assert_string_equal(mu_executed_name(MU_EXECUTED_YES), "YES");
    assert_string_equal(mu_executed_name(MU_EXECUTED_UNKNOWN), "UNKNOWN");
}

static void test_a_status_survives_the_wire(void **state)
{
    uint8_t out[VERDICT_SIZE_MAX];
    struct mu_status sent;
    struct mu_status read;

    (void)state;
    verdict_set(&sent, MU_NOT_FOUND, MU_EXECUTED_YES, "greeter", "no %s here", "name");
    sent.retry_after_ms = 70;
    verdict_read(&read, verdict_write(&sent, out));
    assert_int_equal(read.code, MU_NOT_FOUND);
    assert_int_equal(read.executed, MU_EXECUTED_YES);
    assert_int_equal(read.retry_after_ms, 70);
    assert_string_equal(read.message, "no name here");
    assert_string_equal(read.origin, "greeter");
}

static void test_the_longest_status_fits_its_bytes(void **state)
{
    uint8_t out[VERDICT_SIZE_MAX];
    struct mu_status sent;
    struct mu_status read;
    char text[2 * MU_STATUS_MESSAGE_MAX];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    verdict_set(&sent, MU_UNAUTHENTICATED, MU_EXECUTED_YES, text, "%s", text);
    sent.retry_after_ms = UINT32_MAX;
    verdict_read(&read, verdict_write(&sent, out));
    assert_int_equal(strlen(read.message), MU_STATUS_MESSAGE_MAX - 1);
    assert_int_equal(strlen(read.origin), MU_STATUS_ORIGIN_MAX - 1);
    assert_int_equal(read.retry_after_ms, UINT32_MAX);
}

static void test_no_status_is_ok_and_executed(void **state)
{
    struct mu_status read;

    (void)state;
    verdict_read(&read, (struct span){ NULL, 0 });
    assert_int_equal(read.code, MU_OK);
    assert_int_equal(read.executed, MU_EXECUTED_YES);
    assert_string_equal(read.message, "");
}

static void test_bytes_that_are_no_status_are_internal_and_unsure(void **state)
{
    static const uint8_t bytes[] = { 0x12, 0x40, 'x' };
    struct mu_status read;

    (void)state;
    verdict_read(&read, (struct span){ bytes, sizeof(bytes) });
    assert_int_equal(read.code, MU_INTERNAL);
    assert_int_equal(read.executed, MU_EXECUTED_UNKNOWN);
}

static void test_texts_from_the_wire_are_cut_to_their_room(void **state)
{
    uint8_t out[1024];
    char origin[200];
    struct status wire = { .code = MU_ABORTED };
    struct mu_status read;
    size_t size;

    (void)state;
    memset(origin, 'o', sizeof(origin));
    wire.origin = (struct span){ (const uint8_t *)origin, sizeof(origin) };
    size = status_write(&wire, out, sizeof(out));
    verdict_read(&read, (struct span){ out, size });
    assert_int_equal(read.code, MU_ABORTED);
    assert_int_equal(strlen(read.origin), MU_STATUS_ORIGIN_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_have_grpc_names_and_unknown_numbers_are_unknown),
        cmocka_unit_test(test_a_status_survives_the_wire),
        cmocka_unit_test(test_the_longest_status_fits_its_bytes),
        cmocka_unit_test(test_no_status_is_ok_and_executed),
        cmocka_unit_test(test_bytes_that_are_no_status_are_internal_and_unsure),
        cmocka_unit_test(test_texts_from_the_wire_are_cut_to_their_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
