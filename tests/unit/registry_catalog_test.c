// SPDX-License-Identifier: Apache-2.0
/* Promises of the catalog and its watchers, one by one; registry_model_test has what they come to
 * together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/catalog.h"
#include "registry/watcher.h"
#include "tests/unit/cmocka.h"

enum { FIRST_REVISION = 100 };

static int setup(void **state)
{
    struct catalog *catalog = calloc(1, sizeof(*catalog));
    struct catalog_config config = catalog_defaults(FIRST_REVISION, 1);

    assert_int_equal(catalog_init(catalog, &config), 0);
    *state = catalog;
    return 0;
}

static int teardown(void **state)
{
    catalog_deinit(*state);
    catalog_deinit(*state);
    free(*state);
    return 0;
}

static int attach(struct catalog *catalog, uint64_t number, const char *service)
{
    struct description description = {
        .number = number, .service = service, .version = "1.0.0", .node = "here"
    };

    return catalog_attach(catalog, &description);
}

static int announce(struct catalog *catalog, uint64_t number, const char *service,
        uint32_t lease_ms, uint64_t now_ms)
{
    struct description description = {
        .number = number, .service = service, .version = "1.0.0", .node = "there"
    };

    return catalog_announce(catalog, &description, lease_ms, now_ms);
}

static int publish(struct catalog *catalog, const char *service, const char *version, uint8_t kind)
{
    uint8_t types[TYPES_HASH_SIZE];
    uint8_t freed[TYPES_HASH_SIZE];
    struct publication publication = { .service = service,
        .version = version,
        .proto_service = "x.v1.X",
        .types = types,
        .types_size = 10 };
    bool was_freed;

    memset(types, kind, sizeof(types));
    return catalog_publish(catalog, &publication, freed, &was_freed);
}

static int enter(struct catalog *catalog, const char *service)
{
    return catalog_register(catalog, service, (const uint8_t *)"m", 1);
}

/* ---- instances ---- */

static void test_the_same_again_is_no_change(void **state)
{
    struct catalog *catalog = *state;
    uint64_t revision;

    assert_int_equal(attach(catalog, 1, "a"), CATALOG_OK);
    assert_int_equal(announce(catalog, 2, "a", 5000, 0), CATALOG_OK);
    assert_int_equal(enter(catalog, "a"), CATALOG_OK);
    assert_int_equal(publish(catalog, "a", "1.0.0", 1), CATALOG_OK);
    revision = catalog_revision(catalog);
    assert_int_equal(revision, FIRST_REVISION + 3);
    assert_int_equal(attach(catalog, 1, "a"), CATALOG_UNCHANGED);
    assert_int_equal(announce(catalog, 2, "a", 5000, 10), CATALOG_UNCHANGED);
    assert_int_equal(enter(catalog, "a"), CATALOG_UNCHANGED);
    assert_int_equal(publish(catalog, "a", "1.0.0", 1), CATALOG_UNCHANGED);
    assert_int_equal(catalog_detach(catalog, 9), CATALOG_NONE);
    assert_int_equal(catalog_deregister(catalog, "b"), CATALOG_NONE);
    assert_int_equal(catalog_renew(catalog, 1, 0), CATALOG_NONE);
    assert_int_equal(catalog_revision(catalog), revision);
}

static void test_an_instance_that_changes_its_service_leaves_the_old_one(void **state)
{
    struct catalog *catalog = *state;

    assert_int_equal(attach(catalog, 1, "a"), CATALOG_OK);
    assert_int_equal(attach(catalog, 1, "b"), CATALOG_OK);
    assert_null(catalog_find(catalog, "a"));
    assert_int_equal(catalog_find(catalog, "b")->instance_count, 1);
}

static void test_reset_keeps_what_is_named_and_leases(void **state)
{
    struct catalog *catalog = *state;

    attach(catalog, 1, "a");
    attach(catalog, 2, "a");
    attach(catalog, 3, "b");
    announce(catalog, 4, "c", 5000, 0);
    catalog_reset_begin(catalog);
    assert_int_equal(attach(catalog, 2, "a"), CATALOG_UNCHANGED);
    assert_int_equal(attach(catalog, 5, "d"), CATALOG_OK);
    catalog_reset_end(catalog);
    assert_null(catalog_instance(catalog, 1));
    assert_non_null(catalog_instance(catalog, 2));
    assert_null(catalog_instance(catalog, 3));
    assert_null(catalog_find(catalog, "b"));
    assert_non_null(catalog_instance(catalog, 4));
    assert_non_null(catalog_instance(catalog, 5));
}

