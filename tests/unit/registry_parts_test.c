// SPDX-License-Identifier: Apache-2.0
/* The small parts that the registry's core is made of. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "registry/index.h"
#include "registry/instance.h"
#include "registry/leases.h"
#include "registry/limits.h"
#include "registry/name.h"
#include "registry/service.h"
#include "registry/sets.h"
#include "registry/version.h"
#include "tests/unit/cmocka.h"

/* ---- versions ---- */

static void test_versions_stand_in_the_order_of_semantic_versioning(void **state)
{
    static const char *const rising[] = { "", "1", "1.0", "1.0.0.0", "01.0.0", "latest", "v1.0.0",
        "0.0.0-0", "0.0.0", "0.0.1", "0.9.0", "0.10.0", "1.0.0-0", "1.0.0-1", "1.0.0-9", "1.0.0-10",
        "1.0.0-01a", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
        "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1-x", "1.0.1", "2.0.0",
        "99999999999999999999.0.0", "100000000000000000000.0.0" };
    /* The first seven are no semantic versions: they come before all others, as bytes. */
    const size_t invalid = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++) {
        for (size_t k = 0; k < sizeof(rising) / sizeof(rising[0]); k++) {
            int order = version_compare(rising[i], rising[k]);
            int expected = (i > k) - (i < k);

            if (i < invalid && k < invalid)
                expected = strcmp(rising[i], rising[k]);
            if ((order > 0) != (expected > 0) || (order < 0) != (expected < 0))
                fail_msg("%s and %s: %d", rising[i], rising[k], order);
        }
    }
}

static void test_build_metadata_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(version_compare("1.0.0+a", "1.0.0+b"), 0);
    assert_int_equal(version_compare("1.0.0+a", "1.0.0"), 0);
    assert_int_equal(version_compare("1.0.0-rc.1+a", "1.0.0-rc.1"), 0);
    assert_true(version_compare("1.0.0+a", "1.0.1") < 0);
    assert_true(version_compare("1.0.0-rc.1+z", "1.0.0+a") < 0);
}

/* ---- names ---- */

static void test_names_are_short_and_lower_case(void **state)
{
    char name[REGISTRY_NAME_MAX + 2];

    (void)state;
    assert_true(name_is_valid("a"));
    assert_true(name_is_valid("greeter-2"));
    assert_false(name_is_valid(""));
    assert_false(name_is_valid("Greeter"));
    assert_false(name_is_valid("2greeter"));
    assert_false(name_is_valid("-a"));
    assert_false(name_is_valid("a.b"));
    assert_false(name_is_valid("a b"));
    for (size_t size = REGISTRY_NAME_MAX - 1; size <= REGISTRY_NAME_MAX + 1; size++) {
        memset(name, 'a', size);
        name[size] = '\0';
        assert_int_equal(name_is_valid(name), size <= REGISTRY_NAME_MAX);
    }
}

static void test_words_are_printable_and_not_empty(void **state)
{
    (void)state;
    assert_true(name_is_word("1.0.0", 5));
    assert_false(name_is_word("1.0.0", 4));
    assert_false(name_is_word("", 5));
    assert_false(name_is_word("a b", 5));
    assert_false(name_is_word("a\n", 5));
    assert_false(name_is_word("\xc3\xa9", 5));
    assert_false(name_is_word("a\x7f", 5));
}

static void test_distance_counts_slips_of_the_hand(void **state)
{
    char longest[REGISTRY_NAME_MAX + 2] = "";

    (void)state;
    assert_int_equal(name_distance("greeter", "greeter"), 0);
    assert_int_equal(name_distance("greeter", "greter"), 1);
    assert_int_equal(name_distance("greeter", "greeterr"), 1);
    assert_int_equal(name_distance("greeter", "greater"), 1);
    assert_int_equal(name_distance("greeter", "rgeeter"), 1);
    assert_int_equal(name_distance("", "abc"), 3);
    assert_int_equal(name_distance("kitten", "sitting"), 3);
    memset(longest, 'a', REGISTRY_NAME_MAX);
    assert_int_equal(name_distance(longest, ""), REGISTRY_NAME_MAX);
    longest[REGISTRY_NAME_MAX] = 'a';
    assert_true(name_distance(longest, "a") == SIZE_MAX);
    assert_true(name_is_near("greeter", 2));
    assert_false(name_is_near("greeter", 3));
    assert_true(name_is_near("a", 1));
}

/* ---- the index ---- */

