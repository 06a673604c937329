// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/routes_model.h"

enum { ROUNDS = 1500, BYTES = 120 };

static void test_any_order_of_reports_comes_to_what_the_model_says(void **state)
{
    struct random random;
    uint8_t operations[BYTES];

    (void)state;
    random_init(&random, 4711);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BYTES; i++)
            operations[i] = (uint8_t)random_below(&random, 256);
        model_run(operations, 2 + random_below(&random, BYTES - 2));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_of_reports_comes_to_what_the_model_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
