// SPDX-License-Identifier: Apache-2.0
/* Promises of what other nodes offer, one by one; registry_model_test has what they come to with
 * all the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/import.h"
#include "registry/watcher.h"
#include "tests/unit/cmocka.h"

enum { FIRST_REVISION = 100, LINK = 1, OTHER_LINK = 2 };

static int attach(struct catalog *catalog, uint64_t number, const char *service)
{
    struct description description = {
        .number = number, .service = service, .version = "1.0.0", .node = "here"
    };

    return catalog_attach(catalog, &description);
}

static int setup(void **state)
{
    struct catalog *catalog = calloc(1, sizeof(*catalog));
    struct catalog_config config = catalog_defaults(FIRST_REVISION, 1);

    assert_int_equal(catalog_init(catalog, &config), 0);
    assert_int_equal(attach(catalog, LINK, "link"), CATALOG_OK);
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

static struct description offer(uint64_t number, const char *service, const uint8_t *types)
{
    return (struct description){
        .number = number,
        .service = service,
        .version = "1.0.0",
        .node = "east",
        .owner = "someone",
        .types = types,
    };
}

static int replace_from(struct catalog *catalog, const char *node, uint64_t lender,
        const struct description *descriptions, uint32_t count)
{
    const struct import_source source = { node, "someone", lender, false };

    return import_replace(catalog, &source, descriptions, count);
}

static int replace(struct catalog *catalog, const struct description *descriptions, uint32_t count)
{
    return replace_from(catalog, "east", LINK, descriptions, count);
}

static struct publication describe_types(
        const char *service, const uint8_t types[TYPES_HASH_SIZE], uint32_t size)
{
    return (struct publication){
        .service = service,
        .version = "1.0.0",
        .proto_service = "x.v1.X",
        .types = types,
        .types_size = size,
    };
}

static int publish_here(struct catalog *catalog, const char *service, const uint8_t *types)
{
    struct publication publication = describe_types(service, types, 3);
    uint8_t freed[TYPES_HASH_SIZE];
    bool was_freed;

    return catalog_publish(catalog, &publication, freed, &was_freed);
}

static int publish_there(struct catalog *catalog, const char *service, const uint8_t *types)
{
    struct publication publication = describe_types(service, types, 5);

    return import_publish(catalog, &publication, (struct mu_bytes){ (const uint8_t *)"there", 5 });
}

static const uint8_t ONE[TYPES_HASH_SIZE] = { 1 };
static const uint8_t TWO[TYPES_HASH_SIZE] = { 2 };

static const struct instance *first(const struct catalog *catalog, const char *service)
{
    return list_entry(catalog_find(catalog, service)->instances.next, struct instance, sibling);
}

/* ---- instances ---- */

static void test_an_import_is_replaced_as_a_whole(void **state)
{
    struct catalog *catalog = *state;
    struct description before[] = { offer(10, "a", NULL), offer(11, "b", NULL) };
    struct description after[] = { offer(11, "b", NULL), offer(12, "c", NULL) };
    uint64_t revision;

    assert_int_equal(replace(catalog, before, 2), CATALOG_OK);
    assert_string_equal(first(catalog, "a")->node, "east");
    assert_string_equal(first(catalog, "a")->owner, "someone");
    revision = first(catalog, "b")->fact.revision;
    assert_int_equal(replace(catalog, after, 2), CATALOG_OK);
    assert_null(catalog_find(catalog, "a"));
    assert_int_equal(first(catalog, "b")->fact.revision, revision);
    assert_non_null(catalog_find(catalog, "c"));
    revision = catalog_revision(catalog);
    assert_int_equal(replace(catalog, after, 2), CATALOG_OK);
    assert_int_equal(catalog_revision(catalog), revision);
    assert_int_equal(replace(catalog, NULL, 0), CATALOG_OK);
    assert_int_equal(catalog->service_count, 1);
    assert_int_equal(catalog->import_count, 0);
    assert_int_equal(replace(catalog, NULL, 0), CATALOG_OK);
}

