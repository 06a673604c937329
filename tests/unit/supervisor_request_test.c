// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "kernel/limits.h"
#include "kernel/standing.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/supervisor_world.h"

static void test_the_same_manifest_again_changes_nothing(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    assert_int_equal(world_apply("shop", NULL), REQUEST_OK);
    world_run();
    assert_string_equal(world.text, "");
}

static void test_another_manifest_restarts_the_service_with_it(void **state)
{
    struct service_config changed = world_config("shop", NULL);
    char text[16];

    (void)state;
    world_boot();
    world_up("shop", NULL);
    changed.version = "2";
    changed.instances = 3;
    changed.manifest = (struct span){ (const uint8_t *)"other", 5 };
    assert_int_equal(
            request_apply(&world.supervisor, &changed, false, world.now_ms, text, sizeof(text)),
            REQUEST_OK);
    world_run();
    assert_string_equal(world.text, "term shop");
    assert_int_equal(
            request_apply(&world.supervisor, &changed, false, world.now_ms, text, sizeof(text)),
            REQUEST_OK);
    assert_int_equal(standing_count(&world.supervisor).wanted, 3);
    world_end("shop", 0);
    assert_string_equal(world.text, "term shop, dismiss , spawn shop, spawn shop, spawn shop");
    assert_string_equal(plan_find(&world.supervisor.services, "shop")->config->version, "2");
}

static void test_stop_answers_when_it_is_down_and_start_brings_it_back(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    assert_int_equal(request_stop(&world.supervisor, "shop", 7, world.now_ms), REQUEST_LATER);
    world_run();
    assert_string_equal(world.text, "term shop");
    world_end("shop", 0);
    assert_string_equal(world.text, "term shop, dismiss , done 7");
    assert_int_equal(world_apply("shop", NULL), REQUEST_OK);
    world_pass(1000);
    assert_int_equal(world_child_of("shop")->state, CHILD_DOWN);
    assert_int_equal(standing_count(&world.supervisor).wanted, 2);
    assert_int_equal(request_start(&world.supervisor, "shop", world.now_ms), REQUEST_OK);
    world_ready("shop");
}

static void test_a_stop_holds_whatever_is_applied_until_a_start(void **state)
{
    struct service_config changed = world_config("shop", NULL);
    char text[16];

    (void)state;
    world_boot();
    world_up("shop", NULL);
    request_stop(&world.supervisor, "shop", 7, world.now_ms);
    world_run();
    world_end("shop", 0);
    changed.manifest = (struct span){ (const uint8_t *)"other", 5 };
    assert_int_equal(
            request_apply(&world.supervisor, &changed, false, world.now_ms, text, sizeof(text)),
            REQUEST_OK);
    world_run();
    assert_int_equal(world_child_of("shop")->state, CHILD_DOWN);
    assert_int_equal(standing_count(&world.supervisor).wanted, 2);
    assert_int_equal(request_start(&world.supervisor, "shop", world.now_ms), REQUEST_OK);
    world_ready("shop");
}

static void test_a_stop_between_two_manifests_holds_too(void **state)
{
    struct service_config changed = world_config("shop", NULL);
    char text[16];

    (void)state;
    world_boot();
    world_up("shop", NULL);
    changed.manifest = (struct span){ (const uint8_t *)"other", 5 };
    request_apply(&world.supervisor, &changed, false, world.now_ms, text, sizeof(text));
    request_stop(&world.supervisor, "shop", 7, world.now_ms);
    world_run();
    world_end("shop", 0);
    assert_int_equal(world_child_of("shop")->state, CHILD_DOWN);
    request_start(&world.supervisor, "shop", world.now_ms);
    world_ready("shop");
}

