// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "mu/store.h"
#include "tests/unit/registry_folder.h"

struct fixture {
    struct folder folder;
    struct mu_store *store;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    folder_make(&fixture->folder);
    assert_int_equal(mu_store_open(&fixture->store, fixture->folder.path, 0), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    fixture->store = mu_store_close(fixture->store);
    folder_remove(&fixture->folder);
    free(fixture);
    return 0;
}

static void reopen(struct fixture *fixture, size_t size_max)
{
    mu_store_close(fixture->store);
    assert_int_equal(mu_store_open(&fixture->store, fixture->folder.path, size_max), 0);
}

static struct mu_bytes text(const char *words)
{
    return (struct mu_bytes){ .data = (const uint8_t *)words, .size = strlen(words) };
}

static int put(struct mu_store *store, const char *key, const char *value)
{
    return mu_store_put(store, text(key), text(value));
}

static void assert_holds(struct mu_store *store, const char *key, const char *value)
{
    struct mu_bytes found;

    assert_int_equal(mu_store_get(store, text(key), &found), MU_STORE_OK);
    assert_int_equal(found.size, strlen(value));
    assert_memory_equal(found.data, value, found.size);
}

static void assert_lacks(struct mu_store *store, const char *key)
{
    struct mu_bytes found;

    assert_int_equal(mu_store_get(store, text(key), &found), MU_STORE_NONE);
}

static void test_what_was_committed_is_there_after_reopening(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(put(fixture->store, "a", "one"), MU_STORE_OK);
    assert_int_equal(put(fixture->store, "b", ""), MU_STORE_OK);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    reopen(fixture, 0);
    assert_holds(fixture->store, "a", "one");
    assert_holds(fixture->store, "b", "");
}

static void test_what_was_not_committed_is_gone_after_reopening(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(put(fixture->store, "a", "one"), MU_STORE_OK);
    assert_holds(fixture->store, "a", "one");
    reopen(fixture, 0);
    assert_lacks(fixture->store, "a");
}

static void test_abort_forgets_writes_and_deletes(void **state)
{
    struct fixture *fixture = *state;

    put(fixture->store, "a", "one");
    mu_store_commit(fixture->store);
    put(fixture->store, "a", "two");
    put(fixture->store, "b", "new");
    mu_store_abort(fixture->store);
    assert_holds(fixture->store, "a", "one");
    assert_lacks(fixture->store, "b");
    assert_int_equal(mu_store_delete(fixture->store, text("a")), MU_STORE_OK);
    assert_lacks(fixture->store, "a");
    mu_store_abort(fixture->store);
    assert_holds(fixture->store, "a", "one");
}

static void test_delete_says_whether_there_was_such_a_key(void **state)
{
    struct fixture *fixture = *state;

    put(fixture->store, "a", "one");
    assert_int_equal(mu_store_delete(fixture->store, text("a")), MU_STORE_OK);
    assert_int_equal(mu_store_delete(fixture->store, text("a")), MU_STORE_NONE);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    assert_lacks(fixture->store, "a");
}

static void test_commit_with_nothing_written_leaves_the_file_alone(void **state)
{
    struct fixture *fixture = *state;
    char file[128];
    struct stat before;
    struct stat after;

    put(fixture->store, "a", "one");
    mu_store_commit(fixture->store);
    snprintf(file, sizeof(file), "%s/data.mdb", fixture->folder.path);
    assert_int_equal(stat(file, &before), 0);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(before.st_size, after.st_size);
}

static void test_keys_and_values_have_limits(void **state)
{
    struct fixture *fixture = *state;
    struct mu_bytes found;
    uint8_t *large = calloc(1, MU_STORE_VALUE_MAX + 1);
    uint8_t key[MU_STORE_KEY_MAX + 1];
    const struct {
        size_t key_size;
        size_t value_size;
        int result;
    } rows[] = {
        { 0, 1, -EINVAL },
        { 1, 0, MU_STORE_OK },
        { MU_STORE_KEY_MAX - 1, 1, MU_STORE_OK },
        { MU_STORE_KEY_MAX, 1, MU_STORE_OK },
        { MU_STORE_KEY_MAX + 1, 1, -EINVAL },
        { 2, MU_STORE_VALUE_MAX - 1, MU_STORE_OK },
        { 3, MU_STORE_VALUE_MAX, MU_STORE_OK },
        { 4, MU_STORE_VALUE_MAX + 1, -EINVAL },
    };

    memset(key, 'k', sizeof(key));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mu_bytes name = { key, rows[i].key_size };
        struct mu_bytes value = { large, rows[i].value_size };

        assert_int_equal(mu_store_put(fixture->store, name, value), rows[i].result);
        if (rows[i].result == MU_STORE_OK) {
            assert_int_equal(mu_store_get(fixture->store, name, &found), MU_STORE_OK);
            assert_int_equal(found.size, value.size);
        } else if (name.size == 0 || name.size > MU_STORE_KEY_MAX) {
            assert_int_equal(mu_store_get(fixture->store, name, &found), -EINVAL);
            assert_int_equal(mu_store_delete(fixture->store, name), -EINVAL);
        }
    }
    assert_int_equal(mu_store_commit(fixture->store), 0);
    free(large);
}

