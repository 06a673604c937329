// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/interface/mu/file.h"
#include "services/interface/mu/seed.h"
#include "tests/unit/cmocka.h"

static struct mu_bytes bytes(const char *text)
{
    return (struct mu_bytes){ (const uint8_t *)text, strlen(text) };
}

static void test_an_operators_word_outlives_every_start_and_upgrade(void **state)
{
    static const struct {
        const char *shipped, *before, *registered;
        enum seed_verdict verdict;
    } rows[] = {
        { "one", "", "", SEED_REGISTER },       /* a new folder, or a new service of Mu's */
        { "one", "", "one", SEED_REGISTER },    /* interrupted before it was kept in mind */
        { "one", "", "mine", SEED_KEEP },       /* the name was taken before Mu brought it */
        { "one", "one", "one", SEED_SAME },     /* started again */
        { "one", "one", "", SEED_SAME },        /* deregistered since */
        { "one", "one", "mine", SEED_SAME },    /* changed since */
        { "two", "one", "one", SEED_REGISTER }, /* upgraded, and nobody changed it */
        { "two", "one", "two", SEED_REGISTER }, /* the same, interrupted */
        { "two", "one", "", SEED_KEEP },        /* upgraded after it was taken out */
        { "two", "one", "mine", SEED_KEEP },    /* upgraded after it was changed */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(seed_judge(bytes(rows[i].shipped), bytes(rows[i].before),
                                 bytes(rows[i].registered)),
                rows[i].verdict);
}

static void test_a_file_is_replaced_whole_or_not_at_all(void **state)
{
    char folder[] = "/tmp/mu-seed-XXXXXX";
    char path[64];
    char *text = NULL;
    size_t size = 0;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/greeter", folder);
    assert_int_equal(file_replace(path, "one", 3), 0);
    assert_int_equal(file_replace(path, "second", 6), 0);
    assert_int_equal(file_read(path, 100, &text, &size), 0);
    assert_int_equal(size, 6);
    assert_string_equal(text, "second");
    free(text);
    assert_int_equal(file_replace("/nonexistent/greeter", "x", 1), -ENOENT);
    assert_int_equal(file_replace(folder, "x", 1), -EISDIR);
    unlink(path);
    rmdir(folder); /* with no draft left in it */
    assert_int_equal(access(folder, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_operators_word_outlives_every_start_and_upgrade),
        cmocka_unit_test(test_a_file_is_replaced_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
