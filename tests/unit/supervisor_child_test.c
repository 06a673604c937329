// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "kernel/child.h"
#include "kernel/limits.h"
#include "tests/unit/cmocka.h"

static const struct child_rule rule = { .failures_max = 5,
    .window_ms = 60000,
    .backoff_max_ms = 30000,
    .ready_timeout_ms = 10000,
    .stop_timeout_ms = 5000 };

/* What may be: every cell that is not here must be refused. */
static const struct {
    enum child_state from;
    enum child_event event;
    enum child_state to;
} cells[] = {
    { CHILD_DOWN, CHILD_WANTED, CHILD_WAITING },
    { CHILD_DOWN, CHILD_UNWANTED, CHILD_DOWN },
    { CHILD_DOWN, CHILD_HURRIED, CHILD_DOWN },
    { CHILD_WAITING, CHILD_WANTED, CHILD_WAITING },
    { CHILD_WAITING, CHILD_UNWANTED, CHILD_DOWN },
    { CHILD_WAITING, CHILD_CLEARED, CHILD_LAUNCHING },
    { CHILD_WAITING, CHILD_HURRIED, CHILD_DOWN },
    { CHILD_LAUNCHING, CHILD_WANTED, CHILD_LAUNCHING },
    { CHILD_LAUNCHING, CHILD_UNWANTED, CHILD_DOWN },
    { CHILD_LAUNCHING, CHILD_FORKED, CHILD_ADMITTING },
    { CHILD_LAUNCHING, CHILD_CUT, CHILD_WAITING },
    { CHILD_LAUNCHING, CHILD_HURRIED, CHILD_DOWN },
    { CHILD_LAUNCHING, CHILD_CRASHED, CHILD_BACKOFF },
    { CHILD_LAUNCHING, CHILD_SPENT, CHILD_FAILED },
    { CHILD_ADMITTING, CHILD_WANTED, CHILD_ADMITTING },
    { CHILD_ADMITTING, CHILD_UNWANTED, CHILD_KILLED },
    { CHILD_ADMITTING, CHILD_ADMITTED, CHILD_STARTING },
    { CHILD_ADMITTING, CHILD_DENIED, CHILD_KILLED },
    { CHILD_ADMITTING, CHILD_CUT, CHILD_KILLED },
    { CHILD_ADMITTING, CHILD_DUE, CHILD_KILLED },
    { CHILD_ADMITTING, CHILD_HURRIED, CHILD_KILLED },
    { CHILD_ADMITTING, CHILD_ENDED, CHILD_DOWN },
    { CHILD_ADMITTING, CHILD_AGAIN, CHILD_WAITING },
    { CHILD_ADMITTING, CHILD_CRASHED, CHILD_BACKOFF },
    { CHILD_ADMITTING, CHILD_SPENT, CHILD_FAILED },
    { CHILD_STARTING, CHILD_WANTED, CHILD_STARTING },
    { CHILD_STARTING, CHILD_UNWANTED, CHILD_STOPPING },
    { CHILD_STARTING, CHILD_READY, CHILD_UP },
    { CHILD_STARTING, CHILD_CUT, CHILD_LOST },
    { CHILD_STARTING, CHILD_DUE, CHILD_KILLED },
    { CHILD_STARTING, CHILD_HURRIED, CHILD_KILLED },
    { CHILD_STARTING, CHILD_ENDED, CHILD_DOWN },
    { CHILD_STARTING, CHILD_AGAIN, CHILD_WAITING },
    { CHILD_STARTING, CHILD_CRASHED, CHILD_BACKOFF },
    { CHILD_STARTING, CHILD_SPENT, CHILD_FAILED },
    { CHILD_UP, CHILD_WANTED, CHILD_UP },
    { CHILD_UP, CHILD_UNWANTED, CHILD_STOPPING },
    { CHILD_UP, CHILD_READY, CHILD_UP },
    { CHILD_UP, CHILD_CUT, CHILD_LOST },
    { CHILD_UP, CHILD_HURRIED, CHILD_KILLED },
    { CHILD_UP, CHILD_ENDED, CHILD_DOWN },
    { CHILD_UP, CHILD_AGAIN, CHILD_WAITING },
    { CHILD_UP, CHILD_CRASHED, CHILD_BACKOFF },
    { CHILD_UP, CHILD_SPENT, CHILD_FAILED },
    { CHILD_LOST, CHILD_WANTED, CHILD_LOST },
    { CHILD_LOST, CHILD_UNWANTED, CHILD_LOST },
    { CHILD_LOST, CHILD_CUT, CHILD_LOST },
    { CHILD_LOST, CHILD_DUE, CHILD_KILLED },
    { CHILD_LOST, CHILD_HURRIED, CHILD_KILLED },
    { CHILD_LOST, CHILD_ENDED, CHILD_DOWN },
    { CHILD_LOST, CHILD_AGAIN, CHILD_WAITING },
    { CHILD_LOST, CHILD_CRASHED, CHILD_BACKOFF },
    { CHILD_LOST, CHILD_SPENT, CHILD_FAILED },
    { CHILD_STOPPING, CHILD_WANTED, CHILD_STOPPING },
    { CHILD_STOPPING, CHILD_UNWANTED, CHILD_STOPPING },
    { CHILD_STOPPING, CHILD_READY, CHILD_STOPPING },
    { CHILD_STOPPING, CHILD_CUT, CHILD_STOPPING },
    { CHILD_STOPPING, CHILD_DUE, CHILD_KILLED },
    { CHILD_STOPPING, CHILD_HURRIED, CHILD_KILLED },
    { CHILD_STOPPING, CHILD_ENDED, CHILD_DOWN },
    { CHILD_STOPPING, CHILD_AGAIN, CHILD_WAITING },
    { CHILD_KILLED, CHILD_WANTED, CHILD_KILLED },
    { CHILD_KILLED, CHILD_UNWANTED, CHILD_KILLED },
    { CHILD_KILLED, CHILD_ADMITTED, CHILD_KILLED },
    { CHILD_KILLED, CHILD_DENIED, CHILD_KILLED },
    { CHILD_KILLED, CHILD_READY, CHILD_KILLED },
    { CHILD_KILLED, CHILD_CUT, CHILD_KILLED },
    { CHILD_KILLED, CHILD_HURRIED, CHILD_KILLED },
    { CHILD_KILLED, CHILD_ENDED, CHILD_DOWN },
    { CHILD_KILLED, CHILD_AGAIN, CHILD_WAITING },
    { CHILD_KILLED, CHILD_CRASHED, CHILD_BACKOFF },
    { CHILD_KILLED, CHILD_SPENT, CHILD_FAILED },
    { CHILD_BACKOFF, CHILD_WANTED, CHILD_BACKOFF },
    { CHILD_BACKOFF, CHILD_UNWANTED, CHILD_DOWN },
    { CHILD_BACKOFF, CHILD_DUE, CHILD_WAITING },
    { CHILD_BACKOFF, CHILD_HURRIED, CHILD_DOWN },
    { CHILD_FAILED, CHILD_WANTED, CHILD_WAITING },
    { CHILD_FAILED, CHILD_UNWANTED, CHILD_DOWN },
    { CHILD_FAILED, CHILD_HURRIED, CHILD_DOWN },
};

