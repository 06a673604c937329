// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/policies.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "transport/terms_limits.h"

enum { NOW_S = 1000000 };

static struct folders folders;
static struct policies_kept policies;
static uint64_t handles;

static int set_up(void **state)
{
    char path[] = "/tmp/mu-policies-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(path));
    folders = (struct folders){ 0 };
    snprintf(folders.place.state, sizeof(folders.place.state), "%s", path);
    policies_init(&policies);
    return 0;
}

static int tear_down(void **state)
{
    char command[FOLDER_PATH_MAX + 16];

    (void)state;
    policies_deinit(&policies);
    snprintf(command, sizeof(command), "rm -rf %s", folders.place.state);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of this test's own */
    return 0;
}

static Mu__Node__V1__PolicySet *make(const char *endpoints, uint32_t timeout_ms, uint64_t ends_s)
{
    Mu__Node__V1__PolicySet *set = calloc(1, sizeof(*set));

    assert_non_null(set);
    mu__node__v1__policy_set__init(set);
    set->handle = ++handles;
    set->ends_s = ends_s;
    set->policy = calloc(1, sizeof(*set->policy));
    assert_non_null(set->policy);
    mu__router__v1__policy__init(set->policy);
    set->policy->endpoints = strdup(endpoints);
    set->policy->timeout_ms = timeout_ms;
    return set;
}

static int put(const char *endpoints, uint32_t timeout_ms, uint64_t ends_s)
{
    bool replaced;

    return policies_set(&policies, &folders, make(endpoints, timeout_ms, ends_s), &replaced);
}

/* Forgets all, and reads what is on the disk. */
static void start_again(uint64_t now_s)
{
    policies_deinit(&policies);
    policies_init(&policies);
    assert_int_equal(policies_load(&policies, &folders, now_s), 0);
}

static const Mu__Router__V1__Policy *only(void)
{
    assert_int_equal(policies.count, 1);
    return list_entry(policies.list.next, struct policy_kept, link)->message->policy;
}

static int files(void)
{
    char path[FOLDER_PATH_MAX];
    int count = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/policies", folders.place.state);
    folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count += 1;
    closedir(folder);
    return count - 2; /* `.` and `..` */
}

