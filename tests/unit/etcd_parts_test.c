// SPDX-License-Identifier: Apache-2.0
/* Keys in etcd, the list of believed nodes, what this node offers, what is kept for a restart. */
#include <errno.h>
#include <stdio.h>

#include "registry/etcd/cache.h"
#include "registry/etcd/gateway.h"
#include "registry/etcd/offers.h"
#include "tests/unit/etcd_fixture.h"
#include "tests/unit/registry_folder.h"

/* ---- keys in etcd ---- */

static struct path_parts read_path(const char *key)
{
    return path_read(key, strlen(key), "/mu");
}

static void test_keys_are_made_and_taken_apart(void **state)
{
    uint8_t types[32] = { 0x0a, 0xff };
    struct path path;
    struct path behind;

    (void)state;
    path_of_offers(&path, "/mu", "east");
    assert_string_equal(path.text, "/mu/nodes/east/offers");
    assert_int_equal(read_path(path.text).kind, PATH_OFFERS);
    assert_string_equal(read_path(path.text).node, "east");
    path_of_service(&path, "/mu", "my.host_1-a", "shop");
    assert_int_equal(read_path(path.text).kind, PATH_SERVICE);
    assert_string_equal(read_path(path.text).node, "my.host_1-a");
    assert_string_equal(read_path(path.text).service, "shop");
    path_of_types(&path, "/mu", types);
    assert_int_equal(strlen(path.text), strlen("/mu/types/") + 64);
    assert_non_null(strstr(path.text, "/0aff0000"));
    path_of_nodes(&path, &behind, "/mu");
    assert_string_equal(path.text, "/mu/nodes/");
    assert_string_equal(behind.text, "/mu/nodes0");
}

