// SPDX-License-Identifier: Apache-2.0
/* A registry that registers and publishes is killed with SIGKILL, again and again. What it knows
 * after that is what came of the changes that it had answered, and perhaps of the next few, in
 * their order. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/random.h"
#include "registry/batch.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

enum {
    KILLS = 40,
    GROUPS_MAX = 20, /* groups of changes answered before the kill */
    NAMES = 8,
    VERSIONS = 3,
    KINDS = 5,
    SET_SIZE_MAX = 9000, /* bytes: some sets need pages of their own */
    DUMP_SIZE = 8192
};

/* One change; each follows from its number. */
struct change_order {
    char name[8];
    char version[8];
    uint8_t kind; /* of the manifest or of the types */
    enum { CHANGE_ENTER, CHANGE_LEAVE, CHANGE_TYPES_OF } what;
};

static struct change_order order_number(uint32_t number)
{
    struct change_order order = { 0 };
    struct random random;
    uint32_t what;

    random_init(&random, number + 1);
    random_next(&random);
    what = random_below(&random, 10);
    order.what = what < 3 ? CHANGE_ENTER : what < 5 ? CHANGE_LEAVE : CHANGE_TYPES_OF;
    order.kind = (uint8_t)(1 + random_below(&random, KINDS));
    snprintf(order.name, sizeof(order.name), "s%u", random_below(&random, NAMES));
    snprintf(order.version, sizeof(order.version), "%u.0.0", random_below(&random, VERSIONS));
    return order;
}

static struct publication order_publication(
        const struct change_order *order, uint8_t types[TYPES_HASH_SIZE])
{
    static const char *const methods[] = { "Get" };

    memset(types, order->kind, TYPES_HASH_SIZE);
    return (struct publication){
        .service = order->name,
        .version = order->version,
        .proto_service = "x.v1.X",
        .methods = methods,
        .method_count = 1,
        .types = types,
        .types_size = order->kind * SET_SIZE_MAX / KINDS,
    };
}

/* ---- the child ---- */

struct child {
    struct catalog catalog;
    struct journal journal;
    struct batch batch;
    uint32_t answered; /* how many changes were */
};

static void child_answer(int outcome, void *user)
{
    struct child *child = user;

    if (outcome != CATALOG_OK && outcome != CATALOG_UNCHANGED && outcome != CATALOG_NONE)
        _exit(3);
    child->answered += 1;
}

static void child_give(struct child *child, uint32_t number)
{
    static uint8_t set[SET_SIZE_MAX];
    struct change_order order = order_number(number);
    uint8_t types[TYPES_HASH_SIZE];
    struct publication publication = order_publication(&order, types);

    memset(set, order.kind, sizeof(set));
    if (order.what == CHANGE_ENTER)
        batch_register(&child->batch, order.name, &order.kind, 1, child_answer, child);
    else if (order.what == CHANGE_LEAVE)
        batch_deregister(&child->batch, order.name, child_answer, child);
    else
        batch_publish(&child->batch, &publication, (struct mu_bytes){ set, publication.types_size },
                child_answer, child);
}

static int child_open(struct child *child, const char *path)
{
    struct catalog_config config;
    uint64_t revision;
    int r = journal_open(&child->journal, path, &revision);

    if (r < 0)
        return r;
    config = catalog_defaults(revision, 1);
    r = catalog_init(&child->catalog, &config);
    if (r == 0)
        r = journal_load(&child->journal, &child->catalog);
    batch_init(&child->batch, &child->catalog, &child->journal);
    return r;
}

static void child_close(struct child *child)
{
    batch_deinit(&child->batch);
    catalog_deinit(&child->catalog);
    journal_close(&child->journal);
}

static _Noreturn void child_run(const char *path, uint32_t next, int answers)
{
    struct child child = { .answered = next };

    if (child_open(&child, path) < 0)
        _exit(2);
    for (;;) {
        for (int i = 0; i < 5; i++)
            child_give(&child, next++);
        batch_settle(&child.batch);
        if (child.answered != next || write(answers, &next, sizeof(next)) != sizeof(next))
            _exit(4);
    }
}

