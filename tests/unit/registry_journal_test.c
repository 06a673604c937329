// SPDX-License-Identifier: Apache-2.0
/* What lasts: the journal and the batches that are written to it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/batch.h"
#include "registry/journal.h"
#include "registry/record.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

struct fixture {
    struct folder folder;
    struct catalog catalog;
    struct journal journal;
    struct batch batch;
    int outcome; /* of the last change that was answered */
    int answers;
};

static void open_all(struct fixture *fixture)
{
    struct catalog_config config;
    uint64_t revision;

    assert_int_equal(journal_open(&fixture->journal, fixture->folder.path, &revision), 0);
    config = catalog_defaults(revision, 1);
    assert_int_equal(catalog_init(&fixture->catalog, &config), 0);
    assert_int_equal(journal_load(&fixture->journal, &fixture->catalog), 0);
    batch_init(&fixture->batch, &fixture->catalog, &fixture->journal);
}

static void close_all(struct fixture *fixture)
{
    batch_deinit(&fixture->batch);
    catalog_deinit(&fixture->catalog);
    journal_close(&fixture->journal);
}

static void restart(struct fixture *fixture)
{
    close_all(fixture);
    open_all(fixture);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    folder_make(&fixture->folder);
    open_all(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    close_all(fixture);
    folder_remove(&fixture->folder);
    free(fixture);
    return 0;
}

static void answered(int outcome, void *user)
{
    struct fixture *fixture = user;

    fixture->outcome = outcome;
    fixture->answers += 1;
}

static void order_types(struct fixture *fixture, const char *service, const char *version,
        uint8_t kind, size_t size)
{
    static const char *const methods[] = { "Hello", "Goodbye" };
    uint8_t types[TYPES_HASH_SIZE];
    uint8_t *set = malloc(size);
    struct publication publication = {
        .service = service,
        .version = version,
        .proto_service = "x.v1.X",
        .methods = methods,
        .method_count = 2,
        .types = types,
        .types_size = (uint32_t)size,
    };

    memset(types, kind, sizeof(types));
    memset(set, kind, size);
    batch_publish(&fixture->batch, &publication, (struct mu_bytes){ set, size }, answered, fixture);
    free(set);
}

static int publish(struct fixture *fixture, const char *service, const char *version, uint8_t kind)
{
    fixture->outcome = -1;
    order_types(fixture, service, version, kind, 100);
    batch_settle(&fixture->batch);
    return fixture->outcome;
}

static int enter(struct fixture *fixture, const char *service, const char *manifest)
{
    fixture->outcome = -1;
    batch_register(&fixture->batch, service, (const uint8_t *)manifest, strlen(manifest), answered,
            fixture);
    batch_settle(&fixture->batch);
    return fixture->outcome;
}

static int leave(struct fixture *fixture, const char *service)
{
    fixture->outcome = -1;
    batch_deregister(&fixture->batch, service, answered, fixture);
    batch_settle(&fixture->batch);
    return fixture->outcome;
}

static void attach(
        struct fixture *fixture, uint64_t number, const char *service, const char *version)
{
    struct description description = {
        .number = number, .service = service, .version = version, .node = "here"
    };

    assert_int_equal(catalog_attach(&fixture->catalog, &description), CATALOG_OK);
}

static bool has_set(struct fixture *fixture, uint8_t kind)
{
    uint8_t types[TYPES_HASH_SIZE];
    struct mu_bytes set;
    int r;

    memset(types, kind, sizeof(types));
    r = journal_get_set(&fixture->journal, types, &set);
    if (r == MU_STORE_OK)
        assert_int_equal(set.data[0], kind);
    return r == MU_STORE_OK;
}

static const struct version *find(struct fixture *fixture, const char *service, const char *version)
{
    const struct service *found = catalog_find(&fixture->catalog, service);

    return found != NULL ? service_version(found, version) : NULL;
}

static void test_registrations_and_types_are_there_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    const struct service *service;
    const struct version *version;

    assert_int_equal(enter(fixture, "greeter", "manifest"), CATALOG_OK);
    assert_int_equal(publish(fixture, "greeter", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(publish(fixture, "greeter", "1.10.0", 2), CATALOG_OK);
    attach(fixture, 7, "greeter", "1.0.0");
    restart(fixture);
    service = catalog_find(&fixture->catalog, "greeter");
    assert_non_null(service);
    assert_int_equal(service->manifest_size, 8);
    assert_memory_equal(service->manifest, "manifest", 8);
    assert_int_equal(service->instance_count, 0);
    version = service_version(service, "");
    assert_string_equal(version->text, "1.10.0");
    assert_string_equal(version->proto_service, "x.v1.X");
    assert_int_equal(version->method_count, 2);
    assert_string_equal(version->methods, "Hello");
    assert_string_equal(version->methods + 6, "Goodbye");
    assert_true(has_set(fixture, 1));
    assert_true(has_set(fixture, 2));
}

static void test_nothing_is_visible_before_it_is_committed(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(publish(fixture, "greeter", "1.0.0", 1), CATALOG_OK);
    fixture->answers = 0;
    order_types(fixture, "greeter", "1.1.0", 2, 100);
    assert_null(find(fixture, "greeter", "1.1.0"));
    assert_int_equal(fixture->answers, 0);
    batch_settle(&fixture->batch);
    assert_int_equal(fixture->answers, 1);
    assert_non_null(find(fixture, "greeter", "1.1.0"));
}

static void test_many_changes_share_a_commit_and_each_is_answered(void **state)
{
    struct fixture *fixture = *state;
    char name[16];

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        assert_int_equal(publish(fixture, name, "1.0.0", 1), CATALOG_OK);
    }
    fixture->answers = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        order_types(fixture, name, "1.1.0", (uint8_t)(i + 2), 100);
    }
    assert_int_equal(fixture->answers, BATCH_ORDERS_MAX);
    batch_settle(&fixture->batch);
    assert_int_equal(fixture->answers, 100);
    restart(fixture);
    assert_int_equal(fixture->catalog.sets.count, 101);
    assert_non_null(find(fixture, "s99", "1.1.0"));
}