static void test_keys_of_others_are_told_apart(void **state)
{
    static const char *const keys[] = { "", "/mu", "/mu/nodes/", "/mu/nodes/east",
        "/mu/nodes//offers", "/mu/nodes/east/", "/mu/nodes/east/offers/", "/mu/nodes/e st/offers",
        "/mu/nodes/east/services/", "/mu/nodes/east/services/Shop",
        "/mu/nodes/east/services/shop/more", "/mux/nodes/east/offers", "/other/nodes/east/offers",
        "/mu/types/aa" };
    char text[ETCD_KEY_SIZE_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_int_equal(read_path(keys[i]).kind, PATH_OTHER);
    assert_int_equal(path_read("/mu/nodes/east/offers\0", 22, "/mu").kind, PATH_OTHER);
    for (size_t size = REGISTRY_NODE_MAX - 1; size <= REGISTRY_NODE_MAX + 1; size++) {
        snprintf(text, sizeof(text), "/mu/nodes/%.*s/offers", (int)size,
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert_int_equal(
                read_path(text).kind, size <= REGISTRY_NODE_MAX ? PATH_OFFERS : PATH_OTHER);
    }
    memset(text, 'a', sizeof(text));
    assert_int_equal(path_read(text, sizeof(text), "/mu").kind, PATH_OTHER);
}

static void test_a_prefix_is_a_path(void **state)
{
    static const char *const bad[] = { "", "/", "mu", "/mu/", "/m u", "/mu\n" };
    char text[ETCD_PREFIX_SIZE_MAX + 2] = "/";

    (void)state;
    assert_true(path_prefix_is_valid("/mu"));
    assert_true(path_prefix_is_valid("/a/b-c_d.e"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(path_prefix_is_valid(bad[i]));
    for (size_t size = ETCD_PREFIX_SIZE_MAX - 1; size <= ETCD_PREFIX_SIZE_MAX + 1; size++) {
        memset(text + 1, 'a', size - 1);
        text[size] = '\0';
        assert_int_equal(path_prefix_is_valid(text), size <= ETCD_PREFIX_SIZE_MAX);
    }
}

static void test_the_longest_key_fits(void **state)
{
    char prefix[ETCD_PREFIX_SIZE_MAX + 1] = "/";
    char node[REGISTRY_NODE_MAX + 1] = "";
    char service[REGISTRY_NAME_MAX + 1] = "";
    struct path path;

    (void)state;
    memset(prefix + 1, 'p', ETCD_PREFIX_SIZE_MAX - 1);
    memset(node, 'n', REGISTRY_NODE_MAX);
    memset(service, 's', REGISTRY_NAME_MAX);
    path_of_service(&path, prefix, node, service);
    assert_string_equal(path_read(path.text, strlen(path.text), prefix).service, service);
}

static void test_an_endpoint_is_a_host_and_a_port(void **state)
{
    static const char *const good[] = { "http://10.0.0.1:2379", "http://etcd-1.local:80",
        "http://[::1]:2379" };
    static const char *const bad[] = { "", "http://", "http://a", "http://a:", "http://:1",
        "https://a:1", "a:1", "http://a:1/", "http://a:1/x", "http://u@a:1", "http://a:1x",
        "http://a:123456", "http://a b:1", "file:///etc/passwd" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(gateway_endpoint_is_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(gateway_endpoint_is_valid(bad[i]));
}

/* ---- the roster ---- */

static int fill(struct roster *roster, const char *node, const char *owner, const char *key,
        const char *again, char error[ROSTER_ERROR_MAX])
{
    Mu__Node__V1__BelievedNode lines[2] = { MU__NODE__V1__BELIEVED_NODE__INIT,
        MU__NODE__V1__BELIEVED_NODE__INIT };
    Mu__Node__V1__BelievedNode *each[2] = { &lines[0], &lines[1] };
    Mu__Node__V1__RegistrySettings settings = MU__NODE__V1__REGISTRY_SETTINGS__INIT;

    for (int i = 0; i < 2; i++) {
        lines[i].node = (char *)(uintptr_t)(i == 0 ? node : again);
        lines[i].owner = (char *)(uintptr_t)owner;
        lines[i].key = (char *)(uintptr_t)key;
    }
    settings.nodes = each;
    settings.n_nodes = again != NULL ? 2 : 1;
    return roster_fill(roster, &settings, "here", error);
}

static void test_a_roster_has_each_node_once_and_never_this_one(void **state)
{
    struct keys keys = make_keys(1);
    char error[ROSTER_ERROR_MAX] = "";
    struct roster roster = { 0 };

    (void)state;
    assert_int_equal(fill(&roster, "here", "me", keys.text, "east", error), 0);
    assert_int_equal(roster.count, 1);
    assert_int_equal(roster_find(&roster, "east"), 0);
    assert_int_equal(roster_find(&roster, "here"), 1);
    assert_memory_equal(roster.nodes[0].key, keys.key, STATEMENT_KEY_SIZE);
    roster_deinit(&roster);
    roster_deinit(&roster);
}

static void test_a_line_that_is_wrong_is_told(void **state)
{
    struct keys keys = make_keys(1);
    char error[ROSTER_ERROR_MAX] = "";
    struct roster roster = { 0 };
    char short_key[64];

    (void)state;
    snprintf(short_key, sizeof(short_key), "%.62s", keys.text);
    assert_int_equal(fill(&roster, "", "me", keys.text, NULL, error), -EINVAL);
    assert_int_equal(fill(&roster, "a/b", "me", keys.text, NULL, error), -EINVAL);
    assert_int_equal(fill(&roster, "east", "", keys.text, NULL, error), -EINVAL);
    assert_non_null(strstr(error, "east: owner"));
    assert_int_equal(fill(&roster, "east", "me", "", NULL, error), -EINVAL);
    assert_int_equal(fill(&roster, "east", "me", short_key, NULL, error), -EINVAL);
    keys.text[0] = 'g';
    assert_int_equal(fill(&roster, "east", "me", keys.text, NULL, error), -EINVAL);
    assert_non_null(strstr(error, "east: key"));
    keys.text[0] = '0';
    assert_int_equal(fill(&roster, "east", "me", keys.text, "east", error), -EINVAL);
    assert_non_null(strstr(error, "twice"));
    assert_int_equal(roster.count, 0);
}

/* ---- offers ---- */

static const uint8_t TYPES[32] = { 1 };

static void add(struct offers *offers, uint64_t number, const char *service, bool typed)
{
    Mu__Registry__V1__Instance instance = MU__REGISTRY__V1__INSTANCE__INIT;

    instance.instance = number;
    instance.service = (char *)(uintptr_t)service;
    instance.version = (char *)(uintptr_t) "1.0.0";
    instance.pid = 7;
    if (typed)
        instance.types = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)TYPES, .len = 32 };
    assert_int_equal(offers_add(offers, &instance), 0);
}

static size_t packed(struct offers *offers)
{
    Mu__Etcd__V1__Offers *message;
    size_t count;

    assert_int_equal(offers_pack(offers, &message), 0);
    count = message->n_offers;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(message->offers[i]->pid, 7);
    free(message);
    return count;
}

static void test_what_runs_here_is_offered(void **state)
{
    struct offers offers = { 0 };

    (void)state;
    add(&offers, 1, "shop", false);
    add(&offers, 2, "shop", false);
    add(&offers, 2, "shop", false);
    assert_true(offers.changed);
    assert_int_equal(packed(&offers), 2);
    assert_false(offers.changed);
    offers_remove(&offers, 1);
    offers_remove(&offers, 9);
    assert_true(offers.changed);
    assert_int_equal(packed(&offers), 1);
    offers_clear(&offers);
    assert_int_equal(packed(&offers), 0);
    offers_deinit(&offers);
    offers_deinit(&offers);
}

static void test_parts_of_the_node_and_what_others_offer_are_not_offered(void **state)
{
    static const char *const own[] = { "node", "router", "registry", "link", "etcd", "Bad", "" };
    Mu__Registry__V1__Instance instance = MU__REGISTRY__V1__INSTANCE__INIT;
    struct offers offers = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        add(&offers, i + 1, own[i], false);
    instance.instance = 20;
    instance.service = (char *)(uintptr_t) "shop";
    instance.version = (char *)(uintptr_t) "1.0.0";
    instance.owner = (char *)(uintptr_t) "someone";
    assert_int_equal(offers_add(&offers, &instance), 0);
    instance.owner = (char *)(uintptr_t) "";
    instance.lease_ms = 1000;
    assert_int_equal(offers_add(&offers, &instance), 0);
    assert_int_equal(offers.count, 0);
    offers_deinit(&offers);
}

static void test_types_are_published_before_they_are_offered(void **state)
{
    struct offers offers = { 0 };

    (void)state;
    add(&offers, 1, "shop", true);
    add(&offers, 2, "plain", false);
    assert_int_equal(packed(&offers), 1);
    assert_int_equal(offers_unpublished(&offers)->number, 1);
    offers_publish(&offers, TYPES, "shop.v1.Shop");
    assert_null(offers_unpublished(&offers));
    assert_int_equal(packed(&offers), 2);
    add(&offers, 3, "shop", true);
    assert_null(offers_unpublished(&offers));
    assert_int_equal(packed(&offers), 3);
    offers_unpublish(&offers);
    assert_non_null(offers_unpublished(&offers));
    assert_int_equal(packed(&offers), 3);
    offers_untype(&offers, TYPES);
    assert_null(offers_unpublished(&offers));
    assert_int_equal(packed(&offers), 3);
    offers_deinit(&offers);
}

static void test_offers_have_a_limit(void **state)
{
    struct offers offers = { 0 };

    (void)state;
    for (uint64_t i = 1; i <= ETCD_OFFERS_MAX + 1; i++)
        add(&offers, i, "shop", false);
    assert_int_equal(packed(&offers), ETCD_OFFERS_MAX);
    offers_remove(&offers, 1);
    add(&offers, ETCD_OFFERS_MAX + 1, "shop", false);
    assert_int_equal(packed(&offers), ETCD_OFFERS_MAX);
    offers_deinit(&offers);
}

/* ---- the cache ---- */

static bool keep_first(const uint8_t types[32], void *user)
{
    (void)user;
    return types[0] == 1;
}

static void test_what_is_known_is_there_after_a_restart(void **state)
{
    struct folder folder;
    struct cache cache;
    uint8_t secret[2][STATEMENT_SECRET_SIZE];
    uint8_t key[2][STATEMENT_KEY_SIZE];
    uint64_t sequence[3];
    uint64_t revision;
    struct mu_bytes value;

    (void)state;
    folder_make(&folder);
    assert_int_equal(cache_open(&cache, folder.path), 0);
    assert_int_equal(cache_keys(&cache, secret[0], key[0]), 0);
    assert_int_equal(cache_next_sequence(&cache, 1000, &sequence[0]), 0);
    assert_int_equal(cache_next_sequence(&cache, 1000, &sequence[1]), 0);
    assert_int_equal(cache_get_adopted(&cache, &revision), 0);
    assert_int_equal(revision, 0);
    assert_int_equal(cache_set_adopted(&cache, 77), 0);
    assert_int_equal(
            cache_put_statement(&cache, "east", (struct mu_bytes){ (const uint8_t *)"s", 1 }), 0);
    assert_int_equal(
            cache_put_types(&cache, TYPES, (struct mu_bytes){ (const uint8_t *)"t", 1 }), 0);
    assert_int_equal(cache_commit(&cache), 0);
    cache_close(&cache);
    cache_close(&cache);

    assert_int_equal(cache_open(&cache, folder.path), 0);
    assert_int_equal(cache_keys(&cache, secret[1], key[1]), 0);
    assert_memory_equal(secret[0], secret[1], STATEMENT_SECRET_SIZE);
    assert_memory_equal(key[0], key[1], STATEMENT_KEY_SIZE);
    assert_int_equal(cache_next_sequence(&cache, 5, &sequence[2]), 0);
    assert_int_equal(sequence[0], 1000);
    assert_int_equal(sequence[1], 1001);
    assert_int_equal(sequence[2], 1002); /* also where the clock went back */
    assert_int_equal(cache_get_adopted(&cache, &revision), 0);
    assert_int_equal(revision, 77);
    assert_int_equal(cache_get_statement(&cache, "east", &value), MU_STORE_OK);
    assert_memory_equal(value.data, "s", 1);
    assert_int_equal(cache_get_statement(&cache, "west", &value), MU_STORE_NONE);
    assert_int_equal(cache_get_types(&cache, TYPES, &value), MU_STORE_OK);
    cache_close(&cache);
    folder_remove(&folder);
}

static void test_types_that_nobody_offers_are_pruned(void **state)
{
    struct folder folder;
    struct cache cache;
    struct mu_bytes value;
    uint8_t types[32] = { 0 };

    (void)state;
    folder_make(&folder);
    assert_int_equal(cache_open(&cache, folder.path), 0);
    for (unsigned i = 0; i < 200; i++) {
        types[0] = (uint8_t)i;
        assert_int_equal(
                cache_put_types(&cache, types, (struct mu_bytes){ (const uint8_t *)"t", 1 }), 0);
    }
    assert_int_equal(cache_commit(&cache), 0);
    assert_int_equal(cache_prune_types(&cache, keep_first, NULL), 0);
    for (unsigned i = 0; i < 200; i++) {
        types[0] = (uint8_t)i;
        assert_int_equal(
                cache_get_types(&cache, types, &value), i == 1 ? MU_STORE_OK : MU_STORE_NONE);
    }
    cache_close(&cache);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_made_and_taken_apart),
        cmocka_unit_test(test_keys_of_others_are_told_apart),
        cmocka_unit_test(test_a_prefix_is_a_path),
        cmocka_unit_test(test_the_longest_key_fits),
        cmocka_unit_test(test_an_endpoint_is_a_host_and_a_port),
        cmocka_unit_test(test_a_roster_has_each_node_once_and_never_this_one),
        cmocka_unit_test(test_a_line_that_is_wrong_is_told),
        cmocka_unit_test(test_what_runs_here_is_offered),
        cmocka_unit_test(test_parts_of_the_node_and_what_others_offer_are_not_offered),
        cmocka_unit_test(test_types_are_published_before_they_are_offered),
        cmocka_unit_test(test_offers_have_a_limit),
        cmocka_unit_test(test_what_is_known_is_there_after_a_restart),
        cmocka_unit_test(test_types_that_nobody_offers_are_pruned),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