static void test_the_index_finds_what_was_put_in_and_nothing_else(void **state)
{
    enum { COUNT = 20000 };
    static int things[COUNT];
    struct index index;
    struct random random;

    (void)state;
    random_init(&random, 3);
    index_init(&index, 42);
    assert_null(index_get(&index, 1));
    assert_null(index_take(&index, 1));
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < COUNT; i++) {
            assert_int_equal(index_reserve(&index, 1), 0);
            index_put(&index, i * 64 + round, &things[i]);
        }
        for (uint64_t i = 0; i < COUNT; i++)
            assert_ptr_equal(index_get(&index, i * 64 + round), &things[i]);
        assert_null(index_get(&index, UINT64_C(64) * COUNT));
        for (uint64_t i = 0; i < COUNT; i++) {
            uint64_t number = (i * 7919 % COUNT) * 64 + round;

            assert_ptr_equal(index_take(&index, number), &things[i * 7919 % COUNT]);
            assert_null(index_get(&index, number));
            if (i % 1000 == 0)
                for (uint64_t k = i + 1; k < COUNT; k++)
                    assert_non_null(index_get(&index, (k * 7919 % COUNT) * 64 + round));
        }
        assert_int_equal(index.count, 0);
    }
    index_deinit(&index);
    index_deinit(&index);
}

/* ---- leases ---- */

static void test_leases_end_in_the_order_of_their_time(void **state)
{
    enum { COUNT = 1000 };
    static struct instance instances[COUNT];
    struct leases leases = { 0 };
    struct random random;
    uint64_t last_ms = 0;
    uint32_t left = COUNT;

    (void)state;
    random_init(&random, 5);
    assert_null(leases_first(&leases));
    for (uint32_t i = 0; i < COUNT; i++) {
        instances[i].expires_ms = random_below(&random, 5000);
        assert_int_equal(leases_reserve(&leases), 0);
        leases_add(&leases, &instances[i]);
    }
    for (uint32_t i = 0; i < COUNT; i += 3)
        leases_renew(&leases, &instances[i], random_below(&random, 5000));
    for (uint32_t i = 0; i < COUNT; i += 5) {
        leases_remove(&leases, &instances[i]);
        left -= 1;
    }
    while (leases_first(&leases) != NULL) {
        struct instance *first = leases_first(&leases);

        assert_true(first->expires_ms >= last_ms);
        last_ms = first->expires_ms;
        leases_remove(&leases, first);
        left -= 1;
    }
    assert_int_equal(left, 0);
    leases_deinit(&leases);
    leases_deinit(&leases);
}

/* ---- sets ---- */

static void test_a_set_is_held_as_long_as_something_refers_to_it(void **state)
{
    struct sets sets = { 0 };
    uint8_t types[TYPES_HASH_SIZE] = { 0 };

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        types[0] = (uint8_t)(i * 37);
        assert_int_equal(sets_reserve(&sets), 0);
        assert_int_equal(sets_ref(&sets, types, 10), 10);
    }
    assert_int_equal(sets_ref(&sets, types, 10), 0);
    assert_true(sets_has(&sets, types));
    assert_int_equal(sets_unref(&sets, types), 0);
    assert_true(sets_has(&sets, types));
    assert_int_equal(sets_unref(&sets, types), 10);
    assert_false(sets_has(&sets, types));
    assert_int_equal(sets.count, 99);
    sets_deinit(&sets);
    sets_deinit(&sets);
}

/* ---- descriptions and publications ---- */

static void test_a_description_is_kept_whole(void **state)
{
    const struct metadata pairs[] = { { "zone", "north" }, { "empty", "" } };
    uint8_t types[TYPES_HASH_SIZE] = { 1, 2, 3 };
    struct description description = {
        .number = 7,
        .service = "a",
        .version = "1.0.0",
        .node = "here",
        .pid = 99,
        .metadata = pairs,
        .metadata_count = 2,
        .types = types,
    };
    struct instance *instance = instance_new(&description);
    struct metadata pair;
    size_t cursor = 0;

    (void)state;
    assert_string_equal(instance->version, "1.0.0");
    assert_string_equal(instance->node, "here");
    assert_int_equal(instance->pid, 99);
    assert_memory_equal(instance->types, types, sizeof(types));
    assert_true(instance_metadata(instance, &cursor, &pair));
    assert_string_equal(pair.key, "zone");
    assert_string_equal(pair.value, "north");
    assert_true(instance_metadata(instance, &cursor, &pair));
    assert_string_equal(pair.key, "empty");
    assert_string_equal(pair.value, "");
    assert_false(instance_metadata(instance, &cursor, &pair));
    assert_null(instance_unref(instance_ref(instance)));
    assert_string_equal(instance->node, "here");
    instance_unref(instance);
    assert_null(instance_unref(NULL));
}

