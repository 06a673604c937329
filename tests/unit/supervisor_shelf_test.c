// SPDX-License-Identifier: Apache-2.0
#include "kernel/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

enum { SIZE_MAX_OF_ONE = 64 };

static const struct shelf shelf = { "things", SIZE_MAX_OF_ONE };
static struct folders folders;

/* What was read, one text behind the other, and what becomes of each. */
static char heard[256];
static int outcome;

static int hear(void *user, struct span record)
{
    (void)user;
    snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%.*s;", (int)record.size,
            (const char *)record.data);
    return outcome;
}

static const char *load(void)
{
    heard[0] = '\0';
    assert_int_equal(shelf_load(&shelf, &folders, hear, NULL), 0);
    return heard;
}

static int put(uint64_t handle, const char *text)
{
    return shelf_write(
            &shelf, &folders, handle, (struct span){ (const uint8_t *)text, strlen(text) });
}

static void put_file(const char *name, const char *text)
{
    char path[FOLDER_PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s/things/%s", folders.place.state, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static bool has_file(const char *name)
{
    char path[FOLDER_PATH_MAX];

    snprintf(path, sizeof(path), "%s/things/%s", folders.place.state, name);
    return access(path, F_OK) == 0;
}

static int set_up(void **state)
{
    char path[] = "/tmp/mu-shelf-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(path));
    folders = (struct folders){ 0 };
    snprintf(folders.place.state, sizeof(folders.place.state), "%s", path);
    outcome = SHELF_KEPT;
    return 0;
}

static int tear_down(void **state)
{
    char command[FOLDER_PATH_MAX + 16];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folders.place.state);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of this test's own */
    return 0;
}

static void test_a_record_is_there_until_it_is_removed(void **state)
{
    (void)state;
    assert_string_equal(load(), "");
    assert_int_equal(put(7, "one"), 0);
    assert_int_equal(put(7, "two"), 0);
    assert_string_equal(load(), "two;");
    assert_int_equal(shelf_remove(&shelf, &folders, 7), 0);
    assert_int_equal(shelf_sync(&shelf, &folders), 0);
    assert_string_equal(load(), "");
    assert_int_equal(shelf_remove(&shelf, &folders, 7), 0);
}

/* The node was killed between a draft and its new name: nobody was told that it is kept, and what
 * is taken back must not come again from it. */
static void test_a_draft_is_no_record_and_does_not_stay(void **state)
{
    (void)state;
    assert_int_equal(put(7, "one"), 0);
    put_file("0000000000000007.new", "never told");
    put_file("0000000000000008.new", "never told");
    assert_string_equal(load(), "one;");
    assert_false(has_file("0000000000000007.new"));
    assert_false(has_file("0000000000000008.new"));
}

static void test_what_is_none_is_removed_and_what_is_not_ours_is_left(void **state)
{
    (void)state;
    assert_int_equal(put(7, "one"), 0);
    put_file("notes", "an operator's");
    outcome = SHELF_BAD;
    assert_string_equal(load(), "one;");
    assert_false(has_file("0000000000000007"));
    assert_true(has_file("notes"));
    assert_int_equal(put(8, "two"), 0);
    outcome = SHELF_OVER;
    assert_string_equal(load(), "two;");
    assert_false(has_file("0000000000000008"));
}

static void test_a_record_has_a_size_at_most(void **state)
{
    char text[SIZE_MAX_OF_ONE + 2];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[SIZE_MAX_OF_ONE - 1] = '\0';
    assert_int_equal(put(7, text), 0);
    text[SIZE_MAX_OF_ONE - 1] = 'x';
    text[SIZE_MAX_OF_ONE] = '\0';
    assert_int_equal(put(7, text), 0);
    text[SIZE_MAX_OF_ONE] = 'x';
    text[SIZE_MAX_OF_ONE + 1] = '\0';
    assert_int_equal(put(7, text), -EMSGSIZE);
    assert_int_equal(strlen(load()), SIZE_MAX_OF_ONE + 1);
    put_file("0000000000000007", text);
    assert_string_equal(load(), "");
    assert_false(has_file("0000000000000007"));
}

/* A file that may not grow takes a part of what is written, as on a disk that is full. */
static void test_where_there_is_no_room_the_record_before_stays(void **state)
{
    struct rlimit before;
    struct rlimit small;

    (void)state;
    assert_int_equal(put(7, "one"), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){ 4, before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(put(7, "one and more"), -ENOSPC);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(has_file("0000000000000007.new"));
    assert_string_equal(load(), "one;");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_record_is_there_until_it_is_removed),
        TEST(test_a_draft_is_no_record_and_does_not_stay),
        TEST(test_what_is_none_is_removed_and_what_is_not_ours_is_left),
        TEST(test_a_record_has_a_size_at_most),
        TEST(test_where_there_is_no_room_the_record_before_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
