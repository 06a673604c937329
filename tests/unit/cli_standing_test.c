// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/life.h"
#include "services/interface/mu/standing.h"
#include "tests/unit/cmocka.h"

enum { PROCESSES_MAX = 8 };

static Mu__Node__V1__Process processes[PROCESSES_MAX];
static Mu__Node__V1__Process *links[PROCESSES_MAX];
static Mu__Node__V1__ListReply list;

static int setup(void **state)
{
    (void)state;
    mu__node__v1__list_reply__init(&list);
    list.processes = links;
    return 0;
}

static Mu__Node__V1__Process *add(const char *service, Mu__Node__V1__ProcessState process_state)
{
    Mu__Node__V1__Process *process = &processes[list.n_processes];

    mu__node__v1__process__init(process);
    process->service = (char *)service;
    process->state = process_state;
    links[list.n_processes++] = process;
    return process;
}

static Mu__Node__V1__Process *add_waiting(const char *service, const char *need)
{
    Mu__Node__V1__Process *process = add(service, MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING);

    process->waits_for = (char *)need;
    return process;
}

static enum standing standing_at(size_t index)
{
    return standing_of_process(&list, links[index]);
}

static void test_a_state_says_how_it_stands(void **state)
{
    (void)state;
    add("a", MU__NODE__V1__PROCESS_STATE__PROCESS_UP);
    add("b", MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING);
    add("c", MU__NODE__V1__PROCESS_STATE__PROCESS_BACKOFF);
    add("d", MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED);
    add("e", MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN);
    add("f", MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN)->stopped = true;
    add("g", MU__NODE__V1__PROCESS_STATE__PROCESS_STOPPING)->stopped = true;
    add("h", (Mu__Node__V1__ProcessState)77); /* of a newer node */
    assert_int_equal(standing_at(0), STANDING_UP);
    assert_int_equal(standing_at(1), STANDING_COMING);
    assert_int_equal(standing_at(2), STANDING_COMING);
    assert_int_equal(standing_at(3), STANDING_FAILED);
    assert_int_equal(standing_at(4), STANDING_ENDED);
    assert_int_equal(standing_at(5), STANDING_STOPPED);
    assert_int_equal(standing_at(6), STANDING_STOPPED);
    assert_int_equal(standing_at(7), STANDING_UNKNOWN);
}

static void test_who_waits_for_what_comes_is_coming(void **state)
{
    (void)state;
    add_waiting("shop", "store");
    add_waiting("store", "disk");
    add("disk", MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING);
    assert_int_equal(standing_at(0), STANDING_COMING);
}

static void test_who_waits_for_what_does_not_come_is_stuck(void **state)
{
    static const Mu__Node__V1__ProcessState ends[] = { MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN,
        MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED };

    (void)state;
    add_waiting("shop", "store");
    assert_int_equal(standing_at(0), STANDING_STUCK); /* nobody knows a store */
    add_waiting("store", "disk");
    assert_int_equal(standing_at(0), STANDING_STUCK);
    add("disk", MU__NODE__V1__PROCESS_STATE__PROCESS_UP);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        processes[2].state = ends[i];
        assert_int_equal(standing_at(0), STANDING_STUCK);
    }
}

static void test_a_ring_of_needs_ends_all_the_same(void **state)
{
    (void)state;
    add_waiting("a", "b");
    add_waiting("b", "a");
    assert_int_equal(standing_at(0), STANDING_COMING);
}

static void test_the_best_process_of_a_service_counts(void **state)
{
    (void)state;
    add("shop", MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED);
    add("shop", MU__NODE__V1__PROCESS_STATE__PROCESS_UP);
    assert_ptr_equal(standing_best(&list, "shop"), links[1]);
    assert_null(standing_best(&list, "sho"));
}

static void test_why_is_what_the_node_says_of_it(void **state)
{
    Mu__Node__V1__Process *process = add("shop", MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED);
    char text[STANDING_WHY_MAX];

    (void)state;
    process->last_exit = (char *)"cannot be started: No such file or directory";
    process->reason = (char *)"ended for good";
    assert_string_equal(standing_why(STANDING_FAILED, process, text, sizeof(text)),
            "failed: cannot be started: No such file or directory");
    process->restarts = 4;
    process->reason = (char *)"failed 5 times within 60 s";
    process->last_exit = (char *)"exit 1";
    assert_string_equal(standing_why(STANDING_FAILED, process, text, sizeof(text)),
            "failed 5 times within 60 s, the last time with: exit 1");
    assert_string_equal(standing_why(STANDING_ENDED, process, text, sizeof(text)),
            "ended, and is not to run again: exit 1");
    process->reason = (char *)"";
    assert_string_equal(standing_why(STANDING_COMING, process, text, sizeof(text)),
            "starts again; its last end: exit 1");
    process->reason = (char *)"waits for store, which this node does not know";
    assert_string_equal(standing_why(STANDING_STUCK, process, text, sizeof(text)), process->reason);
}

/* ---- does a node live? ---- */

static void write_lock(const char *run, const char *text)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "%s/node.lock", run);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_a_node_lives_while_its_process_does(void **state)
{
    char run[] = "/tmp/mu-life-XXXXXX";
    char path[64];
    char text[32];

    (void)state;
    assert_non_null(mkdtemp(run));
    assert_false(life_of(run));
    write_lock(run, "");
    assert_false(life_of(run));
    write_lock(run, "../1\n");
    assert_false(life_of(run));
    write_lock(run, "4194305\n"); /* above the largest process number there can be */
    assert_false(life_of(run));
    snprintf(text, sizeof(text), "%d\n", (int)getpid()); /* the number was given away again */
    write_lock(run, text);
    assert_false(life_of(run));
    assert_int_equal(prctl(PR_SET_NAME, "mu-node"), 0); /* and given to a node */
    assert_true(life_of(run));
    snprintf(path, sizeof(path), "%s/node.lock", run);
    unlink(path);
    rmdir(run);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_state_says_how_it_stands),
        TEST(test_who_waits_for_what_comes_is_coming),
        TEST(test_who_waits_for_what_does_not_come_is_stuck),
        TEST(test_a_ring_of_needs_ends_all_the_same),
        TEST(test_the_best_process_of_a_service_counts),
        TEST(test_why_is_what_the_node_says_of_it),
        TEST(test_a_node_lives_while_its_process_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