struct visit {
    char keys[256];
    int stop_after;
    int count;
};

static int visit_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct visit *visit = user;
    size_t used = strlen(visit->keys);

    (void)value;
    snprintf(visit->keys + used, sizeof(visit->keys) - used, "%.*s ", (int)key.size,
            (const char *)key.data);
    visit->count += 1;
    return visit->count == visit->stop_after ? 42 : 0;
}

static void test_each_visits_a_prefix_in_order_and_stops_when_told(void **state)
{
    struct fixture *fixture = *state;
    struct visit all = { 0 };
    struct visit some = { 0 };
    struct visit stopped = { .stop_after = 2 };
    struct visit none = { 0 };

    put(fixture->store, "b/2", "");
    put(fixture->store, "a/1", "");
    put(fixture->store, "b/1", "");
    put(fixture->store, "c", "");
    assert_int_equal(mu_store_each(fixture->store, text(""), visit_one, &all), 0);
    assert_string_equal(all.keys, "a/1 b/1 b/2 c ");
    assert_int_equal(mu_store_commit(fixture->store), 0);
    assert_int_equal(mu_store_each(fixture->store, text("b/"), visit_one, &some), 0);
    assert_string_equal(some.keys, "b/1 b/2 ");
    assert_int_equal(mu_store_each(fixture->store, text(""), visit_one, &stopped), 42);
    assert_string_equal(stopped.keys, "a/1 b/1 ");
    assert_int_equal(mu_store_each(fixture->store, text("d"), visit_one, &none), 0);
    assert_int_equal(none.count, 0);
}

static void test_each_refuses_a_prefix_no_key_can_have(void **state)
{
    struct fixture *fixture = *state;
    uint8_t long_prefix[MU_STORE_KEY_MAX + 1] = { 0 };
    struct visit none = { 0 };

    assert_int_equal(
            mu_store_each(fixture->store, (struct mu_bytes){ long_prefix, sizeof(long_prefix) },
                    visit_one, &none),
            -EINVAL);
}

static void test_a_second_owner_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct mu_store *second = NULL;
    int status;
    pid_t pid;

    assert_int_equal(mu_store_open(&second, fixture->folder.path, 0), -EBUSY);
    assert_null(second);

    pid = fork();
    if (pid == 0)
        _exit(mu_store_open(&second, fixture->folder.path, 0) == -EBUSY ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_a_file_in_the_way_of_the_folder_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct mu_store *second = NULL;
    char path[128];

    snprintf(path, sizeof(path), "%s/data.mdb", fixture->folder.path);
    assert_int_equal(mu_store_open(&second, path, 0), -ENOTDIR);
    assert_null(second);
}

static void test_a_file_that_is_no_store_is_told_apart(void **state)
{
    struct fixture *fixture = *state;
    struct mu_store *second = NULL;
    char path[128];
    uint8_t junk[8192];
    FILE *file;

    memset(junk, 0x5a, sizeof(junk));
    snprintf(path, sizeof(path), "%s/junk", fixture->folder.path);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/junk/data.mdb", fixture->folder.path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(junk, 1, sizeof(junk), file), sizeof(junk));
    fclose(file);
    snprintf(path, sizeof(path), "%s/junk", fixture->folder.path);
    assert_int_equal(mu_store_open(&second, path, 0), -EBADMSG);
    assert_null(second);
}

