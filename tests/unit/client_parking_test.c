// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "client/parking.h"
#include "tests/unit/cmocka.h"

static struct span text(const char *characters)
{
    return (struct span){ (const uint8_t *)characters, strlen(characters) };
}

static void test_a_parked_call_is_a_copy_of_its_own(void **state)
{
    struct parking parking;
    char endpoint[] = "greeter.Hello";
    char body[] = "body";
    struct envelope envelope = {
        .kind = ENVELOPE_CALL, .id = 9, .endpoint = text(endpoint), .body = text(body)
    };
    struct parked *parked;

    (void)state;
    parking_init(&parking);
    assert_true(parking_add(&parking, &envelope, 77));
    memset(endpoint, 'x', sizeof(endpoint) - 1);
    memset(body, 'x', sizeof(body) - 1);
    parked = list_entry(parking.calls.next, struct parked, node);
    assert_int_equal(parked->envelope.id, 9);
    assert_int_equal(parked->deadline_ms, 77);
    assert_memory_equal(parked->envelope.endpoint.data, "greeter.Hello", 13);
    assert_memory_equal(parked->envelope.body.data, "body", 4);
    assert_int_equal(parked->envelope.trace.size, 0);
    parking_remove(&parking, parked);
    assert_int_equal(parking.size, 0);
    assert_true(list_is_empty(&parking.calls));
}

static void test_parking_is_bounded_in_bytes_and_gives_them_back(void **state)
{
    struct parking parking;
    uint8_t *body = calloc(1, BODY_SIZE_MAX);
    struct envelope envelope = { .kind = ENVELOPE_CALL, .body = { body, BODY_SIZE_MAX } };
    int parked = 0;

    (void)state;
    parking_init(&parking);
    while (parking_add(&parking, &envelope, 0))
        parked += 1;
    assert_int_equal(parked, OUTBOX_HARD_MAX / BODY_SIZE_MAX - 1);
    parking_remove(&parking, list_entry(parking.calls.next, struct parked, node));
    assert_true(parking_add(&parking, &envelope, 0));
    assert_false(parking_add(&parking, &envelope, 0));
    parking_deinit(&parking);
    parking_deinit(&parking);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_parked_call_is_a_copy_of_its_own),
        cmocka_unit_test(test_parking_is_bounded_in_bytes_and_gives_them_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
