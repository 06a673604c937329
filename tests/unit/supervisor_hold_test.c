// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/hold.h"
#include "tests/unit/cmocka.h"

static char root[64];
static struct folders folders;

static int setup(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/mu-hold-XXXXXX");
    folders = (struct folders){ 0 };
    if (mkdtemp(root) == NULL)
        return -1;
    snprintf(folders.place.state, sizeof(folders.place.state), "%s", root);
    return 0;
}

static int teardown(void **state)
{
    char path[128];

    (void)state;
    hold_clear(&folders, "shop");
    snprintf(path, sizeof(path), "%s/stopped", root);
    rmdir(path);
    return rmdir(root);
}

static void test_what_is_held_is_so_until_it_is_cleared(void **state)
{
    (void)state;
    assert_false(hold_is_set(&folders, "shop"));
    assert_int_equal(hold_set(&folders, "shop"), 0);
    assert_int_equal(hold_set(&folders, "shop"), 0);
    assert_true(hold_is_set(&folders, "shop"));
    assert_false(hold_is_set(&folders, "sho"));
    assert_int_equal(hold_clear(&folders, "shop"), 0);
    assert_int_equal(hold_clear(&folders, "shop"), 0);
    assert_false(hold_is_set(&folders, "shop"));
}

static void test_a_folder_that_cannot_be_written_is_an_error(void **state)
{
    struct folders nowhere = { .place = { .state = "/dev/null" } };

    (void)state;
    assert_int_equal(hold_set(&nowhere, "shop"), -ENOTDIR);
    assert_int_equal(hold_clear(&nowhere, "shop"), -ENOTDIR);
    assert_false(hold_is_set(&nowhere, "shop"));
}

static void test_the_folder_is_its_owners_alone(void **state)
{
    struct stat found;
    char path[128];

    (void)state;
    assert_int_equal(hold_set(&folders, "shop"), 0);
    snprintf(path, sizeof(path), "%s/stopped", root);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_held_is_so_until_it_is_cleared),
        TEST(test_a_folder_that_cannot_be_written_is_an_error),
        TEST(test_the_folder_is_its_owners_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
