// SPDX-License-Identifier: Apache-2.0
/* Each event of the catalog and each change of a batch, with the first, the second, … allocation
 * failing, until none does: it happens wholly or not at all, and the next try succeeds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/batch.h"
#include "registry/import.h"
#include "registry/watcher.h"
#include "tests/fault/failing_memory.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

static struct catalog_config config(void)
{
    return catalog_defaults(10, 1);
}

/* ---- the catalog ---- */

static struct description describe(uint64_t number, const char *service)
{
    static const struct metadata pairs[] = { { "zone", "north" } };

    return (struct description){
        .number = number,
        .service = service,
        .version = "1.0.0",
        .node = "",
        .metadata = pairs,
        .metadata_count = 1,
    };
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

static int attach_new(struct catalog *catalog)
{
    struct description description = describe(1000, "new");

    return catalog_attach(catalog, &description);
}

static int attach_over_other(struct catalog *catalog)
{
    struct description description = describe(1, "new");

    return catalog_attach(catalog, &description);
}

static int announce_new(struct catalog *catalog)
{
    struct description description = describe(1000, "new");

    return catalog_announce(catalog, &description, 5000, 0);
}

static int register_new(struct catalog *catalog)
{
    return catalog_register(catalog, "new", (const uint8_t *)"m", 1);
}

static int register_over_old(struct catalog *catalog)
{
    return catalog_register(catalog, "s1", (const uint8_t *)"other", 5);
}

static int publish_new(struct catalog *catalog)
{
    return publish(catalog, "new", "1.0.0", 100);
}

static int publish_over_old(struct catalog *catalog)
{
    return publish(catalog, "s1", "1.0.0", 100);
}

/* Sixteen of everything, which is when the arrays must grow. */
static void fill(struct catalog *catalog)
{
    char name[8];

    for (uint8_t i = 1; i <= 16; i++) {
        struct description description = describe(i, name);
        struct description leased = describe(100u + i, name);

        snprintf(name, sizeof(name), "s%d", i);
        assert_int_equal(catalog_attach(catalog, &description), CATALOG_OK);
        assert_int_equal(catalog_announce(catalog, &leased, 5000, 0), CATALOG_OK);
        assert_int_equal(catalog_register(catalog, name, (const uint8_t *)"m", 1), CATALOG_OK);
        assert_int_equal(publish(catalog, name, "1.0.0", i), CATALOG_OK);
    }
}

static void test_events_happen_wholly_or_not_at_all(void **state)
{
    static int (*const events[])(struct catalog *) = { attach_new, attach_over_other, announce_new,
        register_new, register_over_old, publish_new, publish_over_old };
    struct catalog_config defaults = config();

    (void)state;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        for (unsigned k = 1;; k++) {
            struct catalog catalog;
            struct watcher watcher;
            struct news news;
            uint64_t revision;
            uint64_t bytes;
            int r;

            assert_int_equal(catalog_init(&catalog, &defaults), 0);
            fill(&catalog);
            watcher_open(&watcher, &catalog, "", catalog_revision(&catalog));
            revision = catalog_revision(&catalog);
            bytes = catalog.bytes;
            memory_left = k;
            r = events[i](&catalog);
            if (r == -ENOMEM) {
                assert_int_equal(catalog_revision(&catalog), revision);
                assert_int_equal(catalog.bytes, bytes);
                assert_int_equal(catalog.service_count, 16);
                assert_int_equal(catalog.instances.count, 32);
                assert_null(catalog_find(&catalog, "new"));
                assert_int_equal(events[i](&catalog), CATALOG_OK);
            }
            assert_true(watcher_next(&watcher, &catalog, &news));
            watcher_close(&watcher, &catalog);
            catalog_deinit(&catalog);
            if (memory_left > 0) {
                memory_left = 0;
                assert_int_equal(r, CATALOG_OK);
                assert_true(k > 1);
                break;
            }
            assert_int_equal(r, -ENOMEM);
        }
    }
}

/* ---- imports ---- */

static const uint8_t TYPES[TYPES_HASH_SIZE] = { 50 };

static int import_offers(struct catalog *catalog, const char *const names[], uint32_t count)
{
    static const struct import_source source = { "east", "someone", 1, false };
    struct description offers[20];

    for (uint32_t i = 0; i < count; i++) {
        offers[i] = describe(200 + i, names[i]);
        offers[i].node = source.node;
        offers[i].owner = source.owner;
        offers[i].types = TYPES;
    }
    return import_replace(catalog, &source, offers, count);
}

static int import_new(struct catalog *catalog)
{
    static const char *const names[] = { "new", "newer", "s1", "new" };

    return import_offers(catalog, names, 4);
}

static int import_over_old(struct catalog *catalog)
{
    static const char *const names[] = { "new", "old", "s2" };

    return import_offers(catalog, names, 3);
}

static int import_types(struct catalog *catalog)
{
    struct publication publication = { .service = "old",
        .version = "1.0.0",
        .proto_service = "x.v1.X",
        .types = TYPES,
        .types_size = 2 };

    return import_publish(catalog, &publication, (struct mu_bytes){ TYPES, 2 });
}