static enum child_state expected(enum child_state from, enum child_event event)
{
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        if (cells[i].from == from && cells[i].event == event)
            return cells[i].to;
    }
    return CHILD_REFUSED;
}

static bool can_end(enum child_state state)
{
    return child_next(state, CHILD_ENDED) != CHILD_REFUSED;
}

static void test_every_cell_of_the_table_is_what_it_should_be(void **state)
{
    size_t visited = 0;

    (void)state;
    for (unsigned from = CHILD_DOWN; from < CHILD_STATES; from++) {
        for (unsigned event = 0; event < CHILD_EVENTS; event++) {
            struct child child;
            enum child_state to = expected(from, event);

            child_init(&child, NULL, &rule);
            child.state = from;
            assert_int_equal(child_step(&child, event, 1000), to != CHILD_REFUSED);
            assert_int_equal(child.state, to != CHILD_REFUSED ? to : from);
            visited += to != CHILD_REFUSED;
        }
    }
    assert_int_equal(visited, sizeof(cells) / sizeof(cells[0]));
}

static void test_a_process_that_ends_is_taken_note_of_in_every_state_that_has_one(void **state)
{
    (void)state;
    for (unsigned from = CHILD_DOWN; from < CHILD_STATES; from++) {
        struct child child;

        child_init(&child, NULL, &rule);
        child.state = from;
        assert_int_equal(can_end(from), child_has_process(&child));
    }
}