static void test_instances_of_an_import_may_change_places(void **state)
{
    struct catalog *catalog = *state;
    struct description before[] = { offer(10, "a", NULL), offer(11, "b", NULL) };
    struct description after[] = { offer(10, "b", NULL), offer(11, "a", NULL) };

    assert_int_equal(replace(catalog, before, 2), CATALOG_OK);
    assert_int_equal(replace(catalog, after, 2), CATALOG_OK);
    assert_int_equal(first(catalog, "a")->number, 11);
    assert_int_equal(first(catalog, "b")->number, 10);
    assert_int_equal(catalog->imported_count, 2);
}

static void test_nodes_of_one_name_but_of_two_owners_are_two(void **state)
{
    struct catalog *catalog = *state;
    const struct import_source other = { "east", "another", LINK, false };
    struct description mine = offer(10, "a", NULL);
    struct description others = offer(11, "a", NULL);

    assert_int_equal(replace(catalog, &mine, 1), CATALOG_OK);
    assert_int_equal(import_replace(catalog, &other, &others, 1), CATALOG_OK);
    assert_int_equal(catalog_find(catalog, "a")->instance_count, 2);
    assert_int_equal(import_replace(catalog, &other, NULL, 0), CATALOG_OK);
    assert_int_equal(first(catalog, "a")->number, 10);
}

static void test_what_was_lent_goes_with_the_lenders_channel(void **state)
{
    struct catalog *catalog = *state;
    struct description offers[] = { offer(10, "a", NULL), offer(11, "b", NULL) };
    struct description moved = offer(12, "c", NULL);

    assert_int_equal(attach(catalog, OTHER_LINK, "link"), CATALOG_OK);
    assert_int_equal(replace(catalog, offers, 2), CATALOG_OK);
    assert_int_equal(replace_from(catalog, "west", LINK, &moved, 1), CATALOG_OK);
    assert_int_equal(replace_from(catalog, "west", OTHER_LINK, &moved, 1), CATALOG_OK);
    assert_int_equal(catalog_detach(catalog, LINK), CATALOG_OK);
    assert_null(catalog_find(catalog, "a"));
    assert_null(catalog_find(catalog, "b"));
    assert_non_null(catalog_find(catalog, "c"));
    catalog_reset_begin(catalog);
    attach(catalog, 7, "other");
    catalog_reset_end(catalog);
    assert_null(catalog_find(catalog, "c"));
    assert_int_equal(catalog->import_count, 0);
}

static void test_a_reset_that_names_the_lender_leaves_what_it_lent(void **state)
{
    struct catalog *catalog = *state;
    struct description one = offer(10, "a", NULL);

    assert_int_equal(replace(catalog, &one, 1), CATALOG_OK);
    catalog_reset_begin(catalog);
    attach(catalog, LINK, "link");
    catalog_reset_end(catalog);
    assert_non_null(catalog_find(catalog, "a"));
}

static void test_hearsay_of_a_node_that_is_linked_changes_nothing(void **state)
{
    struct catalog *catalog = *state;
    const struct import_source link = { "east", "someone", LINK, false };
    const struct import_source hearsay = { "east", "someone", OTHER_LINK, true };
    struct description seen = offer(10, "a", NULL);
    struct description heard = offer(11, "b", NULL);

    assert_int_equal(attach(catalog, OTHER_LINK, "etcd"), CATALOG_OK);
    assert_int_equal(import_replace(catalog, &hearsay, &heard, 1), CATALOG_OK);
    assert_int_equal(import_replace(catalog, &link, &seen, 1), CATALOG_OK);
    assert_null(catalog_find(catalog, "b"));
    assert_int_equal(import_replace(catalog, &hearsay, &heard, 1), CATALOG_UNCHANGED);
    assert_int_equal(import_replace(catalog, &hearsay, NULL, 0), CATALOG_UNCHANGED);
    assert_non_null(catalog_find(catalog, "a"));
    assert_int_equal(import_replace(catalog, &link, NULL, 0), CATALOG_OK);
    assert_int_equal(import_replace(catalog, &hearsay, &heard, 1), CATALOG_OK);
    assert_non_null(catalog_find(catalog, "b"));
}

