// SPDX-License-Identifier: Apache-2.0
/* What the registry shows to whom: a namespace sees itself and the node's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/catalog.h"
#include "registry/space.h"
#include "registry/watcher.h"
#include "tests/unit/cmocka.h"

enum { FIRST_REVISION = 100, NEWS_MAX = 512 };

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
    free(*state);
    return 0;
}

/* A packed manifest with a name and, unless it is "", a namespace. Returns its size. */
static size_t write_manifest(uint8_t out[256], const char *name, const char *space)
{
    size_t size = (size_t)snprintf((char *)out, 256, "\x0a%c%s", (int)strlen(name), name);

    if (space[0] != '\0')
        size += (size_t)snprintf(
                (char *)out + size, 256 - size, "\x7a%c%s", (int)strlen(space), space);
    return size;
}

static void enter(struct catalog *catalog, const char *name, const char *space)
{
    uint8_t manifest[256];
    size_t size = write_manifest(manifest, name, space);

    assert_int_equal(catalog_register(catalog, name, manifest, size), CATALOG_OK);
}

static void attach(struct catalog *catalog, uint64_t number, const char *service, const char *space)
{
    const struct description description = {
        .number = number, .service = service, .version = "1.0.0", .node = "here", .space = space
    };

    assert_int_equal(catalog_attach(catalog, &description), CATALOG_OK);
}

static void publish(struct catalog *catalog, const char *service, const char *space)
{
    uint8_t types[TYPES_HASH_SIZE] = { 1 };
    uint8_t freed[TYPES_HASH_SIZE];
    const struct publication publication = { .service = service,
        .space = space,
        .version = "1.0.0",
        .proto_service = "x.v1.X",
        .types = types,
        .types_size = 10 };
    bool was_freed;

    assert_int_equal(catalog_publish(catalog, &publication, freed, &was_freed), CATALOG_OK);
}

static void test_a_manifest_says_its_namespace_and_what_is_none_says_nothing(void **state)
{
    char longest[REGISTRY_NAME_MAX + 1];
    char space[REGISTRY_NAME_MAX + 1];
    uint8_t manifest[256];

    (void)state;
    memset(longest, 'a', REGISTRY_NAME_MAX);
    longest[REGISTRY_NAME_MAX] = '\0';
    space_of_manifest(space, manifest, write_manifest(manifest, "shop", ""));
    assert_string_equal(space, "");
    space_of_manifest(space, manifest, write_manifest(manifest, "shop", "acme"));
    assert_string_equal(space, "acme");
    space_of_manifest(space, manifest, write_manifest(manifest, "shop", longest));
    assert_string_equal(space, longest);
    space_of_manifest(space, manifest, write_manifest(manifest, "shop", "Acme"));
    assert_string_equal(space, "");
    for (size_t size = 0; size < 256; size++) { /* cut anywhere, or garbage */
        memset(manifest, (int)size, sizeof(manifest));
        space_of_manifest(space, manifest, size);
        assert_string_equal(space, "");
    }
}

static void test_a_service_has_the_namespace_of_its_manifest_or_of_who_runs_it(void **state)
{
    struct catalog *catalog = *state;

    enter(catalog, "shop", "acme");
    attach(catalog, 1, "till", "acme");
    publish(catalog, "desk", "acme");
    attach(catalog, 2, "store", "");
    assert_string_equal(catalog_find(catalog, "shop")->space, "acme");
    assert_string_equal(catalog_find(catalog, "till")->space, "acme");
    assert_string_equal(catalog_find(catalog, "desk")->space, "acme");
    assert_string_equal(catalog_find(catalog, "store")->space, "");
}