static void test_what_was_stopped_before_the_node_came_up_does_not_start(void **state)
{
    (void)state;
    world_boot();
    assert_int_equal(world_apply("shop", NULL), REQUEST_OK);
    assert_int_equal(request_hold(&world.supervisor, "shop", world.now_ms), REQUEST_OK);
    world_run();
    assert_string_equal(world.text, "");
    assert_int_equal(world_child_of("shop")->state, CHILD_DOWN);
    assert_int_equal(request_hold(&world.supervisor, "router", world.now_ms), REQUEST_KERNEL);
    assert_int_equal(request_hold(&world.supervisor, "nobody", world.now_ms), REQUEST_UNKNOWN);
}

static void test_removed_and_applied_anew_a_stopped_service_runs(void **state)
{
    struct service_config changed = world_config("shop", NULL);
    char text[16];

    (void)state;
    world_boot();
    world_up("shop", NULL);
    changed.manifest = (struct span){ (const uint8_t *)"other", 5 };
    request_stop(&world.supervisor, "shop", 7, world.now_ms);
    request_remove(&world.supervisor, "shop", 8, world.now_ms);
    request_apply(&world.supervisor, &changed, false, world.now_ms, text, sizeof(text));
    world_run();
    world_end("shop", 0);
    world_ready("shop");
}

static void test_stop_answers_at_once_where_nothing_runs(void **state)
{
    const char *needs[] = { "nobody", NULL };

    (void)state;
    world_boot();
    world_apply("shop", needs);
    assert_int_equal(request_stop(&world.supervisor, "shop", 7, world.now_ms), REQUEST_LATER);
    world_run();
    assert_string_equal(world.text, "done 7");
}

static void test_a_start_overtakes_a_stop(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    request_stop(&world.supervisor, "shop", 7, world.now_ms);
    request_start(&world.supervisor, "shop", world.now_ms);
    world_run();
    assert_string_equal(world.text, "term shop, overtaken 7");
    world_end("shop", 0);
    world_ready("shop");
}

static void test_a_caller_that_gave_up_gets_no_answer(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    request_stop(&world.supervisor, "shop", 7, world.now_ms);
    request_forget(&world.supervisor, 7);
    world_run();
    world_end("shop", 0);
    assert_string_equal(world.text, "term shop, dismiss ");
}

static void test_callers_that_wait_are_limited(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    for (uint64_t i = 0; i < WAITERS_MAX; i++)
        assert_int_equal(request_stop(&world.supervisor, "shop", i, world.now_ms), REQUEST_LATER);
    assert_int_equal(request_stop(&world.supervisor, "shop", 99, world.now_ms), REQUEST_FULL);
    world_run();
    world_end("shop", 0);
}

static void test_restart_ends_and_starts_without_a_failure(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    assert_int_equal(request_restart(&world.supervisor, "shop", world.now_ms), REQUEST_OK);
    world_run();
    world_end("shop", 1);
    world_ready("shop");
    assert_string_equal(world.text, "term shop, dismiss , spawn shop");
    assert_int_equal(world_child_of("shop")->failures.count, 0);
}

static void test_the_router_can_be_restarted_on_request(void **state)
{
    (void)state;
    world_boot();
    assert_int_equal(request_restart(&world.supervisor, "router", world.now_ms), REQUEST_OK);
    world_run();
    world_end("router", 0);
    world_end("registry", 111);
    world_ready("router");
    world_ready("registry");
    assert_string_equal(world.text, "term router, spawn router, spawn registry");
}

static void test_remove_forgets_the_service_once_it_is_down(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    assert_int_equal(request_remove(&world.supervisor, "shop", 3, world.now_ms), REQUEST_LATER);
    world_run();
    assert_int_equal(request_start(&world.supervisor, "shop", world.now_ms), REQUEST_UNKNOWN);
    world_end("shop", 0);
    assert_non_null(strstr(world.text, "done 3"));
    assert_null(plan_find(&world.supervisor.services, "shop"));
    assert_int_equal(request_remove(&world.supervisor, "shop", 3, world.now_ms), REQUEST_UNKNOWN);
}