static void test_descriptions_with_a_fault_are_told_apart(void **state)
{
    static char value[REGISTRY_METADATA_MAX];
    char text[REGISTRY_VERSION_MAX + 2];
    struct metadata pair = { "k", value };
    struct description good = { .number = 7, .service = "a", .version = "1.0.0", .node = "" };
    struct description bad;

    (void)state;
    assert_null(description_fault(&good));
    bad = good;
    bad.number = 0;
    assert_non_null(description_fault(&bad));
    bad = good;
    bad.service = "A";
    assert_non_null(description_fault(&bad));
    bad = good;
    bad.version = "";
    assert_non_null(description_fault(&bad));
    bad = good;
    bad.node = "a b";
    assert_non_null(description_fault(&bad));
    for (size_t size = REGISTRY_VERSION_MAX - 1; size <= REGISTRY_VERSION_MAX + 1; size++) {
        memset(text, '1', size);
        text[size] = '\0';
        bad = good;
        bad.version = text;
        assert_int_equal(description_fault(&bad) == NULL, size <= REGISTRY_VERSION_MAX);
        bad.version = good.version;
        bad.node = text;
        assert_int_equal(description_fault(&bad) == NULL, size <= REGISTRY_NODE_MAX);
    }
    for (size_t size = REGISTRY_METADATA_MAX - 4; size <= REGISTRY_METADATA_MAX - 2; size++) {
        memset(value, 'v', size);
        value[size] = '\0';
        bad = good;
        bad.metadata = &pair;
        bad.metadata_count = 1;
        /* With the key and both NULs there are three bytes more. */
        assert_int_equal(description_fault(&bad) == NULL, size + 3 <= REGISTRY_METADATA_MAX);
    }
    value[0] = '\0';
    pair.key = "";
    assert_non_null(description_fault(&bad));
}

static void test_publications_with_a_fault_are_told_apart(void **state)
{
    const char *methods[REGISTRY_METHODS_MAX + 1];
    char text[REGISTRY_PROTO_NAME_MAX + 2];
    struct publication publication = {
        .service = "a", .version = "1.0.0", .proto_service = "a.v1.A", .methods = methods
    };

    (void)state;
    for (size_t i = 0; i <= REGISTRY_METHODS_MAX; i++)
        methods[i] = "Get";
    for (size_t i = REGISTRY_METHODS_MAX - 1; i <= REGISTRY_METHODS_MAX + 1; i++) {
        publication.method_count = i;
        assert_int_equal(publication_fault(&publication) == NULL, i <= REGISTRY_METHODS_MAX);
    }
    publication.method_count = 1;
    for (size_t size = REGISTRY_PROTO_NAME_MAX - 1; size <= REGISTRY_PROTO_NAME_MAX + 1; size++) {
        memset(text, 'a', size);
        text[size] = '\0';
        publication.proto_service = text;
        assert_int_equal(publication_fault(&publication) == NULL, size <= REGISTRY_PROTO_NAME_MAX);
        publication.proto_service = "a.v1.A";
        methods[0] = text;
        assert_int_equal(publication_fault(&publication) == NULL, size <= REGISTRY_PROTO_NAME_MAX);
        methods[0] = "Get";
    }
    publication.service = "A";
    assert_non_null(publication_fault(&publication));
    publication.service = "a";
    publication.version = "";
    assert_non_null(publication_fault(&publication));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_stand_in_the_order_of_semantic_versioning),
        cmocka_unit_test(test_build_metadata_does_not_count),
        cmocka_unit_test(test_names_are_short_and_lower_case),
        cmocka_unit_test(test_words_are_printable_and_not_empty),
        cmocka_unit_test(test_distance_counts_slips_of_the_hand),
        cmocka_unit_test(test_the_index_finds_what_was_put_in_and_nothing_else),
        cmocka_unit_test(test_leases_end_in_the_order_of_their_time),
        cmocka_unit_test(test_a_set_is_held_as_long_as_something_refers_to_it),
        cmocka_unit_test(test_a_description_is_kept_whole),
        cmocka_unit_test(test_descriptions_with_a_fault_are_told_apart),
        cmocka_unit_test(test_publications_with_a_fault_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