static void test_what_waits_when_the_process_ends_is_cancelled_and_gone(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(publish(fixture, "greeter", "1.0.0", 1), CATALOG_OK);
    order_types(fixture, "greeter", "1.1.0", 2, 100);
    restart(fixture);
    assert_int_equal(fixture->outcome, -ECANCELED);
    assert_null(find(fixture, "greeter", "1.1.0"));
    assert_false(has_set(fixture, 2));
}

static void test_publishing_the_same_again_writes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct stat before;
    struct stat after;
    char path[96];
    uint64_t revision;

    assert_int_equal(publish(fixture, "greeter", "1.0.0", 1), CATALOG_OK);
    batch_settle(&fixture->batch);
    revision = catalog_revision(&fixture->catalog);
    snprintf(path, sizeof(path), "%s/data.mdb", fixture->folder.path);
    assert_int_equal(stat(path, &before), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(publish(fixture, "greeter", "1.0.0", 1), CATALOG_UNCHANGED);
    assert_int_equal(enter(fixture, "greeter", "manifest"), CATALOG_OK);
    assert_int_equal(enter(fixture, "greeter", "manifest"), CATALOG_UNCHANGED);
    assert_int_equal(catalog_revision(&fixture->catalog), revision + 1);
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size - before.st_size < 65536);
}