static void test_one_applied_again_while_it_leaves_stays(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    request_remove(&world.supervisor, "shop", 3, world.now_ms);
    assert_int_equal(world_apply("shop", NULL), REQUEST_OK);
    world_run();
    world_end("shop", 0);
    assert_string_equal(world.text, "term shop, overtaken 3, dismiss , spawn shop");
}

static void test_the_kernel_cannot_be_changed_removed_or_stopped(void **state)
{
    (void)state;
    world_boot();
    assert_int_equal(world_apply("registry", NULL), REQUEST_KERNEL);
    assert_int_equal(request_remove(&world.supervisor, "router", 1, world.now_ms), REQUEST_KERNEL);
    assert_int_equal(request_stop(&world.supervisor, "registry", 1, world.now_ms), REQUEST_KERNEL);
}

static void test_what_the_node_file_has_is_not_removed(void **state)
{
    const struct service_config own = world_config("shop", NULL);
    char text[16];

    (void)state;
    world_boot();
    request_apply(&world.supervisor, &own, true, world.now_ms, text, sizeof(text));
    assert_int_equal(
            request_remove(&world.supervisor, "shop", 1, world.now_ms), REQUEST_IN_NODE_FILE);
}

static void test_a_cycle_is_refused_and_changes_nothing(void **state)
{
    const char *needs_b[] = { "b", NULL };
    const char *needs_a[] = { "a", NULL };

    (void)state;
    world_boot();
    assert_int_equal(world_apply("a", needs_b), REQUEST_OK);
    assert_int_equal(world_apply("b", needs_a), REQUEST_CYCLE);
    assert_null(plan_find(&world.supervisor.services, "b"));
}

static int apply(const struct service_config *config)
{
    char text[128];

    return request_apply(&world.supervisor, config, false, world.now_ms, text, sizeof(text));
}

static void test_a_name_stays_in_the_namespace_that_it_was_given_in(void **state)
{
    struct service_config acme = world_config("shop", NULL);
    struct service_config beta = world_config("shop", NULL);

    (void)state;
    snprintf(acme.space, sizeof(acme.space), "acme");
    snprintf(beta.space, sizeof(beta.space), "beta");
    beta.manifest = (struct span){ (const uint8_t *)"other", 5 };
    world_boot();
    assert_int_equal(apply(&acme), REQUEST_OK);
    world_run();
    assert_int_equal(apply(&beta), REQUEST_TAKEN);
    assert_int_equal(world_apply("shop", NULL), REQUEST_TAKEN);
    assert_string_equal(plan_find(&world.supervisor.services, "shop")->config->space, "acme");
    request_remove(&world.supervisor, "shop", 3, world.now_ms);
    assert_int_equal(apply(&beta), REQUEST_OK);
}

static void test_processes_are_limited_one_below_at_and_above(void **state)
{
    struct service_config big = world_config("big", NULL);
    char text[16];

    (void)state;
    world_boot();
    big.instances = CHILDREN_MAX - 1;
    assert_int_equal(
            request_apply(&world.supervisor, &big, false, 1, text, sizeof(text)), REQUEST_FULL);
    big.instances = CHILDREN_MAX - 2;
    assert_int_equal(
            request_apply(&world.supervisor, &big, false, 1, text, sizeof(text)), REQUEST_OK);
    assert_int_equal(world_apply("one-more", NULL), REQUEST_FULL);
}

static void test_services_are_limited(void **state)
{
    char name[16];

    (void)state;
    world_boot();
    for (int i = 2; i < SERVICES_MAX; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        assert_int_equal(world_apply(name, NULL), REQUEST_OK);
    }
    assert_int_equal(world_apply("one-more", NULL), REQUEST_FULL);
    assert_int_equal(world_apply("s5", NULL), REQUEST_OK);
}

static void random_process(struct random *random)
{
    struct world_process *process = &world.processes[random_below(random, 32)];

    if (process->instance == 0)
        return;
    if (process->killed || process->asked || random_below(random, 6) == 0)
        world_end_process(
                process, process->killed, process->killed ? 9 : (int)random_below(random, 2));
    else if (random_below(random, 8) == 0)
        supervisor_cut(&world.supervisor, process->instance, world.now_ms);
    else if (process->running)
        supervisor_ready(&world.supervisor, process->instance, world.now_ms);
    world_run();
}