/* ---- what must be there ---- */

/* The same change in memory only. */
static void expect_change(struct catalog *catalog, uint32_t number)
{
    struct change_order order = order_number(number);
    struct service *service = catalog_find(catalog, order.name);
    uint8_t types[TYPES_HASH_SIZE];
    struct publication publication = order_publication(&order, types);
    uint8_t freed[TYPES_HASH_SIZE];
    bool was_freed;

    if (order.what == CHANGE_ENTER) {
        assert_true(catalog_register(catalog, order.name, &order.kind, 1) >= 0);
    } else if (order.what == CHANGE_TYPES_OF) {
        assert_true(catalog_publish(catalog, &publication, freed, &was_freed) >= 0);
    } else if (service != NULL) {
        for (uint32_t left = service->version_count; left > 0; left--)
            catalog_forget(catalog, service, service->versions[left - 1]);
        catalog_deregister(catalog, order.name);
    }
}

static void dump(const struct catalog *catalog, char text[DUMP_SIZE])
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < catalog->service_count; i++) {
        const struct service *service = catalog->services[i];

        used += (size_t)snprintf(text + used, DUMP_SIZE - used, "%s m%d", service->name,
                service_is_registered(service) ? service->manifest[0] : 0);
        for (uint32_t k = 0; k < service->version_count; k++)
            used += (size_t)snprintf(text + used, DUMP_SIZE - used, " %s:%d",
                    service->versions[k]->text, service->versions[k]->types[0]);
        used += (size_t)snprintf(text + used, DUMP_SIZE - used, "\n");
    }
    assert_true(used < DUMP_SIZE);
}

static void assert_sets_are_whole(struct child *child)
{
    for (uint32_t i = 0; i < child->catalog.sets.count; i++) {
        const struct set *known = &child->catalog.sets.slots[i];
        struct mu_bytes set;

        assert_int_equal(journal_get_set(&child->journal, known->types, &set), MU_STORE_OK);
        assert_int_equal(set.size, known->size);
        assert_int_equal(set.data[set.size - 1], known->types[0]);
    }
}

/* Returns how many changes what is there comes from, of which at least `answered` were answered. */
static uint32_t check(const char *path, struct catalog *expected, uint32_t answered)
{
    struct child again = { 0 };
    char found[DUMP_SIZE];
    char wanted[DUMP_SIZE];
    uint32_t made = answered;

    assert_int_equal(child_open(&again, path), 0);
    assert_sets_are_whole(&again);
    dump(&again.catalog, found);
    dump(expected, wanted);
    while (strcmp(found, wanted) != 0) {
        if (made == answered + BATCH_ORDERS_MAX)
            fail_msg("after %u answered changes there is:\n%s", answered, found);
        expect_change(expected, made++);
        dump(expected, wanted);
    }
    child_close(&again);
    return made;
}

static uint32_t run_and_kill(const char *path, uint32_t next, struct random *random)
{
    uint32_t answered = next;
    int ends[2];
    int status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child_run(path, next, ends[1]);
    close(ends[1]);
    for (uint32_t i = 1 + random_below(random, GROUPS_MAX); i > 0; i--)
        assert_int_equal(read(ends[0], &answered, sizeof(answered)), sizeof(answered));
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (read(ends[0], &next, sizeof(next)) == sizeof(next))
        answered = next;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return answered;
}

static void test_a_registry_that_is_killed_knows_what_it_had_answered(void **state)
{
    struct catalog_config config = catalog_defaults(1, 1);
    struct catalog expected;
    struct folder folder = { "" };
    struct random random;
    uint32_t made = 0;

    (void)state;
    folder_make(&folder);
    random_init(&random, 4);
    assert_int_equal(catalog_init(&expected, &config), 0);
    for (int i = 0; i < KILLS; i++) {
        uint32_t answered = run_and_kill(folder.path, made, &random);

        for (; made < answered; made++)
            expect_change(&expected, made);
        made = check(folder.path, &expected, answered);
    }
    print_message("%u changes, none lost\n", made);
    catalog_deinit(&expected);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_registry_that_is_killed_knows_what_it_had_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