static void write_file(const char *name, const char *bytes)
{
    char path[FOLDER_PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/policies/%s", folders.place.state, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
}

static void test_what_was_set_is_there_after_a_start(void **state)
{
    (void)state;
    assert_int_equal(put("shop.*", 1000, 0), 0);
    start_again(NOW_S);
    assert_string_equal(only()->endpoints, "shop.*");
    assert_int_equal(only()->timeout_ms, 1000);
    assert_int_equal(put("shop.*", 2000, 0), 0);
    assert_int_equal(files(), 1); /* in the place of the other */
    start_again(NOW_S);
    assert_int_equal(only()->timeout_ms, 2000);
}

static void test_one_that_ends_stands_beside_the_lasting_one_and_goes(void **state)
{
    uint32_t removed;
    Mu__Node__V1__RemovePolicyRequest scope = MU__NODE__V1__REMOVE_POLICY_REQUEST__INIT;

    (void)state;
    assert_int_equal(put("shop.*", 1000, 0), 0);
    assert_int_equal(put("shop.*", 2000, NOW_S + 10), 0);
    assert_int_equal(files(), 2);
    start_again(NOW_S + 9);
    assert_int_equal(policies.count, 2);
    policies_sweep(&policies, &folders, NOW_S + 10);
    assert_int_equal(only()->timeout_ms, 1000);
    assert_int_equal(files(), 1);
    assert_int_equal(put("shop.*", 2000, NOW_S + 10), 0);
    start_again(NOW_S + 10);
    assert_int_equal(only()->timeout_ms, 1000);
    assert_int_equal(put("shop.*", 2000, NOW_S + 20), 0);
    scope.endpoints = (char *)"shop.*";
    assert_int_equal(policies_remove(&policies, &folders, &scope, &removed), 0);
    assert_int_equal(removed, 2);
    assert_int_equal(files(), 0);
    assert_int_equal(policies_remove(&policies, &folders, &scope, &removed), 0);
    assert_int_equal(removed, 0);
}

static void test_files_that_are_no_policies_are_removed_and_others_left(void **state)
{
    (void)state;
    assert_int_equal(put("shop.*", 1000, 0), 0);
    write_file("00000000000000aa", "nonsense");
    write_file("00000000000000ab", "\x12\x08\x0a\x06node.*"); /* a scope that none may have */
    write_file("note", "not ours");
    start_again(NOW_S);
    assert_int_equal(policies.count, 1);
    assert_int_equal(files(), 2);
}

static void test_there_is_room_for_so_many_and_one_that_is_there_may_change(void **state)
{
    char endpoints[32];

    (void)state;
    for (int i = 0; i < POLICIES_MAX; i++) {
        snprintf(endpoints, sizeof(endpoints), "shop.M%d", i);
        assert_int_equal(put(endpoints, 1000, 0), 0);
    }
    assert_int_equal(put("shop.One", 1000, 0), -ENOSPC);
    assert_int_equal(put("shop.M7", 2000, 0), 0);
    assert_int_equal(policies.count, POLICIES_MAX);
    assert_int_equal(files(), POLICIES_MAX);
}

static void test_what_cannot_be_written_down_changes_nothing(void **state)
{
    char path[FOLDER_PATH_MAX];
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/policies", folders.place.state);
    fd = open(path, O_WRONLY | O_CREAT, 0600); /* a file where the folder should be */
    assert_true(fd >= 0);
    close(fd);
    assert_true(put("shop.*", 1000, 0) < 0);
    assert_int_equal(policies.count, 0);
}

static void test_the_router_is_told_how_long_each_holds_and_a_fault_never_for_too_long(void **state)
{
    Mu__Router__V1__PoliciesRequest *request;
    Mu__Node__V1__PolicySet *faulty = make("shop.Pay", 0, NOW_S + 7200);
    struct span packed;
    bool replaced;

    (void)state;
    faulty->policy->fault = calloc(1, sizeof(*faulty->policy->fault));
    assert_non_null(faulty->policy->fault);
    mu__router__v1__fault__init(faulty->policy->fault);
    faulty->policy->fault->abort_code = 14;
    faulty->policy->fault->percent = 1;
    assert_int_equal(policies_set(&policies, &folders, faulty, &replaced), 0);
    assert_false(replaced);
    assert_int_equal(put("shop.*", 1000, NOW_S + 5), 0);
    assert_int_equal(put("shop.>", 1000, NOW_S), 0);
    assert_int_equal(put(">", 1000, 0), 0);
    assert_int_equal(policies_pack(&policies, NOW_S, &packed), 0);
    request = mu__router__v1__policies_request__unpack(NULL, packed.size, packed.data);
    assert_non_null(request);
    assert_int_equal(request->n_policies, 3);                             /* one is over */
    assert_int_equal(request->policies[0]->left_ms, POLICY_FAULT_MAX_MS); /* the clock went back */
    assert_int_equal(request->policies[1]->left_ms, 5000);
    assert_int_equal(request->policies[2]->left_ms, 0);
    mu__router__v1__policies_request__free_unpacked(request, NULL);
    free((void *)(uintptr_t)packed.data);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_FOLDER(test_what_was_set_is_there_after_a_start),
        IN_A_FOLDER(test_one_that_ends_stands_beside_the_lasting_one_and_goes),
        IN_A_FOLDER(test_files_that_are_no_policies_are_removed_and_others_left),
        IN_A_FOLDER(test_there_is_room_for_so_many_and_one_that_is_there_may_change),
        IN_A_FOLDER(test_what_cannot_be_written_down_changes_nothing),
        IN_A_FOLDER(test_the_router_is_told_how_long_each_holds_and_a_fault_never_for_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