static void test_imports_happen_wholly_or_not_at_all(void **state)
{
    static int (*const events[])(struct catalog *) = { import_new, import_over_old, import_types };
    static const char *const old[] = { "old", "s1" };
    struct catalog_config defaults = config();

    (void)state;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        int r = -ENOMEM;

        for (unsigned k = 1; r == -ENOMEM; k++) {
            struct catalog catalog;
            uint64_t revision;

            assert_int_equal(catalog_init(&catalog, &defaults), 0);
            fill(&catalog);
            if (events[i] != import_new)
                assert_int_equal(import_offers(&catalog, old, 2), CATALOG_OK);
            revision = catalog_revision(&catalog);
            memory_left = k;
            r = events[i](&catalog);
            memory_left = 0;
            if (r == -ENOMEM) {
                assert_int_equal(catalog_revision(&catalog), revision);
                assert_null(catalog_find(&catalog, "new"));
                assert_int_equal(catalog.imported_count, events[i] == import_new ? 0 : 2);
                assert_int_equal(catalog.imported_bytes, 0);
                assert_int_equal(events[i](&catalog), CATALOG_OK);
            } else {
                assert_int_equal(r, CATALOG_OK);
                assert_true(k > 1);
            }
            catalog_deinit(&catalog);
        }
    }
}

static void test_a_catalog_without_memory_is_none(void **state)
{
    struct catalog_config defaults = config();
    struct catalog catalog;

    (void)state;
    memory_left = 1;
    assert_int_equal(catalog_init(&catalog, &defaults), -ENOMEM);
    catalog_deinit(&catalog);
}

/* ---- batches ---- */

struct desk {
    struct folder folder;
    struct catalog catalog;
    struct journal journal;
    struct batch batch;
    int outcome;
};

static void note(int outcome, void *user)
{
    struct desk *desk = user;

    desk->outcome = outcome;
}

static void open_desk(struct desk *desk)
{
    struct catalog_config defaults = config();
    uint64_t revision;

    folder_make(&desk->folder);
    assert_int_equal(journal_open(&desk->journal, desk->folder.path, &revision), 0);
    assert_int_equal(catalog_init(&desk->catalog, &defaults), 0);
    batch_init(&desk->batch, &desk->catalog, &desk->journal);
}

static void close_desk(struct desk *desk)
{
    batch_deinit(&desk->batch);
    catalog_deinit(&desk->catalog);
    journal_close(&desk->journal);
    folder_remove(&desk->folder);
}

static void order_publish(struct desk *desk)
{
    static const uint8_t set[10] = { 1 };
    uint8_t types[TYPES_HASH_SIZE] = { 7 };
    struct publication publication = { .service = "a",
        .version = "2.0.0",
        .proto_service = "x.v1.X",
        .types = types,
        .types_size = 10 };

    batch_publish(&desk->batch, &publication, (struct mu_bytes){ set, 10 }, note, desk);
}

static void order_register(struct desk *desk)
{
    batch_register(&desk->batch, "a", (const uint8_t *)"m", 1, note, desk);
}

static void order_deregister(struct desk *desk)
{
    batch_deregister(&desk->batch, "a", note, desk);
}

/* Of the service "a", which is known, so that nothing is settled at once: a commit that finds no
 * memory ends the process, since then the disk and the memory differ. */
static void test_orders_without_memory_are_answered_so(void **state)
{
    static void (*const orders[])(struct desk *) = { order_publish, order_register };
    struct desk desk = { 0 };
    struct description description = describe(1, "a");

    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        for (unsigned k = 1;; k++) {
            bool failed;

            open_desk(&desk);
            assert_int_equal(catalog_attach(&desk.catalog, &description), CATALOG_OK);
            desk.outcome = 1000;
            memory_left = k;
            orders[i](&desk);
            failed = memory_left == 0;
            memory_left = 0;
            if (failed)
                assert_int_equal(desk.outcome, -ENOMEM);
            batch_settle(&desk.batch);
            if (failed)
                orders[i](&desk);
            batch_settle(&desk.batch);
            assert_int_equal(desk.outcome, CATALOG_OK);
            close_desk(&desk);
            if (!failed)
                break;
        }
    }
}

static void test_deregistering_without_memory_is_answered_so(void **state)
{
    struct desk desk = { 0 };

    (void)state;
    open_desk(&desk);
    order_register(&desk);
    batch_settle(&desk.batch);
    memory_left = 1;
    order_deregister(&desk);
    memory_left = 0;
    assert_int_equal(desk.outcome, -ENOMEM);
    order_deregister(&desk);
    assert_int_equal(desk.outcome, CATALOG_OK);
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_happen_wholly_or_not_at_all),
        cmocka_unit_test(test_imports_happen_wholly_or_not_at_all),
        cmocka_unit_test(test_a_catalog_without_memory_is_none),
        cmocka_unit_test(test_orders_without_memory_are_answered_so),
        cmocka_unit_test(test_deregistering_without_memory_is_answered_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