static void random_request(struct random *random)
{
    static const char *const names[] = { "a", "b", "c", "d" };
    static const char *const needs[] = { "a", "b", "c", NULL };
    const char *name = names[random_below(random, 4)];

    switch (random_below(random, 6)) {
    case 0:
        world_apply(name, &needs[random_below(random, 4)]);
        break;
    case 1:
        request_remove(&world.supervisor, name, random_below(random, 9), world.now_ms);
        break;
    case 2:
        request_stop(&world.supervisor, name, random_below(random, 9), world.now_ms);
        break;
    case 3:
        request_start(&world.supervisor, name, world.now_ms);
        break;
    case 4:
        request_restart(&world.supervisor, name, world.now_ms);
        break;
    default:
        request_forget(&world.supervisor, random_below(random, 9));
        break;
    }
    world_run();
}

/* Whatever happens: a process is known as long as it lives, the node settles, and it can be
 * stopped. */
static void test_whatever_happens_the_node_comes_back_and_can_be_stopped(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct random random;

        world_setup(NULL);
        world_boot();
        random_init(&random, seed);
        for (int i = 0; i < 400; i++) {
            if (random_below(&random, 4) == 0)
                random_request(&random);
            else
                random_process(&random);
            world_pass(random_below(&random, 300));
            world_forget_text();
            for (size_t p = 0; p < WORLD_PROCESSES; p++) {
                if (world.processes[p].instance != 0)
                    assert_non_null(
                            supervisor_find(&world.supervisor, world.processes[p].instance));
            }
        }
        for (int i = 0; i < 200; i++) {
            for (size_t p = 0; p < WORLD_PROCESSES; p++) {
                struct world_process *process = &world.processes[p];

                if (process->instance == 0)
                    continue;
                if (process->killed || process->asked)
                    world_end_process(process, true, 9);
                else if (process->running)
                    supervisor_ready(&world.supervisor, process->instance, world.now_ms);
                world_run();
                world_forget_text();
            }
            world_pass(1000);
        }
        assert_int_equal(world_child_of("router")->state, CHILD_UP);
        assert_int_equal(world_child_of("registry")->state, CHILD_UP);
        world_teardown(NULL);
    }
    world_setup(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_same_manifest_again_changes_nothing),
        TEST(test_another_manifest_restarts_the_service_with_it),
        TEST(test_stop_answers_when_it_is_down_and_start_brings_it_back),
        TEST(test_a_stop_holds_whatever_is_applied_until_a_start),
        TEST(test_a_stop_between_two_manifests_holds_too),
        TEST(test_what_was_stopped_before_the_node_came_up_does_not_start),
        TEST(test_removed_and_applied_anew_a_stopped_service_runs),
        TEST(test_stop_answers_at_once_where_nothing_runs),
        TEST(test_a_start_overtakes_a_stop),
        TEST(test_a_caller_that_gave_up_gets_no_answer),
        TEST(test_callers_that_wait_are_limited),
        TEST(test_restart_ends_and_starts_without_a_failure),
        TEST(test_the_router_can_be_restarted_on_request),
        TEST(test_remove_forgets_the_service_once_it_is_down),
        TEST(test_one_applied_again_while_it_leaves_stays),
        TEST(test_the_kernel_cannot_be_changed_removed_or_stopped),
        TEST(test_what_the_node_file_has_is_not_removed),
        TEST(test_a_cycle_is_refused_and_changes_nothing),
        TEST(test_a_name_stays_in_the_namespace_that_it_was_given_in),
        TEST(test_processes_are_limited_one_below_at_and_above),
        TEST(test_services_are_limited),
        TEST(test_whatever_happens_the_node_comes_back_and_can_be_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