static void test_only_one_with_a_channel_lends(void **state)
{
    struct catalog *catalog = *state;
    struct description leased = offer(50, "a", NULL);
    struct description one = offer(10, "a", NULL);

    assert_int_equal(catalog_announce(catalog, &leased, 5000, 0), CATALOG_OK);
    assert_int_equal(replace_from(catalog, "east", 49, &one, 1), CATALOG_NONE);
    assert_int_equal(replace_from(catalog, "east", 50, &one, 1), CATALOG_NONE);
    assert_int_equal(replace_from(catalog, "east", LINK, &one, 1), CATALOG_OK);
    assert_int_equal(replace_from(catalog, "west", 10, &leased, 1), CATALOG_NONE);
}

static void test_no_import_takes_a_number_that_is_not_its_own(void **state)
{
    struct catalog *catalog = *state;
    struct description offers[] = { offer(10, "a", NULL), offer(LINK, "a", NULL) };
    struct description twice[] = { offer(20, "b", NULL), offer(21, "b", NULL),
        offer(20, "b", NULL) };
    struct description theirs = offer(10, "c", NULL);

    assert_int_equal(replace(catalog, offers, 2), CATALOG_TAKEN);
    assert_null(catalog_find(catalog, "a"));
    assert_int_equal(replace(catalog, twice, 3), CATALOG_TAKEN);
    assert_null(catalog_find(catalog, "b"));
    assert_int_equal(replace(catalog, offers, 1), CATALOG_OK);
    assert_int_equal(replace_from(catalog, "west", LINK, &theirs, 1), CATALOG_TAKEN);
    assert_string_equal(catalog_instance(catalog, LINK)->service->name, "link");
    assert_int_equal(catalog_detach(catalog, 10), CATALOG_NONE);
    assert_int_equal(catalog_renew(catalog, 10, 0), CATALOG_NONE);
}

static void test_one_of_this_node_takes_its_number_from_an_import(void **state)
{
    struct catalog *catalog = *state;
    struct description offers[] = { offer(10, "a", NULL), offer(11, "a", NULL) };

    assert_int_equal(replace(catalog, offers, 2), CATALOG_OK);
    assert_int_equal(attach(catalog, 10, "a"), CATALOG_OK);
    assert_null(catalog_instance(catalog, 10)->import);
    assert_int_equal(catalog_find(catalog, "a")->imported_instance_count, 1);
    assert_int_equal(replace(catalog, NULL, 0), CATALOG_OK);
    assert_non_null(catalog_instance(catalog, 10));
}

static void test_an_import_registers_nothing_and_is_not_deregistered(void **state)
{
    struct catalog *catalog = *state;
    struct description one = offer(10, "a", NULL);

    assert_int_equal(replace(catalog, &one, 1), CATALOG_OK);
    assert_false(service_is_registered(catalog_find(catalog, "a")));
    assert_true(service_is_imported(catalog_find(catalog, "a")));
    assert_int_equal(catalog_deregister(catalog, "a"), CATALOG_NONE);
    assert_int_equal(catalog_register(catalog, "a", (const uint8_t *)"m", 1), CATALOG_OK);
    assert_false(service_is_imported(catalog_find(catalog, "a")));
    assert_int_equal(catalog_deregister(catalog, "a"), CATALOG_OK);
    assert_non_null(catalog_find(catalog, "a"));
}