/* ---- leases ---- */

static void test_a_lease_ends_at_its_time_and_not_before(void **state)
{
    struct catalog *catalog = *state;

    assert_true(catalog_next_expiry(catalog) == UINT64_MAX);
    announce(catalog, 1, "a", 5000, 1000);
    assert_int_equal(catalog_next_expiry(catalog), 6000);
    catalog_expire(catalog, 5999);
    assert_non_null(catalog_instance(catalog, 1));
    assert_int_equal(catalog_renew(catalog, 1, 5999), CATALOG_OK);
    catalog_expire(catalog, 10998);
    assert_non_null(catalog_instance(catalog, 1));
    catalog_expire(catalog, 10999);
    assert_null(catalog_instance(catalog, 1));
    assert_int_equal(catalog_renew(catalog, 1, 10999), CATALOG_NONE);
    assert_null(catalog_find(catalog, "a"));
}

static void test_leases_are_neither_too_short_nor_too_long(void **state)
{
    static const uint32_t rows[][2] = {
        { 0, REGISTRY_LEASE_DEFAULT_MS },
        { 1, REGISTRY_LEASE_MIN_MS },
        { REGISTRY_LEASE_MIN_MS - 1, REGISTRY_LEASE_MIN_MS },
        { REGISTRY_LEASE_MIN_MS, REGISTRY_LEASE_MIN_MS },
        { REGISTRY_LEASE_MIN_MS + 1, REGISTRY_LEASE_MIN_MS + 1 },
        { REGISTRY_LEASE_MAX_MS - 1, REGISTRY_LEASE_MAX_MS - 1 },
        { REGISTRY_LEASE_MAX_MS, REGISTRY_LEASE_MAX_MS },
        { REGISTRY_LEASE_MAX_MS + 1, REGISTRY_LEASE_MAX_MS },
        { UINT32_MAX, REGISTRY_LEASE_MAX_MS },
    };
    struct catalog *catalog = *state;

    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(announce(catalog, i + 1, "a", rows[i][0], 0), CATALOG_OK);
        assert_int_equal(catalog_instance(catalog, i + 1)->lease_ms, rows[i][1]);
    }
}

static void test_a_lease_cannot_take_anothers_number_but_the_router_can(void **state)
{
    struct catalog *catalog = *state;

    attach(catalog, 1, "a");
    assert_int_equal(announce(catalog, 1, "a", 5000, 0), CATALOG_TAKEN);
    announce(catalog, 2, "b", 5000, 0);
    assert_int_equal(announce(catalog, 2, "a", 5000, 0), CATALOG_TAKEN);
    assert_int_equal(catalog_detach(catalog, 2), CATALOG_NONE);
    assert_int_equal(attach(catalog, 2, "a"), CATALOG_OK);
    assert_null(catalog_find(catalog, "b"));
    catalog_expire(catalog, UINT64_MAX - 1);
    assert_non_null(catalog_instance(catalog, 2));
}

/* ---- services and versions ---- */

static void test_a_service_is_known_as_long_as_anything_speaks_for_it(void **state)
{
    struct catalog *catalog = *state;

    attach(catalog, 1, "a");
    enter(catalog, "a");
    publish(catalog, "a", "1.0.0", 1);
    catalog_detach(catalog, 1);
    assert_false(service_is_idle(catalog_find(catalog, "a")));
    catalog_deregister(catalog, "a");
    assert_true(service_is_idle(catalog_find(catalog, "a")));
    assert_true(catalog_forget(
            catalog, catalog_find(catalog, "a"), service_version(catalog_find(catalog, "a"), "")));
    assert_null(catalog_find(catalog, "a"));
    assert_int_equal(catalog->service_count, 0);
    assert_int_equal(catalog->bytes, 0);
}

