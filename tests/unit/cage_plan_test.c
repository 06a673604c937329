// SPDX-License-Identifier: Apache-2.0
/* What is planned for a process, before anything is done to it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/cage/owner.h"
#include "kernel/sandbox.h"
#include "mu/manifest.h"
#include "tests/unit/cmocka.h"

static const struct cage_offer everything = { .namespaces = true,
    .proc = true,
    .owners = true,
    .powers = true,
    .landlock = true,
    .filter = true,
    .cgroup = true };

static void expect_grade(struct cage_offer offer, enum cage_grade grade, const char *lacks)
{
    const struct cage_plan plan = plan_cage(&offer, &(struct cage_wish){ .off = false });

    assert_string_equal(grade_name(plan.grade), grade_name(grade));
    assert_string_equal(plan.lacks, lacks);
}

static void test_each_thing_that_a_machine_lacks_costs_a_grade(void **state)
{
    struct cage_offer offer = everything;

    (void)state;
    expect_grade(offer, GRADE_A, "");
    offer.cgroup = false;
    expect_grade(offer, GRADE_B, "there is no cgroup that the node may write");
    offer.landlock = false;
    expect_grade(offer, GRADE_B, "the kernel has no landlock");
    offer.namespaces = false;
    expect_grade(offer, GRADE_D, "namespaces cannot be made here");
    offer.landlock = true;
    expect_grade(offer, GRADE_C, "namespaces cannot be made here");
    offer.filter = false;
    expect_grade(offer, GRADE_D, "the kernel filters no system calls (seccomp)");
}

static void test_the_router_keeps_the_numbers_of_processes(void **state)
{
    struct cage_plan plan = plan_cage(&everything, &(struct cage_wish){ .router = true });

    (void)state;
    assert_int_equal(plan.steps & (CAGE_PID_NS | CAGE_PROC | CAGE_OWNER), 0);
    assert_int_equal(plan.grade, GRADE_A);
    plan = plan_cage(&everything, &(struct cage_wish){ .router = false });
    assert_true((plan.steps & CAGE_PID_NS) != 0 && (plan.steps & CAGE_OWNER) != 0);
}

static void test_network_is_a_namespace_that_stays_away(void **state)
{
    const struct cage_wish client = { .network = CAGE_NETWORK_CLIENT };

    (void)state;
    assert_int_equal(plan_cage(&everything, &client).steps & CAGE_NET_NS, 0);
    assert_int_not_equal(
            plan_cage(&everything, &(struct cage_wish){ .off = false }).steps & CAGE_NET_NS, 0);
}

static void test_off_is_off(void **state)
{
    const struct cage_plan plan = plan_cage(&everything, &(struct cage_wish){ .off = true });

    (void)state;
    assert_int_equal(plan.steps, 0);
    assert_int_equal(plan.grade, GRADE_D);
}

static void test_below_the_least_grade_nothing_runs(void **state)
{
    struct sandbox_terms terms = { .offer = everything, .min = GRADE_C };
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    Mu__Node__V1__Sandbox sandbox = MU__NODE__V1__SANDBOX__INIT;
    struct cage_plan plan;
    struct cage cage;

    (void)state;
    manifest.sandbox = &sandbox;
    assert_int_equal(sandbox_make(&cage, &plan, &terms, &manifest, false), 0);
    terms.offer.cgroup = false;
    assert_int_equal(sandbox_make(&cage, &plan, &terms, &manifest, false), 0);
    sandbox.min = (char *)"A";
    assert_int_equal(sandbox_make(&cage, &plan, &terms, &manifest, false), -ENOTSUP);
    sandbox.min = (char *)"D"; /* a manifest cannot lower what the node wants */
    terms.offer.landlock = terms.offer.namespaces = false;
    assert_int_equal(sandbox_make(&cage, &plan, &terms, &manifest, false), -ENOTSUP);
    terms.min = GRADE_D;
    assert_int_equal(sandbox_make(&cage, &plan, &terms, &manifest, false), 0);
    terms = (struct sandbox_terms){ .offer = everything, .min = GRADE_C };
    sandbox.off = true;
    assert_int_equal(sandbox_make(&cage, &plan, &terms, &manifest, false), -ENOTSUP);
}

static void test_what_is_written_is_read(void **state)
{
    struct cage cage = { .steps = CAGE_MOUNT_NS | CAGE_FILTER,
        .uid = 7,
        .gid = 8,
        .network = CAGE_NETWORK_SERVER,
        .processes = true,
        .groups = { "/g/1", "/g/2" },
        .data = "/data",
        .channel = "/channel",
        .read = { "/r/1", "/r/2" },
        .read_count = 2,
        .write = { "/w" },
        .write_count = 1 };
    const char *words[CAGE_WORDS_MAX + 2] = { "mu-exec" };
    char text[CAGE_TEXT_MAX];
    struct cage back = { .steps = 0 };
    int count = 1 + (int)cage_write(&cage, words + 1, text);
    int option;

    (void)state;
    optind = 1;
    while ((option = getopt_long(
                    count, (char *const *)(uintptr_t)words, "+", cage_options, NULL)) != -1)
        assert_true(cage_read(&back, option, optarg));
    assert_int_equal(optind, count);
    assert_memory_equal(&back, &cage, sizeof(cage));
}

static void test_a_cage_of_the_largest_kind_fits(void **state)
{
    static struct cage cage = { .groups = { "/g", "/g" }, .data = "/d", .channel = "/c" };
    const char *words[CAGE_WORDS_MAX];
    char text[CAGE_TEXT_MAX];

    (void)state;
    cage.steps = cage.uid = cage.gid = UINT32_MAX;
    for (size_t i = 0; i < MU_MANIFEST_PATHS_MAX; i++)
        cage.read[cage.read_count++] = cage.write[cage.write_count++] = "/x";
    assert_in_range(cage_write(&cage, words, text), 1, CAGE_WORDS_MAX);
}

static void test_a_service_keeps_its_uid_and_shares_it_with_nobody(void **state)
{
    char data[] = "/tmp/mu-owner-XXXXXX";
    char path[128];
    uint32_t first;
    uint32_t second;
    uint32_t again;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(data));
    snprintf(path, sizeof(path), "%s/a", data);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/b", data);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(owner_find(data, "a", &first), 0);
    assert_int_equal(owner_find(data, "b", &second), 0);
    assert_int_equal(owner_find(data, "a", &again), 0);
    assert_in_range(first, OWNER_FIRST, OWNER_FIRST + OWNER_COUNT - 1);
    assert_int_not_equal(first, second);
    assert_int_equal(first, again);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/a", data);
    rmdir(path);
    rmdir(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_thing_that_a_machine_lacks_costs_a_grade),
        cmocka_unit_test(test_the_router_keeps_the_numbers_of_processes),
        cmocka_unit_test(test_network_is_a_namespace_that_stays_away),
        cmocka_unit_test(test_off_is_off),
        cmocka_unit_test(test_below_the_least_grade_nothing_runs),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_a_cage_of_the_largest_kind_fits),
        cmocka_unit_test(test_a_service_keeps_its_uid_and_shares_it_with_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