static void test_watchers_hear_of_imports_with_their_node(void **state)
{
    struct catalog *catalog = *state;
    struct description one = offer(10, "a", NULL);
    struct watcher watcher;
    struct news news;

    watcher_open(&watcher, catalog, "", catalog_revision(catalog));
    assert_int_equal(replace(catalog, &one, 1), CATALOG_OK);
    assert_int_equal(catalog_detach(catalog, LINK), CATALOG_OK);
    assert_true(watcher_next(&watcher, catalog, &news));
    watcher_told(&watcher, catalog);
    assert_true(watcher_next(&watcher, catalog, &news));
    assert_int_equal(news.kind, CHANGE_INSTANCE_UP);
    assert_string_equal(news.instance->node, "east");
    watcher_told(&watcher, catalog);
    assert_true(watcher_next(&watcher, catalog, &news));
    assert_int_equal(news.kind, CHANGE_INSTANCE_DOWN);
    assert_string_equal(news.service, "link");
    watcher_told(&watcher, catalog);
    assert_true(watcher_next(&watcher, catalog, &news));
    assert_int_equal(news.kind, CHANGE_INSTANCE_DOWN);
    assert_string_equal(news.service, "a");
    assert_string_equal(news.instance->owner, "someone");
    watcher_close(&watcher, catalog);
}

/* ---- what cannot be taken ---- */

static void test_sources_and_offers_that_are_malformed_have_a_fault(void **state)
{
    static const struct import_source sources[] = {
        { "", "someone", 1, false },
        { "with space", "someone", 1, false },
        { "east", "", 1, false },
        { "east", "Someone", 1, false },
        { "east\n", "someone", 1, false },
    };
    static const char *const services[] = { "", "A", "node", "router", "registry", "link", "etcd" };
    struct import_source good = { "east", "someone", 1, false };
    struct description description = offer(1, "a", NULL);
    char text[REGISTRY_IMPORT_METADATA_MAX];
    struct metadata pair = { "k", text };

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        assert_non_null(import_source_fault(&sources[i]));
    assert_null(import_source_fault(&good));
    assert_null(import_fault(&description));
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        description.service = services[i];
        assert_non_null(import_fault(&description));
    }
    description = offer(0, "a", NULL);
    assert_non_null(import_fault(&description));

    description = offer(1, "a", NULL);
    description.metadata = &pair;
    description.metadata_count = 1;
    for (size_t size = REGISTRY_IMPORT_METADATA_MAX - 1; size <= REGISTRY_IMPORT_METADATA_MAX + 1;
            size++) {
        memset(text, 'x', sizeof(text));
        text[size - sizeof("k") - 1] = '\0';
        assert_int_equal(description_metadata_size(&description), size);
        assert_int_equal(import_fault(&description) == NULL, size <= REGISTRY_IMPORT_METADATA_MAX);
    }
}

/* ---- types ---- */

static void test_types_are_asked_for_taken_and_forgotten_with_the_last_instance(void **state)
{
    struct catalog *catalog = *state;
    struct description offers[] = { offer(10, "a", ONE), offer(11, "a", ONE),
        offer(12, "b", NULL) };
    const struct instance *wanted[REGISTRY_WANTED_MAX];
    const struct version *version;

    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_NONE);
    assert_int_equal(replace(catalog, offers, 3), CATALOG_OK);
    assert_int_equal(import_wanted(catalog, wanted), 1);
    assert_string_equal(wanted[0]->service->name, "a");
    assert_int_equal(publish_there(catalog, "a", TWO), CATALOG_NONE);
    assert_int_equal(publish_there(catalog, "b", ONE), CATALOG_NONE);
    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_UNCHANGED);
    assert_int_equal(import_wanted(catalog, wanted), 0);
    version = service_version(catalog_find(catalog, "a"), "");
    assert_true(version->imported);
    assert_memory_equal(import_set(catalog, version).data, "there", 5);
    assert_int_equal(catalog->bytes, 0);
    assert_int_equal(replace(catalog, offers, 1), CATALOG_OK);
    assert_int_equal(catalog_find(catalog, "a")->version_count, 1);
    assert_int_equal(replace(catalog, offers + 2, 1), CATALOG_OK);
    assert_null(catalog_find(catalog, "a"));
    assert_int_equal(catalog->imported_bytes, 0);
    assert_int_equal(catalog->imported_sets.count, 0);
}