static void test_each_sees_its_own_namespace_and_what_has_none(void **state)
{
    static const struct {
        const char *of;
        const char *service;
        bool shown;
    } rows[] = {
        { "", "shop", true },
        { "", "till", true },
        { "", "store", true },
        { "", "old", true },
        { "acme", "shop", true },
        { "acme", "till", false },
        { "acme", "store", true },
        { "acme", "old", false }, /* of which there are types alone: whose it was is not known */
        { "beta", "shop", false },
        { "beta", "till", true },
        { "gamma", "shop", false },
        { "gamma", "store", true },
    };
    struct catalog *catalog = *state;

    enter(catalog, "shop", "acme");
    attach(catalog, 1, "till", "beta");
    attach(catalog, 2, "store", "");
    publish(catalog, "old", NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (space_shows_service(rows[i].of, catalog_find(catalog, rows[i].service)) !=
                rows[i].shown)
            fail_msg("%s to \"%s\"", rows[i].service, rows[i].of);
}

static void test_nothing_hidden_is_what_was_probably_meant(void **state)
{
    struct catalog *catalog = *state;

    attach(catalog, 1, "greeter", "beta");
    attach(catalog, 2, "greener", "acme");
    assert_string_equal(catalog_nearest(catalog, "greeteer", "")->name, "greeter");
    assert_string_equal(catalog_nearest(catalog, "greeteer", "beta")->name, "greeter");
    assert_string_equal(catalog_nearest(catalog, "greeteer", "acme")->name, "greener");
    assert_null(catalog_nearest(catalog, "greeteer", "gamma"));
}

/* Everything that there is to tell, as text: `[`, `]`, `+service`, `-service`, `!service` for one
 * that was registered, `?service` for one that is no more, `#service` for types. */
static const char *told(struct watcher *watcher, struct catalog *catalog)
{
    static const char signs[] = { [CHANGE_SNAPSHOT] = '[',
        [CHANGE_LIVE] = ']',
        [CHANGE_INSTANCE_UP] = '+',
        [CHANGE_INSTANCE_DOWN] = '-',
        [CHANGE_REGISTERED] = '!',
        [CHANGE_DEREGISTERED] = '?',
        [CHANGE_TYPES] = '#' };
    static char text[NEWS_MAX];
    size_t size = 0;
    struct news news;

    text[0] = '\0';
    while (watcher_next(watcher, catalog, &news)) {
        size += (size_t)snprintf(
                text + size, NEWS_MAX - size, "%c%s ", signs[news.kind], news.service);
        watcher_told(watcher, catalog);
    }
    return text;
}

/* What happens in the life of one service of each namespace, and of the node's own. */
static void live(struct catalog *catalog)
{
    static const char *const spaces[] = { "acme", "beta", "" };
    static const char *const names[] = { "shop", "till", "store" };

    for (uint64_t i = 0; i < 3; i++) {
        enter(catalog, names[i], spaces[i]);
        publish(catalog, names[i], spaces[i]);
        attach(catalog, 1 + i, names[i], spaces[i]);
    }
}

static void die(struct catalog *catalog)
{
    static const char *const names[] = { "shop", "till", "store" };

    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(catalog_detach(catalog, 1 + i), CATALOG_OK);
        assert_int_equal(catalog_deregister(catalog, names[i]), CATALOG_OK);
    }
}

static void test_a_watch_tells_of_the_watcher_s_namespace_and_of_what_has_none(void **state)
{
    struct catalog *catalog = *state;
    struct watcher live_one;
    struct watcher late;

    watcher_open(&live_one, catalog, "", 0);
    watcher_confine(&live_one, "acme");
    assert_string_equal(told(&live_one, catalog), "[ ] ");
    live(catalog);
    assert_string_equal(told(&live_one, catalog), "!shop #shop +shop !store #store +store ");
    watcher_open(&late, catalog, "", 0);
    watcher_confine(&late, "beta");
    assert_string_equal(told(&late, catalog), "[ !till #till +till !store #store +store ] ");
    die(catalog);
    assert_string_equal(told(&live_one, catalog), "-shop ?shop -store ?store ");
    assert_string_equal(told(&late, catalog), "-till ?till -store ?store ");
    watcher_close(&live_one, catalog);
    watcher_close(&late, catalog);
    watcher_open(&late, catalog, "", 0);
    watcher_confine(&late, "beta");
    assert_string_equal(told(&late, catalog), "[ #till ] "); /* what its own left behind */
    watcher_close(&late, catalog);
}

static void test_who_resumes_is_told_no_more_than_who_never_left(void **state)
{
    struct catalog *catalog = *state;
    uint64_t revision = catalog_revision(catalog);
    struct watcher watcher;

    attach(catalog, 9, "own", "acme");
    revision = catalog_revision(catalog);
    live(catalog);
    die(catalog);
    watcher_open(&watcher, catalog, "", revision);
    watcher_confine(&watcher, "acme");
    assert_string_equal(told(&watcher, catalog),
            "] !shop #shop +shop !store #store +store -shop ?shop -store ?store ");
    watcher_close(&watcher, catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_manifest_says_its_namespace_and_what_is_none_says_nothing),
        cmocka_unit_test_setup_teardown(
                test_a_service_has_the_namespace_of_its_manifest_or_of_who_runs_it, setup,
                teardown),
        cmocka_unit_test_setup_teardown(
                test_each_sees_its_own_namespace_and_what_has_none, setup, teardown),
        cmocka_unit_test_setup_teardown(
                test_nothing_hidden_is_what_was_probably_meant, setup, teardown),
        cmocka_unit_test_setup_teardown(
                test_a_watch_tells_of_the_watcher_s_namespace_and_of_what_has_none, setup,
                teardown),
        cmocka_unit_test_setup_teardown(
                test_who_resumes_is_told_no_more_than_who_never_left, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