/* Flips one bit of each place in the file where `needle` stands. */
static void flip_in_file(const char *folder, const char *needle)
{
    static uint8_t content[1048576];
    char path[128];
    size_t size;
    int flips = 0;
    FILE *file;

    snprintf(path, sizeof(path), "%s/data.mdb", folder);
    file = fopen(path, "r+");
    assert_non_null(file);
    size = fread(content, 1, sizeof(content), file);
    for (size_t i = 0; i + strlen(needle) <= size; i++) {
        if (memcmp(content + i, needle, strlen(needle)) != 0)
            continue;
        content[i] ^= 1;
        flips += 1;
    }
    assert_true(flips > 0);
    rewind(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    fclose(file);
}

static void test_a_flipped_bit_is_detected_and_harms_no_other_value(void **state)
{
    struct fixture *fixture = *state;
    struct mu_bytes found;
    struct visit visit = { 0 };

    put(fixture->store, "bad", "the-value-that-rots");
    put(fixture->store, "good", "fine");
    mu_store_commit(fixture->store);
    fixture->store = mu_store_close(fixture->store);
    flip_in_file(fixture->folder.path, "the-value-that-rots");
    reopen(fixture, 0);
    assert_int_equal(mu_store_get(fixture->store, text("bad"), &found), -EBADMSG);
    assert_holds(fixture->store, "good", "fine");
    assert_int_equal(mu_store_each(fixture->store, text(""), visit_one, &visit), -EBADMSG);
    assert_int_equal(put(fixture->store, "bad", "written anew"), MU_STORE_OK);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    assert_holds(fixture->store, "bad", "written anew");
}

static void test_a_value_under_anothers_key_is_detected(void **state)
{
    struct fixture *fixture = *state;
    struct mu_bytes found;

    put(fixture->store, "key-of-one", "1");
    mu_store_commit(fixture->store);
    fixture->store = mu_store_close(fixture->store);
    flip_in_file(fixture->folder.path, "key-of-one");
    reopen(fixture, 0);
    assert_lacks(fixture->store, "key-of-one");
    assert_int_equal(mu_store_get(fixture->store, text("jey-of-one"), &found), -EBADMSG);
}

enum { FULL_SIZE = 1048576, FULL_VALUE = 1000 };

static int fill(struct mu_store *store, const uint8_t *value, int from)
{
    char key[16];
    int count = from;
    int r;

    do {
        snprintf(key, sizeof(key), "k%06d", count);
        r = mu_store_put(store, text(key), (struct mu_bytes){ value, FULL_VALUE });
        if (r == MU_STORE_OK)
            count += 1;
        if (r == MU_STORE_OK && count % 10 == 0)
            assert_int_equal(mu_store_commit(store), 0);
    } while (r == MU_STORE_OK);
    assert_int_equal(r, MU_STORE_FULL);
    assert_int_equal(mu_store_commit(store), 0);
    return count;
}

static void test_a_full_store_refuses_puts_but_reads_and_deletes(void **state)
{
    struct fixture *fixture = *state;
    uint8_t value[FULL_VALUE];
    struct mu_bytes found;
    char key[16];
    int count;

    memset(value, 'v', sizeof(value));
    reopen(fixture, FULL_SIZE);
    count = fill(fixture->store, value, 0);
    /* Two or three records of this size share a page of 4096 bytes; 80 % of the pages are for them.
     */
    assert_in_range(count, FULL_SIZE / 4096 * 2 * 75 / 100, FULL_SIZE / 4096 * 3 * 80 / 100);
    assert_int_equal(mu_store_put(fixture->store, text("k000000"), text("x")), MU_STORE_FULL);

    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k%06d", i);
        assert_int_equal(mu_store_get(fixture->store, text(key), &found), MU_STORE_OK);
        assert_memory_equal(found.data, value, FULL_VALUE);
    }
    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k%06d", i);
        assert_int_equal(mu_store_delete(fixture->store, text(key)), MU_STORE_OK);
        assert_int_equal(mu_store_commit(fixture->store), 0);
    }
    assert_true(fill(fixture->store, value, 0) >= count - 12);
}