static void test_a_set_is_stored_once_and_goes_with_its_last_version(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(publish(fixture, "a", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(publish(fixture, "b", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(fixture->catalog.sets.count, 1);
    assert_int_equal(publish(fixture, "a", "1.0.0", 2), CATALOG_OK);
    assert_true(has_set(fixture, 1));
    assert_int_equal(publish(fixture, "b", "1.0.0", 2), CATALOG_OK);
    assert_false(has_set(fixture, 1));
    restart(fixture);
    assert_false(has_set(fixture, 1));
    assert_true(has_set(fixture, 2));
}

static void test_a_set_that_moves_within_a_batch_stays(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(publish(fixture, "a", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(publish(fixture, "b", "1.0.0", 2), CATALOG_OK);
    order_types(fixture, "a", "1.0.0", 3, 100);
    order_types(fixture, "b", "1.0.0", 1, 100);
    batch_settle(&fixture->batch);
    assert_true(has_set(fixture, 1));
    assert_false(has_set(fixture, 2));
    restart(fixture);
    assert_int_equal(find(fixture, "b", "1.0.0")->types[0], 1);
    assert_true(has_set(fixture, 1));
}

static void test_a_set_that_nothing_refers_to_goes_at_the_next_start(void **state)
{
    struct fixture *fixture = *state;
    uint8_t types[TYPES_HASH_SIZE];

    memset(types, 9, sizeof(types));
    assert_int_equal(journal_put_set(&fixture->journal, types, (struct mu_bytes){ types, 32 }), 0);
    assert_int_equal(journal_commit(&fixture->journal), 0);
    assert_true(has_set(fixture, 9));
    restart(fixture);
    assert_false(has_set(fixture, 9));
}

static void test_deregistering_forgets_types_that_nobody_runs(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(enter(fixture, "greeter", "manifest"), CATALOG_OK);
    assert_int_equal(publish(fixture, "greeter", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(publish(fixture, "greeter", "2.0.0", 2), CATALOG_OK);
    attach(fixture, 7, "greeter", "2.0.0");
    assert_int_equal(leave(fixture, "greeter"), CATALOG_OK);
    assert_null(find(fixture, "greeter", "1.0.0"));
    assert_non_null(find(fixture, "greeter", "2.0.0"));
    restart(fixture);
    assert_null(find(fixture, "greeter", "1.0.0"));
    assert_non_null(find(fixture, "greeter", "2.0.0"));
    assert_false(service_is_registered(catalog_find(&fixture->catalog, "greeter")));
}

static void test_a_service_that_is_only_remembered_can_be_forgotten(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(publish(fixture, "greeter", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(publish(fixture, "greeter", "2.0.0", 2), CATALOG_OK);
    assert_int_equal(leave(fixture, "greeter"), CATALOG_OK);
    assert_null(catalog_find(&fixture->catalog, "greeter"));
    assert_int_equal(leave(fixture, "greeter"), CATALOG_NONE);
    attach(fixture, 7, "talk", "1.0.0");
    assert_int_equal(leave(fixture, "talk"), CATALOG_NONE);
    restart(fixture);
    assert_int_equal(fixture->catalog.service_count, 0);
    assert_int_equal(fixture->catalog.bytes, 0);
}

static void test_one_version_too_many_pushes_out_the_oldest_that_nobody_runs(void **state)
{
    struct fixture *fixture = *state;
    char version[16];

    attach(fixture, 7, "greeter", "1.0.0");
    for (int i = 0; i < REGISTRY_VERSIONS_MAX; i++) {
        snprintf(version, sizeof(version), "1.%d.0", i);
        assert_int_equal(publish(fixture, "greeter", version, (uint8_t)(i + 1)), CATALOG_OK);
    }
    assert_int_equal(publish(fixture, "greeter", "2.0.0", 100), CATALOG_OK);
    assert_non_null(find(fixture, "greeter", "1.0.0"));
    assert_null(find(fixture, "greeter", "1.1.0"));
    assert_non_null(find(fixture, "greeter", "1.2.0"));
    assert_int_equal(
            catalog_find(&fixture->catalog, "greeter")->version_count, REGISTRY_VERSIONS_MAX);
    restart(fixture);
    assert_null(find(fixture, "greeter", "1.1.0"));
    assert_false(has_set(fixture, 2));
}

static void test_a_full_registry_forgets_idle_services_first(void **state)
{
    struct fixture *fixture = *state;

    fixture->catalog.config.services_max = 2;
    assert_int_equal(publish(fixture, "idle", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(enter(fixture, "kept", "manifest"), CATALOG_OK);
    assert_int_equal(publish(fixture, "new", "1.0.0", 2), CATALOG_OK);
    assert_null(catalog_find(&fixture->catalog, "idle"));
    assert_int_equal(enter(fixture, "new", "manifest"), CATALOG_OK);
    assert_int_equal(enter(fixture, "another", "manifest"), CATALOG_FULL);
    assert_int_equal(publish(fixture, "another", "1.0.0", 3), CATALOG_FULL);
    restart(fixture);
    assert_int_equal(fixture->catalog.service_count, 2);
}

static void test_bytes_have_a_limit_and_idle_types_make_room(void **state)
{
    struct fixture *fixture = *state;
    uint64_t texts = sizeof("1.0.0") + sizeof("x.v1.X") + sizeof("Hello") + sizeof("Goodbye");

    fixture->batch.bytes_max = 2 * (100 + texts);
    attach(fixture, 7, "run", "1.0.0");
    assert_int_equal(publish(fixture, "idle", "1.0.0", 1), CATALOG_OK);
    assert_int_equal(publish(fixture, "run", "1.0.0", 2), CATALOG_OK);
    assert_int_equal(fixture->catalog.bytes, fixture->batch.bytes_max);
    assert_int_equal(enter(fixture, "more", "m"), CATALOG_OK);
    assert_null(catalog_find(&fixture->catalog, "idle"));
    assert_int_equal(publish(fixture, "other", "1.0.0", 3), CATALOG_FULL);
    assert_int_equal(fixture->catalog.bytes, 100 + texts + 1);
}

static void test_revisions_never_go_back(void **state)
{
    struct fixture *fixture = *state;
    uint64_t revision = catalog_revision(&fixture->catalog);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(enter(fixture, "greeter", i % 2 == 0 ? "even" : "odd"), CATALOG_OK);
        assert_true(catalog_revision(&fixture->catalog) > revision);
        revision = catalog_revision(&fixture->catalog);
        restart(fixture);
        assert_true(catalog_revision(&fixture->catalog) >= revision);
    }
}

static void test_revisions_are_reserved_before_they_run_out(void **state)
{
    struct fixture *fixture = *state;
    struct catalog catalog = { 0 };
    uint64_t reserved = fixture->journal.reserved;

    assert_false(journal_needs_reserve(&fixture->journal, &fixture->catalog));
    catalog.changes.next = reserved - REGISTRY_REVISION_BLOCK / 4;
    assert_false(journal_needs_reserve(&fixture->journal, &catalog));
    catalog.changes.next += 1;
    assert_true(journal_needs_reserve(&fixture->journal, &catalog));
    assert_int_equal(journal_reserve(&fixture->journal, &catalog), 0);
    assert_false(journal_needs_reserve(&fixture->journal, &catalog));
    assert_int_equal(fixture->journal.reserved, catalog.changes.next - 1 + REGISTRY_REVISION_BLOCK);
    restart(fixture);
    assert_true(catalog_revision(&fixture->catalog) >= reserved);
}

static void test_a_journal_is_known_by_the_number_it_got_first(void **state)
{
    struct fixture *fixture = *state;
    uint64_t identity = 0;

    assert_int_equal(journal_identify(&fixture->journal, 77, &identity), 0);
    assert_int_equal(identity, 77);
    restart(fixture);
    assert_int_equal(journal_identify(&fixture->journal, 78, &identity), 0);
    assert_int_equal(identity, 77);
}

static void test_a_second_registry_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct journal second;
    uint64_t revision;

    assert_int_equal(journal_open(&second, fixture->folder.path, &revision), -EBUSY);
}

/* Writes a record as it is, and looks at what opening the journal says to it. */
static int load_with(struct fixture *fixture, const char *key, size_t key_size, const void *value,
        size_t value_size)
{
    struct catalog_config config = catalog_defaults(1, 1);
    struct mu_store *store;
    struct journal journal;
    struct catalog catalog;
    uint64_t revision;
    int r;

    close_all(fixture);
    assert_int_equal(mu_store_open(&store, fixture->folder.path, 0), 0);
    assert_int_equal(mu_store_put(store, (struct mu_bytes){ (const uint8_t *)key, key_size },
                             (struct mu_bytes){ value, value_size }),
            0);
    assert_int_equal(mu_store_commit(store), 0);
    mu_store_close(store);
    r = journal_open(&journal, fixture->folder.path, &revision);
    if (r == 0) {
        assert_int_equal(catalog_init(&catalog, &config), 0);
        r = journal_load(&journal, &catalog);
        catalog_deinit(&catalog);
        journal_close(&journal);
    }
    assert_int_equal(mu_store_open(&store, fixture->folder.path, 0), 0);
    mu_store_delete(store, (struct mu_bytes){ (const uint8_t *)key, key_size });
    mu_store_commit(store);
    mu_store_close(store);
    open_all(fixture);
    return r;
}

static void test_records_that_make_no_sense_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    uint8_t value[RECORD_VALUE_MAX];
    uint8_t types[TYPES_HASH_SIZE] = { 5 };
    const struct publication publication = {
        .proto_service = "x.v1.X", .types = types, .types_size = 32
    };
    size_t size = record_write(value, &publication);
    const char long_name[] = "m/0123456789012345678901234567890123456789012345678901234567890123";

    assert_int_equal(load_with(fixture, "m/Bad", 5, "x", 1), -EBADMSG);
    assert_int_equal(load_with(fixture, "m/good", 6, "", 0), -EBADMSG);
    assert_int_equal(load_with(fixture, "m/good\0", 7, "x", 1), -EBADMSG);
    assert_int_equal(load_with(fixture, long_name, sizeof(long_name) - 1, "x", 1), -EBADMSG);
    assert_int_equal(load_with(fixture, "t/a/1.0.0", 9, "x", 1), -EBADMSG);
    assert_int_equal(load_with(fixture, "t/a/1.0.0", 9, value, size), -EBADMSG); /* no such set */
    assert_int_equal(load_with(fixture, "s/short", 7, "x", 1), -EBADMSG);
    assert_int_equal(load_with(fixture, "m/good", 6, "x", 1), 0);
}

static void test_a_damaged_counter_of_revisions_is_told_apart(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t huge[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
    static const uint8_t zero[8] = { 0 };

    assert_int_equal(load_with(fixture, "r", 1, "short", 5), -EBADMSG);
    assert_int_equal(load_with(fixture, "r", 1, huge, 8), -EBADMSG);
    assert_int_equal(load_with(fixture, "r", 1, zero, 8), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registrations_and_types_are_there_after_a_restart),
        TEST(test_nothing_is_visible_before_it_is_committed),
        TEST(test_many_changes_share_a_commit_and_each_is_answered),
        TEST(test_what_waits_when_the_process_ends_is_cancelled_and_gone),
        TEST(test_publishing_the_same_again_writes_nothing),
        TEST(test_a_set_is_stored_once_and_goes_with_its_last_version),
        TEST(test_a_set_that_moves_within_a_batch_stays),
        TEST(test_a_set_that_nothing_refers_to_goes_at_the_next_start),
        TEST(test_deregistering_forgets_types_that_nobody_runs),
        TEST(test_a_service_that_is_only_remembered_can_be_forgotten),
        TEST(test_one_version_too_many_pushes_out_the_oldest_that_nobody_runs),
        TEST(test_a_full_registry_forgets_idle_services_first),
        TEST(test_bytes_have_a_limit_and_idle_types_make_room),
        TEST(test_revisions_never_go_back),
        TEST(test_revisions_are_reserved_before_they_run_out),
        TEST(test_a_journal_is_known_by_the_number_it_got_first),
        TEST(test_a_second_registry_is_refused),
        TEST(test_records_that_make_no_sense_are_told_apart),
        TEST(test_a_damaged_counter_of_revisions_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