static void test_the_newest_version_is_the_first(void **state)
{
    static const char *const versions[] = { "1.2.0", "1.10.0", "0.9.0", "1.10.0-rc.1", "odd" };
    struct catalog *catalog = *state;
    const struct service *service;

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
        assert_int_equal(publish(catalog, "a", versions[i], 1), CATALOG_OK);
    service = catalog_find(catalog, "a");
    assert_string_equal(service_version(service, "")->text, "1.10.0");
    assert_string_equal(service->versions[1]->text, "1.10.0-rc.1");
    assert_string_equal(service->versions[4]->text, "odd");
    assert_null(service_version(service, "3.0.0"));
    assert_int_equal(catalog->sets.count, 1);
}

static void test_what_was_probably_meant_is_found(void **state)
{
    struct catalog *catalog = *state;

    assert_null(catalog_nearest(catalog, "greeter", ""));
    attach(catalog, 1, "greeter");
    attach(catalog, 2, "counter");
    assert_string_equal(catalog_nearest(catalog, "gretter", "")->name, "greeter");
    assert_string_equal(catalog_nearest(catalog, "conuter", "")->name, "counter");
    assert_null(catalog_nearest(catalog, "ticker", ""));
}

/* ---- limits ---- */

static void test_services_have_a_limit(void **state)
{
    struct catalog *catalog = *state;
    char name[16];

    for (uint32_t i = 1; i <= REGISTRY_SERVICES_MAX; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        assert_int_equal(enter(catalog, name), CATALOG_OK);
    }
    assert_int_equal(enter(catalog, "more"), CATALOG_FULL);
    assert_int_equal(attach(catalog, 1, "more"), CATALOG_FULL);
    assert_int_equal(publish(catalog, "more", "1.0.0", 1), CATALOG_FULL);
    assert_int_equal(attach(catalog, 1, "s1"), CATALOG_OK);
    assert_int_equal(catalog_deregister(catalog, "s2"), CATALOG_OK);
    assert_int_equal(enter(catalog, "more"), CATALOG_OK);
}

static void test_instances_have_a_limit(void **state)
{
    struct catalog *catalog = *state;

    for (uint64_t i = 1; i <= REGISTRY_INSTANCES_MAX; i++)
        assert_int_equal(attach(catalog, i, "a"), CATALOG_OK);
    assert_int_equal(attach(catalog, REGISTRY_INSTANCES_MAX + 1, "a"), CATALOG_FULL);
    assert_int_equal(attach(catalog, REGISTRY_INSTANCES_MAX + 1, "b"), CATALOG_FULL);
    assert_null(catalog_find(catalog, "b"));
    assert_int_equal(attach(catalog, 1, "b"), CATALOG_OK);
    assert_int_equal(catalog_detach(catalog, 2), CATALOG_OK);
    assert_int_equal(attach(catalog, REGISTRY_INSTANCES_MAX + 1, "a"), CATALOG_OK);
}

static void test_versions_have_a_limit(void **state)
{
    struct catalog *catalog = *state;
    char version[16];

    for (uint32_t i = 1; i <= REGISTRY_VERSIONS_MAX; i++) {
        snprintf(version, sizeof(version), "%u.0.0", i);
        assert_int_equal(publish(catalog, "a", version, 1), CATALOG_OK);
    }
    assert_int_equal(publish(catalog, "a", "0.0.1", 1), CATALOG_FULL);
    assert_int_equal(publish(catalog, "a", "1.0.0", 2), CATALOG_OK);
    assert_string_equal(service_unused_version(catalog_find(catalog, "a"))->text, "2.0.0");
}

static void test_watchers_have_a_limit(void **state)
{
    static struct watcher watchers[REGISTRY_WATCHERS_MAX + 1];
    struct catalog *catalog = *state;
    char prefix[REGISTRY_NAME_MAX + 2];

    for (uint32_t i = 0; i < REGISTRY_WATCHERS_MAX; i++)
        assert_int_equal(watcher_open(&watchers[i], catalog, "", 0), CATALOG_OK);
    assert_int_equal(watcher_open(&watchers[REGISTRY_WATCHERS_MAX], catalog, "", 0), CATALOG_FULL);
    for (uint32_t i = 0; i < REGISTRY_WATCHERS_MAX; i++)
        watcher_close(&watchers[i], catalog);
    for (size_t size = REGISTRY_NAME_MAX - 1; size <= REGISTRY_NAME_MAX + 1; size++) {
        memset(prefix, 'a', size);
        prefix[size] = '\0';
        if (size <= REGISTRY_NAME_MAX) {
            assert_int_equal(watcher_open(&watchers[0], catalog, prefix, 0), CATALOG_OK);
            watcher_close(&watchers[0], catalog);
        } else {
            assert_int_equal(watcher_open(&watchers[0], catalog, prefix, 0), CATALOG_NONE);
        }
    }
}