static void test_a_transaction_larger_than_the_map_loses_nothing_of_the_ones_before(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *large = calloc(1, FULL_SIZE);
    struct mu_bytes half = { large, FULL_SIZE / 2 };
    int r = MU_STORE_OK;

    reopen(fixture, FULL_SIZE);
    put(fixture->store, "a", "kept");
    assert_int_equal(mu_store_commit(fixture->store), 0);
    put(fixture->store, "b", "lost with its transaction");
    /* Written over and over, one value stays small in live pages while old ones pile up unfreed. */
    assert_int_equal(mu_store_put(fixture->store, text("c"), half), MU_STORE_OK);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    put(fixture->store, "d", "lost with its transaction");
    for (int i = 0; i < 8 && r == MU_STORE_OK; i++) {
        assert_int_equal(mu_store_delete(fixture->store, text("c")), MU_STORE_OK);
        r = mu_store_put(fixture->store, text("c"), half);
    }
    assert_int_equal(r, MU_STORE_FULL);
    assert_int_equal(put(fixture->store, "e", ""), MU_STORE_FULL);
    assert_int_equal(mu_store_delete(fixture->store, text("a")), -ENOSPC);
    assert_holds(fixture->store, "a", "kept");
    assert_lacks(fixture->store, "d");
    assert_int_equal(mu_store_commit(fixture->store), MU_STORE_FULL);
    assert_holds(fixture->store, "b", "lost with its transaction");
    assert_lacks(fixture->store, "d");
    assert_int_equal(mu_store_delete(fixture->store, text("c")), MU_STORE_OK);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    assert_int_equal(put(fixture->store, "d", "fits now"), MU_STORE_OK);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    free(large);
}

static void test_a_value_over_the_whole_limit_is_full_at_once(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *large = calloc(1, FULL_SIZE);

    reopen(fixture, FULL_SIZE);
    assert_int_equal(mu_store_put(fixture->store, text("a"), (struct mu_bytes){ large, FULL_SIZE }),
            MU_STORE_FULL);
    assert_int_equal(put(fixture->store, "a", "small"), MU_STORE_OK);
    assert_int_equal(mu_store_commit(fixture->store), 0);
    free(large);
}

static void test_a_copy_holds_what_was_committed_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    struct mu_store *copy = NULL;
    char path[128];

    put(fixture->store, "a", "one");
    mu_store_commit(fixture->store);
    put(fixture->store, "b", "open");
    snprintf(path, sizeof(path), "%s/backup", fixture->folder.path);
    assert_int_equal(mu_store_copy(fixture->store, path), 0);
    assert_int_equal(mu_store_copy(fixture->store, path), -EEXIST);
    assert_int_equal(mu_store_open(&copy, path, 0), 0);
    assert_holds(copy, "a", "one");
    assert_lacks(copy, "b");
    mu_store_close(copy);
    assert_int_equal(mu_store_copy(fixture->store, fixture->folder.path), -EBUSY);
}

static void test_closing_nothing_is_fine(void **state)
{
    (void)state;
    assert_null(mu_store_close(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_committed_is_there_after_reopening),
        TEST(test_what_was_not_committed_is_gone_after_reopening),
        TEST(test_abort_forgets_writes_and_deletes),
        TEST(test_delete_says_whether_there_was_such_a_key),
        TEST(test_commit_with_nothing_written_leaves_the_file_alone),
        TEST(test_keys_and_values_have_limits),
        TEST(test_each_visits_a_prefix_in_order_and_stops_when_told),
        TEST(test_each_refuses_a_prefix_no_key_can_have),
        TEST(test_a_second_owner_is_refused),
        TEST(test_a_file_in_the_way_of_the_folder_is_an_error),
        TEST(test_a_file_that_is_no_store_is_told_apart),
        TEST(test_a_flipped_bit_is_detected_and_harms_no_other_value),
        TEST(test_a_value_under_anothers_key_is_detected),
        TEST(test_a_full_store_refuses_puts_but_reads_and_deletes),
        TEST(test_a_transaction_larger_than_the_map_loses_nothing_of_the_ones_before),
        TEST(test_a_value_over_the_whole_limit_is_full_at_once),
        TEST(test_a_copy_holds_what_was_committed_and_nothing_else),
        TEST(test_closing_nothing_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