static void test_whatever_runs_can_be_killed(void **state)
{
    (void)state;
    for (unsigned from = CHILD_DOWN; from < CHILD_STATES; from++) {
        struct child child;

        child_init(&child, NULL, &rule);
        child.state = from;
        assert_true(child_step(&child, CHILD_HURRIED, 5));
        assert_true(child.state == CHILD_KILLED || child.state == CHILD_DOWN);
    }
}

static void go(struct child *child, uint64_t now_ms)
{
    child->wanted = true;
    child_step(child, CHILD_WANTED, now_ms);
    child_step(child, CHILD_CLEARED, now_ms);
    child_step(child, CHILD_FORKED, now_ms);
    child_step(child, CHILD_ADMITTED, now_ms);
    assert_int_equal(child->state, CHILD_STARTING);
}

static enum child_event end(struct child *child, int code, uint64_t now_ms)
{
    const struct ending ending = { .code = code };
    struct random random;
    enum child_event event;

    random_init(&random, 5);
    event = child_judge(child, &ending, &random, now_ms);
    assert_true(child_step(child, event, now_ms));
    return event;
}

static void test_effects_come_with_the_state_they_belong_to(void **state)
{
    struct child child;

    (void)state;
    child_init(&child, NULL, &rule);
    child.wanted = true;
    child_step(&child, CHILD_WANTED, 1);
    assert_int_equal(child.effects, 0);
    child_step(&child, CHILD_CLEARED, 1);
    assert_int_equal(child.effects, CHILD_SPAWN);
    child.effects = 0;
    child_step(&child, CHILD_FORKED, 1);
    assert_int_equal(child.effects, CHILD_ADMIT);
    assert_int_equal(child.due_ms, 10001);
    child.effects = 0;
    child_step(&child, CHILD_ADMITTED, 500);
    assert_int_equal(child.effects, CHILD_OPEN_GATE);
    assert_int_equal(child.due_ms, 10001);
    child.effects = 0;
    child_step(&child, CHILD_READY, 600);
    assert_int_equal(child.effects, 0);
    assert_int_equal(child.due_ms, 0);
    child_step(&child, CHILD_UNWANTED, 700);
    assert_int_equal(child.effects, CHILD_TERM);
    assert_int_equal(child.due_ms, 5700);
    child.effects = 0;
    child_step(&child, CHILD_DUE, 5700);
    assert_int_equal(child.effects, CHILD_KILL);
    child_step(&child, CHILD_ENDED, 5701);
    assert_int_equal(child.effects, CHILD_DISMISS);
}

static void test_one_that_is_not_wanted_before_it_is_forked_is_not_forked(void **state)
{
    struct child child;

    (void)state;
    child_init(&child, NULL, &rule);
    child_step(&child, CHILD_WANTED, 1);
    child_step(&child, CHILD_CLEARED, 1);
    child_step(&child, CHILD_UNWANTED, 1);
    assert_int_equal(child.state, CHILD_DOWN);
    assert_int_equal(child.effects, 0);
}

static void test_five_failures_within_a_minute_end_in_failed(void **state)
{
    struct child child;
    enum child_event event = CHILD_CRASHED;

    (void)state;
    child_init(&child, NULL, &rule);
    for (uint64_t i = 1; i <= 5; i++) {
        assert_int_equal(event, CHILD_CRASHED);
        go(&child, i * 1000);
        event = end(&child, 1, i * 1000 + 10);
        if (event == CHILD_CRASHED)
            assert_true(child_step(&child, CHILD_DUE, child.due_ms));
    }
    assert_int_equal(event, CHILD_SPENT);
    assert_int_equal(child.state, CHILD_FAILED);
    child_pardon(&child);
    go(&child, 7000);
    assert_int_equal(end(&child, 1, 7010), CHILD_CRASHED);
    assert_int_equal(child.due_ms, 7010);
}