static void test_types_stay_while_one_instance_takes_them_over_from_another(void **state)
{
    struct catalog *catalog = *state;
    struct description before[] = { offer(10, "a", ONE), offer(11, "b", NULL) };
    struct description after[] = { offer(10, "b", NULL), offer(11, "a", ONE) };

    assert_int_equal(replace(catalog, before, 2), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_OK);
    assert_int_equal(replace(catalog, after, 2), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_UNCHANGED);
}

static void test_types_of_this_node_win_and_the_conflict_shows(void **state)
{
    struct catalog *catalog = *state;
    struct description one = offer(10, "a", TWO);
    const struct version *version;

    assert_int_equal(publish_here(catalog, "a", ONE), CATALOG_OK);
    assert_int_equal(replace(catalog, &one, 1), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", TWO), CATALOG_TAKEN);
    version = service_version(catalog_find(catalog, "a"), "1.0.0");
    assert_memory_equal(version->types, ONE, TYPES_HASH_SIZE);
    assert_true(import_conflicts(first(catalog, "a")));
}

static void test_types_of_this_node_replace_imported_ones(void **state)
{
    struct catalog *catalog = *state;
    struct description one = offer(10, "a", ONE);
    struct description newer = offer(11, "a", TWO);

    newer.version = "9.0.0";
    assert_int_equal(replace(catalog, &one, 1), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_OK);
    assert_false(import_conflicts(first(catalog, "a")));
    assert_int_equal(publish_here(catalog, "a", ONE), CATALOG_OK);
    assert_false(service_version(catalog_find(catalog, "a"), "1.0.0")->imported);
    assert_int_equal(catalog->imported_bytes, 0);
    assert_int_equal(publish_here(catalog, "a", TWO), CATALOG_OK);
    assert_true(import_conflicts(first(catalog, "a")));
    assert_int_equal(replace(catalog, &newer, 1), CATALOG_OK);
    assert_string_equal(service_version(catalog_find(catalog, "a"), "")->text, "1.0.0");
}

static void test_types_of_two_nodes_that_differ_are_those_that_came_first(void **state)
{
    struct catalog *catalog = *state;
    struct description east = offer(10, "a", ONE);
    struct description west = offer(11, "a", TWO);

    assert_int_equal(replace(catalog, &east, 1), CATALOG_OK);
    assert_int_equal(replace_from(catalog, "west", LINK, &west, 1), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", TWO), CATALOG_TAKEN);
    assert_true(import_conflicts(catalog_instance(catalog, 11)));
    assert_false(import_conflicts(catalog_instance(catalog, 10)));
    assert_int_equal(replace(catalog, NULL, 0), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", TWO), CATALOG_OK);
}

/* ---- limits ---- */

static void test_instances_of_a_node_have_a_limit(void **state)
{
    static struct description offers[REGISTRY_IMPORT_INSTANCES_MAX + 1];
    struct catalog *catalog = *state;

    for (uint32_t i = 0; i < REGISTRY_IMPORT_INSTANCES_MAX + 1; i++)
        offers[i] = offer(100 + i, "a", NULL);
    assert_int_equal(replace(catalog, offers, REGISTRY_IMPORT_INSTANCES_MAX - 1), CATALOG_OK);
    assert_int_equal(replace(catalog, offers, REGISTRY_IMPORT_INSTANCES_MAX), CATALOG_OK);
    assert_int_equal(replace(catalog, offers, REGISTRY_IMPORT_INSTANCES_MAX + 1), CATALOG_FULL);
    assert_int_equal(catalog->imported_count, REGISTRY_IMPORT_INSTANCES_MAX);
}

static void test_nodes_have_a_limit(void **state)
{
    struct catalog *catalog = *state;
    struct description one;
    char node[16];

    for (uint32_t i = 0; i < REGISTRY_IMPORTS_MAX; i++) {
        one = offer(100 + i, "a", NULL);
        snprintf(node, sizeof(node), "n%u", i);
        assert_int_equal(replace_from(catalog, node, LINK, &one, 1), CATALOG_OK);
    }
    one = offer(99, "a", NULL);
    assert_int_equal(replace_from(catalog, "more", LINK, &one, 1), CATALOG_FULL);
    assert_int_equal(replace_from(catalog, "n0", LINK, NULL, 0), CATALOG_OK);
    assert_int_equal(replace_from(catalog, "more", LINK, &one, 1), CATALOG_OK);
}

/* Fills all that may be imported with services and instances of nodes n0, n1, … */
static void fill_with_imports(struct catalog *catalog)
{
    static struct description offers[REGISTRY_IMPORT_INSTANCES_MAX];
    static char names[REGISTRY_IMPORT_INSTANCES_MAX][16];
    uint64_t number = 100;
    char node[16];

    for (uint32_t i = 0; catalog->imported_count < REGISTRY_IMPORTED_INSTANCES_MAX; i++) {
        for (uint32_t k = 0; k < REGISTRY_IMPORT_INSTANCES_MAX; k++) {
            uint32_t name = i * REGISTRY_IMPORT_INSTANCES_MAX + k;

            snprintf(names[k], sizeof(names[k]), "f%u", name % REGISTRY_IMPORTED_SERVICES_MAX);
            offers[k] = offer(number++, names[k], NULL);
        }
        snprintf(node, sizeof(node), "n%u", i);
        assert_int_equal(replace_from(catalog, node, LINK, offers, REGISTRY_IMPORT_INSTANCES_MAX),
                CATALOG_OK);
    }
}

static void test_what_others_offer_has_limits_and_takes_no_room_from_this_node(void **state)
{
    struct catalog *catalog = *state;
    struct description one = offer(99, "more", NULL);
    char name[16];

    fill_with_imports(catalog);
    assert_int_equal(catalog->service_count, REGISTRY_IMPORTED_SERVICES_MAX + 1);
    assert_int_equal(replace(catalog, &one, 1), CATALOG_FULL);
    assert_int_equal(replace_from(catalog, "n0", LINK, &one, 1), CATALOG_FULL);
    one.service = "f0";
    assert_int_equal(replace_from(catalog, "n0", LINK, &one, 1), CATALOG_OK);

    for (uint32_t i = 1; i < REGISTRY_SERVICES_MAX; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        assert_int_equal(catalog_register(catalog, name, (const uint8_t *)"m", 1), CATALOG_OK);
    }
    assert_int_equal(catalog_register(catalog, "more", (const uint8_t *)"m", 1), CATALOG_FULL);
    assert_int_equal(catalog_register(catalog, "f0", (const uint8_t *)"m", 1), CATALOG_FULL);
    for (uint32_t i = 1; i < REGISTRY_INSTANCES_MAX; i++)
        assert_int_equal(attach(catalog, 1000000 + i, "s1"), CATALOG_OK);
    assert_int_equal(attach(catalog, 1000000, "s1"), CATALOG_FULL);
}

static void test_types_of_others_have_limits(void **state)
{
    struct catalog *catalog = *state;
    struct description offers[REGISTRY_VERSIONS_MAX + 1];
    char versions[REGISTRY_VERSIONS_MAX + 1][16];
    const struct instance *wanted[REGISTRY_WANTED_MAX];
    struct publication publication = describe_types("a", ONE, 5);
    struct mu_bytes set = { (const uint8_t *)"there", 5 };
    uint64_t bytes = 5 + publication_texts_size(&publication);

    catalog->config.imported_bytes_max = bytes;
    offers[0] = offer(10, "a", ONE);
    offers[1] = offer(11, "b", TWO);
    assert_int_equal(replace(catalog, offers, 2), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "a", ONE), CATALOG_OK);
    assert_int_equal(publish_there(catalog, "b", TWO), CATALOG_FULL);
    assert_int_equal(catalog->imported_bytes, bytes);

    catalog->config.imported_bytes_max = REGISTRY_IMPORTED_BYTES_MAX;
    assert_int_equal(replace(catalog, NULL, 0), CATALOG_OK);
    for (uint32_t i = 0; i <= REGISTRY_VERSIONS_MAX; i++) {
        snprintf(versions[i], sizeof(versions[i]), "1.%u.0", i);
        offers[i] = offer(100 + i, "a", ONE);
        offers[i].version = versions[i];
    }
    assert_int_equal(replace(catalog, offers, REGISTRY_VERSIONS_MAX + 1), CATALOG_OK);
    for (uint32_t i = 0; i <= REGISTRY_VERSIONS_MAX; i++) {
        publication.version = versions[i];
        assert_int_equal(import_publish(catalog, &publication, set),
                i < REGISTRY_VERSIONS_MAX ? CATALOG_OK : CATALOG_FULL);
    }
    assert_int_equal(import_wanted(catalog, wanted), 0);
    publication.version = "2.0.0";
    assert_int_equal(publish_here(catalog, "a", ONE), CATALOG_OK);
}

static void test_at_most_so_many_types_are_asked_for_at_a_time(void **state)
{
    static struct description offers[REGISTRY_WANTED_MAX + 1];
    static char names[REGISTRY_WANTED_MAX + 1][16];
    const struct instance *wanted[REGISTRY_WANTED_MAX];
    struct catalog *catalog = *state;

    for (uint32_t i = 0; i <= REGISTRY_WANTED_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "f%u", i);
        offers[i] = offer(100 + i, names[i], ONE);
    }
    for (uint32_t count = REGISTRY_WANTED_MAX - 1; count <= REGISTRY_WANTED_MAX + 1; count++) {
        assert_int_equal(replace(catalog, offers, count), CATALOG_OK);
        assert_int_equal(import_wanted(catalog, wanted),
                count < REGISTRY_WANTED_MAX ? count : REGISTRY_WANTED_MAX);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_import_is_replaced_as_a_whole),
        TEST(test_instances_of_an_import_may_change_places),
        TEST(test_nodes_of_one_name_but_of_two_owners_are_two),
        TEST(test_what_was_lent_goes_with_the_lenders_channel),
        TEST(test_a_reset_that_names_the_lender_leaves_what_it_lent),
        TEST(test_hearsay_of_a_node_that_is_linked_changes_nothing),
        TEST(test_only_one_with_a_channel_lends),
        TEST(test_no_import_takes_a_number_that_is_not_its_own),
        TEST(test_one_of_this_node_takes_its_number_from_an_import),
        TEST(test_an_import_registers_nothing_and_is_not_deregistered),
        TEST(test_watchers_hear_of_imports_with_their_node),
        TEST(test_sources_and_offers_that_are_malformed_have_a_fault),
        TEST(test_types_are_asked_for_taken_and_forgotten_with_the_last_instance),
        TEST(test_types_stay_while_one_instance_takes_them_over_from_another),
        TEST(test_types_of_this_node_win_and_the_conflict_shows),
        TEST(test_types_of_this_node_replace_imported_ones),
        TEST(test_types_of_two_nodes_that_differ_are_those_that_came_first),
        TEST(test_instances_of_a_node_have_a_limit),
        TEST(test_nodes_have_a_limit),
        TEST(test_what_others_offer_has_limits_and_takes_no_room_from_this_node),
        TEST(test_types_of_others_have_limits),
        TEST(test_at_most_so_many_types_are_asked_for_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