/* ---- watchers ---- */

/* The next thing a watcher is told, as a word: "+a" for up, "-a" for down, … */
static const char *told(struct catalog *catalog, struct watcher *watcher)
{
    static const char *const marks[] = { "?", "[", "]", "+", "-", "r", "d", "t" };
    static char text[REGISTRY_NAME_MAX + 2];
    struct news news;

    if (!watcher_next(watcher, catalog, &news))
        return "";
    snprintf(text, sizeof(text), "%s%s", marks[news.kind], news.service);
    watcher_told(watcher, catalog);
    return text;
}

static void test_a_snapshot_comes_first_and_then_each_change(void **state)
{
    struct catalog *catalog = *state;
    struct watcher watcher;

    enter(catalog, "a");
    attach(catalog, 1, "b");
    attach(catalog, 2, "a");
    catalog_detach(catalog, 1);
    publish(catalog, "a", "1.0.0", 1);
    watcher_open(&watcher, catalog, "", 0);
    assert_string_equal(told(catalog, &watcher), "[");
    assert_string_equal(told(catalog, &watcher), "ra");
    assert_string_equal(told(catalog, &watcher), "+a");
    assert_string_equal(told(catalog, &watcher), "ta");
    assert_string_equal(told(catalog, &watcher), "]");
    assert_string_equal(told(catalog, &watcher), "");
    attach(catalog, 3, "c");
    catalog_detach(catalog, 2);
    catalog_deregister(catalog, "a");
    assert_string_equal(told(catalog, &watcher), "+c");
    assert_string_equal(told(catalog, &watcher), "-a");
    assert_string_equal(told(catalog, &watcher), "da");
    assert_string_equal(told(catalog, &watcher), "");
    watcher_close(&watcher, catalog);
}

static void test_a_snapshot_is_not_disturbed_by_changes_meanwhile(void **state)
{
    struct catalog *catalog = *state;
    struct watcher watcher;
    struct watcher other;

    attach(catalog, 1, "a");
    attach(catalog, 2, "b");
    attach(catalog, 3, "c");
    watcher_open(&watcher, catalog, "", 0);
    watcher_open(&other, catalog, "", 0);
    assert_string_equal(told(catalog, &watcher), "[");
    assert_string_equal(told(catalog, &other), "[");
    assert_string_equal(told(catalog, &watcher), "+a");
    catalog_detach(catalog, 2);
    attach(catalog, 4, "d");
    assert_string_equal(told(catalog, &watcher), "+c");
    assert_string_equal(told(catalog, &watcher), "]");
    assert_string_equal(told(catalog, &watcher), "-b");
    assert_string_equal(told(catalog, &watcher), "+d");
    assert_string_equal(told(catalog, &watcher), "");
    watcher_close(&watcher, catalog);
    watcher_close(&other, catalog);
}

static void test_a_prefix_hides_all_others(void **state)
{
    struct catalog *catalog = *state;
    struct watcher watcher;

    attach(catalog, 1, "ab");
    attach(catalog, 2, "b");
    watcher_open(&watcher, catalog, "a", 0);
    assert_string_equal(told(catalog, &watcher), "[");
    assert_string_equal(told(catalog, &watcher), "+ab");
    assert_string_equal(told(catalog, &watcher), "]");
    attach(catalog, 3, "b");
    attach(catalog, 4, "a");
    assert_string_equal(told(catalog, &watcher), "+a");
    assert_string_equal(told(catalog, &watcher), "");
    watcher_close(&watcher, catalog);
}

