// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/plan.h"
#include "tests/unit/cmocka.h"

static struct service_config config(const char *name, const char *const *needs)
{
    struct service_config config = { .name = name, .version = "1", .instances = 1, .needs = needs };

    while (needs != NULL && needs[config.need_count] != NULL)
        config.need_count += 1;
    if (strcmp(name, "router") == 0)
        config.kind = SERVICE_ROUTER;
    if (strcmp(name, "registry") == 0)
        config.kind = SERVICE_REGISTRY;
    return config;
}

static struct service *add(struct list *services, const char *name, const char *const *needs)
{
    const struct service_config own = config(name, needs);
    struct service *service = service_new(service_config_copy(&own));

    assert_non_null(service);
    list_push(services, &service->link);
    return service;
}

static void drop(struct list *services)
{
    list_for_each_safe (link, services) {
        struct service *service = list_entry(link, struct service, link);

        service->children[0].state = CHILD_DOWN;
        service_free(service);
    }
}

static void test_a_copy_of_a_config_holds_everything_in_one_block(void **state)
{
    const char *needs[] = { "store", "auth", NULL };
    struct service_config own = config("shop", needs);
    struct service_config *copy;

    (void)state;
    own.manifest = (struct span){ (const uint8_t *)"packed", 6 };
    copy = service_config_copy(&own);
    assert_string_equal(copy->name, "shop");
    assert_string_equal(copy->version, "1");
    assert_int_equal(copy->need_count, 2);
    assert_string_equal(copy->needs[1], "auth");
    assert_memory_equal(copy->manifest.data, "packed", 6);
    assert_ptr_not_equal(copy->manifest.data, own.manifest.data);
    free(copy);
}

static void test_the_kernel_comes_first(void **state)
{
    struct list services;
    struct service *router;
    struct service *registry;
    struct service *shop;
    bool known;

    (void)state;
    list_init(&services);
    shop = add(&services, "shop", NULL);
    registry = add(&services, "registry", NULL);
    router = add(&services, "router", NULL);
    assert_null(plan_missing(&services, router, &known));
    assert_string_equal(plan_missing(&services, registry, &known), "router");
    assert_string_equal(plan_missing(&services, shop, &known), "router");
    router->children[0].state = CHILD_UP;
    assert_null(plan_missing(&services, registry, &known));
    assert_string_equal(plan_missing(&services, shop, &known), "registry");
    registry->children[0].state = CHILD_UP;
    assert_null(plan_missing(&services, shop, &known));
    drop(&services);
}

static void test_a_need_must_be_ready_and_an_unknown_one_is_named_so(void **state)
{
    const char *needs[] = { "store", NULL };
    struct list services;
    struct service *shop;
    struct service *store;
    bool known;

    (void)state;
    list_init(&services);
    add(&services, "router", NULL)->children[0].state = CHILD_UP;
    add(&services, "registry", NULL)->children[0].state = CHILD_UP;
    shop = add(&services, "shop", needs);
    assert_string_equal(plan_missing(&services, shop, &known), "store");
    assert_false(known);
    store = add(&services, "store", NULL);
    assert_string_equal(plan_missing(&services, shop, &known), "store");
    assert_true(known);
    store->children[0].state = CHILD_UP;
    assert_null(plan_missing(&services, shop, &known));
    drop(&services);
}

static void test_what_is_needed_stops_after_those_who_need_it(void **state)
{
    const char *needs[] = { "store", NULL };
    struct list services;
    struct service *router;
    struct service *registry;
    struct service *store;
    struct service *shop;

    (void)state;
    list_init(&services);
    router = add(&services, "router", NULL);
    registry = add(&services, "registry", NULL);
    store = add(&services, "store", NULL);
    shop = add(&services, "shop", needs);
    router->children[0].state = CHILD_UP;
    registry->children[0].state = CHILD_UP;
    store->children[0].state = CHILD_UP;
    shop->children[0].state = CHILD_UP;
    assert_true(plan_may_stop(&services, shop));
    assert_false(plan_may_stop(&services, store));
    assert_false(plan_may_stop(&services, registry));
    shop->children[0].state = CHILD_DOWN;
    assert_true(plan_may_stop(&services, store));
    assert_false(plan_may_stop(&services, registry));
    store->children[0].state = CHILD_BACKOFF;
    assert_true(plan_may_stop(&services, registry));
    assert_false(plan_may_stop(&services, router));
    registry->children[0].state = CHILD_FAILED;
    assert_true(plan_may_stop(&services, router));
    drop(&services);
}

static void test_a_service_that_needs_itself_is_refused(void **state)
{
    const char *needs[] = { "a", NULL };
    const struct service_config a = config("a", needs);
    struct list services;
    char text[128];

    (void)state;
    list_init(&services);
    assert_true(plan_has_cycle(&services, &a, text, sizeof(text)));
    assert_string_equal(text, "a needs a");
}

static void test_a_cycle_is_named_from_end_to_end(void **state)
{
    const char *a_needs[] = { "x", "b", NULL };
    const char *b_needs[] = { "x", "c", NULL };
    const char *c_needs[] = { "x", "a", NULL };
    const struct service_config a = config("a", a_needs);
    struct list services;
    char text[128];

    (void)state;
    list_init(&services);
    add(&services, "x", NULL);
    add(&services, "b", b_needs);
    assert_false(plan_has_cycle(&services, &a, text, sizeof(text)));
    add(&services, "c", c_needs);
    assert_true(plan_has_cycle(&services, &a, text, sizeof(text)));
    assert_string_equal(text, "a needs b, b needs c, c needs a");
    drop(&services);
}

static void test_a_manifest_that_is_about_to_take_over_counts_for_cycles(void **state)
{
    const char *b_needs[] = { "a", NULL };
    const char *a_needs[] = { "b", NULL };
    const struct service_config a = config("a", a_needs);
    const struct service_config b = config("b", b_needs);
    struct list services;
    char text[128];

    (void)state;
    list_init(&services);
    add(&services, "b", NULL)->next = service_config_copy(&b);
    assert_true(plan_has_cycle(&services, &a, text, sizeof(text)));
    drop(&services);
}

static void test_many_ways_to_the_same_need_are_walked_once(void **state)
{
    /* Every layer needs both of the next: 2^60 paths, 120 services. */
    static char names[120][8];
    static const char *needs[120][3];
    struct service_config top;
    struct list services;
    char text[128];

    (void)state;
    list_init(&services);
    for (int i = 0; i < 120; i++)
        snprintf(names[i], sizeof(names[i]), "s%d", i);
    for (int i = 0; i < 118; i++) {
        needs[i][0] = names[i / 2 * 2 + 2];
        needs[i][1] = names[i / 2 * 2 + 3];
        add(&services, names[i], needs[i]);
    }
    top = config("top", needs[0]);
    assert_false(plan_has_cycle(&services, &top, text, sizeof(text)));
    drop(&services);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_of_a_config_holds_everything_in_one_block),
        cmocka_unit_test(test_the_kernel_comes_first),
        cmocka_unit_test(test_a_need_must_be_ready_and_an_unknown_one_is_named_so),
        cmocka_unit_test(test_what_is_needed_stops_after_those_who_need_it),
        cmocka_unit_test(test_a_service_that_needs_itself_is_refused),
        cmocka_unit_test(test_a_cycle_is_named_from_end_to_end),
        cmocka_unit_test(test_a_manifest_that_is_about_to_take_over_counts_for_cycles),
        cmocka_unit_test(test_many_ways_to_the_same_need_are_walked_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
