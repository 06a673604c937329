// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "tests/unit/registry_model.h"

enum { RUNS = 500, OPERATIONS_SIZE = 2000 };

static void test_registry_and_watchers_agree_with_a_naive_model_whatever_happens(void **state)
{
    uint8_t operations[OPERATIONS_SIZE];

    (void)state;
    for (uint32_t seed = 1; seed <= RUNS; seed++) {
        struct random random;

        random_init(&random, seed);
        for (size_t i = 0; i < sizeof(operations); i++)
            operations[i] = (uint8_t)random_next(&random);
        model_run(operations, sizeof(operations));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry_and_watchers_agree_with_a_naive_model_whatever_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