static void test_exits_are_judged_by_policy_and_code(void **state)
{
    static const struct {
        enum child_policy policy;
        int code;
        bool kernel;
        enum child_event event;
    } rows[] = {
        { CHILD_ON_FAILURE, 0, false, CHILD_ENDED },
        { CHILD_ON_FAILURE, 1, false, CHILD_CRASHED },
        { CHILD_ON_FAILURE, 100, false, CHILD_SPENT },
        { CHILD_ON_FAILURE, 111, false, CHILD_CRASHED },
        { CHILD_ALWAYS, 0, false, CHILD_CRASHED },
        { CHILD_ALWAYS, 1, false, CHILD_CRASHED },
        { CHILD_ALWAYS, 100, false, CHILD_SPENT },
        { CHILD_NEVER, 0, false, CHILD_ENDED },
        { CHILD_NEVER, 1, false, CHILD_SPENT },
        { CHILD_NEVER, 111, false, CHILD_SPENT },
        { CHILD_ON_FAILURE, 0, true, CHILD_CRASHED },
        { CHILD_ON_FAILURE, 100, true, CHILD_CRASHED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct child_rule own = rule;
        struct child child;

        own.policy = rows[i].policy;
        own.kernel = rows[i].kernel;
        child_init(&child, NULL, &own);
        go(&child, 10);
        assert_int_equal(end(&child, rows[i].code, 20), rows[i].event);
    }
}

static void test_the_kernel_never_ends_in_failed(void **state)
{
    struct child_rule own = rule;
    struct child child;

    (void)state;
    own.kernel = true;
    own.backoff_max_ms = 500;
    child_init(&child, NULL, &own);
    for (uint64_t i = 1; i <= 50; i++) {
        go(&child, i);
        assert_int_equal(end(&child, 1, i), CHILD_CRASHED);
        assert_in_range(child.due_ms, i, i + 500);
        child_step(&child, CHILD_DUE, child.due_ms);
    }
}

static void test_an_end_that_was_asked_for_is_no_failure(void **state)
{
    struct child child;

    (void)state;
    child_init(&child, NULL, &rule);
    go(&child, 1);
    child.again = true;
    child_step(&child, CHILD_CUT, 2);
    assert_int_equal(child.due_ms, 502);
    assert_int_equal(end(&child, 111, 3), CHILD_AGAIN);
    assert_int_equal(child.failures.count, 0);
    assert_false(child.again);
    go(&child, 4);
    child_step(&child, CHILD_UNWANTED, 5);
    child.wanted = false;
    assert_int_equal(end(&child, 0, 6), CHILD_ENDED);
    assert_int_equal(child.failures.count, 0);
}

static void test_one_wanted_again_while_it_stops_starts_again(void **state)
{
    struct child child;

    (void)state;
    child_init(&child, NULL, &rule);
    go(&child, 1);
    child_step(&child, CHILD_UNWANTED, 2);
    child_step(&child, CHILD_WANTED, 3);
    assert_int_equal(child.state, CHILD_STOPPING);
    assert_int_equal(end(&child, 0, 4), CHILD_AGAIN);
    assert_int_equal(child.state, CHILD_WAITING);
}

static void test_after_a_healthy_minute_the_next_restart_is_at_once(void **state)
{
    struct child child;

    (void)state;
    child_init(&child, NULL, &rule);
    for (int i = 0; i < 3; i++) {
        go(&child, 100);
        end(&child, 1, 100);
        child_step(&child, CHILD_DUE, 200);
    }
    go(&child, 1000);
    child_step(&child, CHILD_READY, 1000);
    assert_int_equal(end(&child, 1, 1000 + BACKOFF_HEALTHY_MS), CHILD_CRASHED);
    assert_int_equal(child.pause_ms, 0);
}

static void test_how_it_ended_is_said_in_words(void **state)
{
    static const struct {
        struct ending ending;
        const char *text;
    } rows[] = {
        { { .cause = ENDING_NONE }, "" },
        { { .cause = ENDING_BY_ITSELF, .code = 111 }, "exit 111" },
        { { .cause = ENDING_BY_ITSELF, .signalled = true, .code = 9 }, "signal 9 (Killed)" },
        { { .cause = ENDING_ASKED, .code = 0 }, "exit 0" },
        { { .cause = ENDING_UNREADY, .signalled = true, .code = 9, .limit_ms = 10000 },
                "not ready within 10 s, signal 9 (Killed)" },
        { { .cause = ENDING_SLOW_STOP, .signalled = true, .code = 9, .limit_ms = 1500 },
                "did not stop within 1500 ms, signal 9 (Killed)" },
        { { .cause = ENDING_CUT, .code = 111 }, "lost its channel, exit 111" },
        { { .cause = ENDING_DENIED, .signalled = true, .code = 9 },
                "not admitted by the router, signal 9 (Killed)" },
        { { .cause = ENDING_HURRIED, .signalled = true, .code = 9 },
                "the node stopped in a hurry, signal 9 (Killed)" },
        { { .cause = ENDING_UNSTARTED, .code = ENOENT },
                "cannot be started: No such file or directory" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[ENDING_TEXT_MAX];

        ending_print(&rows[i].ending, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
}

static void test_the_cause_of_an_end_is_kept(void **state)
{
    struct child child;

    (void)state;
    child_init(&child, NULL, &rule);
    go(&child, 1);
    child_step(&child, CHILD_DUE, 10001);
    end(&child, 137, 10002);
    assert_int_equal(child.ending.cause, ENDING_UNREADY);
    assert_int_equal(child.ending.limit_ms, 10000);

    child_init(&child, NULL, &rule);
    go(&child, 1);
    child_step(&child, CHILD_UNWANTED, 2);
    child_step(&child, CHILD_DUE, 5002);
    end(&child, 137, 5003);
    assert_int_equal(child.ending.cause, ENDING_SLOW_STOP);
    assert_int_equal(child.ending.limit_ms, 5000);

    child_init(&child, NULL, &rule);
    go(&child, 1);
    child_step(&child, CHILD_CUT, 2);
    child_step(&child, CHILD_DUE, 502);
    end(&child, 137, 503);
    assert_int_equal(child.ending.cause, ENDING_CUT);
}

static void test_a_program_that_is_missing_is_not_tried_again(void **state)
{
    const struct ending missing = { .cause = ENDING_UNSTARTED, .code = ENOENT };
    const struct ending busy = { .cause = ENDING_UNSTARTED, .code = EAGAIN };
    struct random random;
    struct child child;

    (void)state;
    random_init(&random, 1);
    child_init(&child, NULL, &rule);
    child.wanted = true;
    child_step(&child, CHILD_WANTED, 1);
    child_step(&child, CHILD_CLEARED, 1);
    assert_int_equal(child_judge(&child, &busy, &random, 2), CHILD_CRASHED);
    assert_int_equal(child_judge(&child, &missing, &random, 3), CHILD_SPENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_of_the_table_is_what_it_should_be),
        cmocka_unit_test(test_a_process_that_ends_is_taken_note_of_in_every_state_that_has_one),
        cmocka_unit_test(test_whatever_runs_can_be_killed),
        cmocka_unit_test(test_effects_come_with_the_state_they_belong_to),
        cmocka_unit_test(test_one_that_is_not_wanted_before_it_is_forked_is_not_forked),
        cmocka_unit_test(test_five_failures_within_a_minute_end_in_failed),
        cmocka_unit_test(test_exits_are_judged_by_policy_and_code),
        cmocka_unit_test(test_the_kernel_never_ends_in_failed),
        cmocka_unit_test(test_an_end_that_was_asked_for_is_no_failure),
        cmocka_unit_test(test_one_wanted_again_while_it_stops_starts_again),
        cmocka_unit_test(test_after_a_healthy_minute_the_next_restart_is_at_once),
        cmocka_unit_test(test_how_it_ended_is_said_in_words),
        cmocka_unit_test(test_the_cause_of_an_end_is_kept),
        cmocka_unit_test(test_a_program_that_is_missing_is_not_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
