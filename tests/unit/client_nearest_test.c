// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "client/nearest.h"
#include "tests/unit/cmocka.h"

static const struct mu_method methods[] = { { .name = "Hello" }, { .name = "HelloAgain" },
    { .name = "Goodbye" } };
static const struct mu_service_type type = { .methods = methods, .method_count = 3 };

static void test_a_slip_finds_the_method_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest_method(&type, "hello"), "Hello");
    assert_string_equal(nearest_method(&type, "Helo"), "Hello");
    assert_string_equal(nearest_method(&type, "HelloAgian"), "HelloAgain");
    assert_string_equal(nearest_method(&type, "GoodBye"), "Goodbye");
    assert_string_equal(nearest_method(&type, "Godby"), "Goodbye");
}

static void test_what_is_like_nothing_finds_nothing(void **state)
{
    char name[MU_ENDPOINT_MAX + 1];

    (void)state;
    memset(name, 'H', MU_ENDPOINT_MAX);
    name[MU_ENDPOINT_MAX] = '\0';
    assert_null(nearest_method(&type, ""));
    assert_null(nearest_method(&type, "Xyzzy"));
    assert_null(nearest_method(&type, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slip_finds_the_method_that_was_meant),
        cmocka_unit_test(test_what_is_like_nothing_finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