static void test_a_watch_goes_on_after_the_revision_it_names(void **state)
{
    struct catalog *catalog = *state;
    struct watcher watcher;
    uint64_t revision;

    attach(catalog, 1, "a");
    revision = catalog_revision(catalog);
    attach(catalog, 2, "b");
    watcher_open(&watcher, catalog, "", revision);
    assert_string_equal(told(catalog, &watcher), "]");
    assert_string_equal(told(catalog, &watcher), "+b");
    assert_string_equal(told(catalog, &watcher), "");
    watcher_close(&watcher, catalog);
}

static void test_a_revision_of_another_life_leads_to_a_snapshot(void **state)
{
    static const uint64_t revisions[] = { 1, FIRST_REVISION - 2, FIRST_REVISION + 1, UINT64_MAX };
    struct catalog *catalog = *state;
    struct watcher watcher;

    attach(catalog, 1, "a");
    for (size_t i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
        watcher_open(&watcher, catalog, "", revisions[i]);
        assert_string_equal(told(catalog, &watcher), "[");
        watcher_close(&watcher, catalog);
    }
    watcher_open(&watcher, catalog, "", FIRST_REVISION - 1);
    assert_string_equal(told(catalog, &watcher), "]");
    assert_string_equal(told(catalog, &watcher), "+a");
    watcher_close(&watcher, catalog);
}

static void test_a_watcher_that_falls_behind_gets_a_new_snapshot(void **state)
{
    struct catalog *catalog = *state;
    struct watcher at;
    struct watcher behind;

    attach(catalog, 1, "a");
    watcher_open(&at, catalog, "", catalog_revision(catalog));
    watcher_open(&behind, catalog, "", FIRST_REVISION - 1);
    for (uint32_t i = 0; i < REGISTRY_CHANGES_MAX / 2; i++) {
        attach(catalog, 2, "b");
        catalog_detach(catalog, 2);
    }
    assert_string_equal(told(catalog, &at), "]");
    assert_string_equal(told(catalog, &at), "+b");
    assert_string_equal(told(catalog, &behind), "[");
    assert_string_equal(told(catalog, &behind), "+a");
    assert_string_equal(told(catalog, &behind), "]");
    assert_string_equal(told(catalog, &behind), "");
    watcher_close(&at, catalog);
    watcher_close(&behind, catalog);
}

static void test_one_that_is_gone_is_told_whole(void **state)
{
    struct catalog *catalog = *state;
    struct watcher watcher;
    struct news news;

    attach(catalog, 1, "a");
    watcher_open(&watcher, catalog, "", catalog_revision(catalog));
    catalog_detach(catalog, 1);
    assert_string_equal(told(catalog, &watcher), "]");
    assert_true(watcher_next(&watcher, catalog, &news));
    assert_int_equal(news.kind, CHANGE_INSTANCE_DOWN);
    assert_string_equal(news.service, "a");
    assert_int_equal(news.instance->number, 1);
    assert_string_equal(news.instance->version, "1.0.0");
    watcher_close(&watcher, catalog);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_same_again_is_no_change),
        TEST(test_an_instance_that_changes_its_service_leaves_the_old_one),
        TEST(test_reset_keeps_what_is_named_and_leases),
        TEST(test_a_lease_ends_at_its_time_and_not_before),
        TEST(test_leases_are_neither_too_short_nor_too_long),
        TEST(test_a_lease_cannot_take_anothers_number_but_the_router_can),
        TEST(test_a_service_is_known_as_long_as_anything_speaks_for_it),
        TEST(test_the_newest_version_is_the_first),
        TEST(test_what_was_probably_meant_is_found),
        TEST(test_services_have_a_limit),
        TEST(test_instances_have_a_limit),
        TEST(test_versions_have_a_limit),
        TEST(test_watchers_have_a_limit),
        TEST(test_a_snapshot_comes_first_and_then_each_change),
        TEST(test_a_snapshot_is_not_disturbed_by_changes_meanwhile),
        TEST(test_a_prefix_hides_all_others),
        TEST(test_a_watch_goes_on_after_the_revision_it_names),
        TEST(test_a_revision_of_another_life_leads_to_a_snapshot),
        TEST(test_a_watcher_that_falls_behind_gets_a_new_snapshot),
        TEST(test_one_that_is_gone_is_told_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
