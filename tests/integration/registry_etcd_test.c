// SPDX-License-Identifier: Apache-2.0
/* Two nodes and a real etcd cluster, which is killed, frozen, wiped and filled with forgeries: no
 * call to a registered service fails, nothing forged is believed, and all is right again by itself.
 *
 *   registry_etcd_test NODE      runs the tests with the program NODE; MU_ETCD_AWAY_S: for so many
 *                                seconds all members are away (3)
 *   registry_etcd_test --serve   is the service that they register */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "mu/etcd/v1/etcd.mu.h"
#include "mu/router/v1/router.mu.h"
#include "registry/etcd/path.h"
#include "registry/etcd/statement.h"
#include "tests/integration/etcd_cluster.h"
#include "tests/integration/registry_fixture.h"

enum {
    WAIT_MS = 30000, /* for what must happen */
    PAUSE_MS = 20,   /* between two looks at it */
    AWAY_DEFAULT_S = 3,
    STALE_MS = 12000, /* within which a frozen etcd is noticed: 3 s to the next renewal, 2 s each */
    FORGERIES = 200
};

#define LIVE MU__REGISTRY__V1__CHANGE_KIND__CHANGE_LIVE
#define UP   MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_UP
#define DOWN MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_DOWN

static struct cluster cluster;

/* ---- the service that is registered ---- */

static void serve_stats(struct mu_call *call, const Mu__Router__V1__StatsRequest *request)
{
    Mu__Router__V1__StatsReply reply = MU__ROUTER__V1__STATS_REPLY__INIT;

    (void)request;
    router_stats_reply(call, &reply);
}

static int serve(char **argv)
{
    static const struct router_handlers handlers = { .stats = serve_stats };
    const struct mu_service service = { .type = &router_type, .handlers = &handlers };

    return mu_service_main(&service, 1, argv);
}

/* ---- two nodes that believe each other ---- */

struct pair {
    struct fixture nodes[2];
    char prefix[128];
};

static Mu__Etcd__V1__ShowReply *show_etcd(struct fixture *fixture)
{
    Mu__Etcd__V1__ShowRequest request = MU__ETCD__V1__SHOW_REQUEST__INIT;
    Mu__Etcd__V1__ShowReply *reply = NULL;

    if (etcd_show(fixture->client, &request, NULL, &reply, NULL) != MU_OK)
        return NULL;
    return reply;
}

static void free_etcd(Mu__Etcd__V1__ShowReply *reply)
{
    if (reply != NULL)
        mu__etcd__v1__show_reply__free_unpacked(reply, NULL);
}

/* Asks until `fn` finds it so. */
static void wait_until(struct fixture *fixture,
        bool (*fn)(const Mu__Etcd__V1__ShowReply *reply, void *user), void *user)
{
    uint64_t deadline_ms = clock_ms() + WAIT_MS;
    bool so = false;

    while (!so) {
        Mu__Etcd__V1__ShowReply *reply = show_etcd(fixture);

        so = reply != NULL && fn(reply, user);
        if (!so && clock_ms() > deadline_ms)
            fail_msg("%s does not come to be as it should: fresh %d, %s", fixture->name,
                    reply != NULL && reply->fresh, reply != NULL ? reply->reason : "");
        free_etcd(reply);
        gateway_wait(&cluster.gateway, PAUSE_MS);
    }
}

static bool is_fresh(const Mu__Etcd__V1__ShowReply *reply, void *user)
{
    (void)user;
    return reply->fresh && reply->registrations == reply->registrations_kept;
}

static bool is_stale(const Mu__Etcd__V1__ShowReply *reply, void *user)
{
    (void)user;
    return !reply->fresh && reply->stale_ms > 0 && reply->reason[0] != '\0';
}

/* Starts both, each with the other's key in its node file. */
static void start_pair(struct pair *pair)
{
    char nodes[2 * 160] = "";
    size_t used = 0;

    pair->nodes[0].name = "east";
    pair->nodes[1].name = "west";
    for (int i = 0; i < 2; i++) {
        folder_make(&pair->nodes[i].folder);
        snprintf(pair->prefix, sizeof(pair->prefix), "%s", pair->nodes[0].folder.path);
        write_node_file(&pair->nodes[i], pair->prefix, "");
        start_node(&pair->nodes[i]);
    }
    for (int i = 0; i < 2; i++) {
        Mu__Etcd__V1__ShowReply *reply = show_etcd(&pair->nodes[i]);

        assert_non_null(reply);
        used += (size_t)snprintf(nodes + used, sizeof(nodes) - used,
                "    - { node: %s, owner: me, key: %s }\n", reply->node, reply->key);
        free_etcd(reply);
    }
    for (int i = 0; i < 2; i++) {
        stop_node(&pair->nodes[i]);
        write_node_file(&pair->nodes[i], pair->prefix, nodes);
        start_node(&pair->nodes[i]);
    }
}

static int setup_pair(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    start_pair(pair);
    *state = pair;
    return 0;
}

static int teardown_pair(void **state)
{
    struct pair *pair = *state;

    for (int i = 0; i < 2; i++) {
        stop_node(&pair->nodes[i]);
        folder_remove(&pair->nodes[i].folder);
    }
    free(pair);
    return 0;
}

/* Waits until `fixture` lists an instance of `service` that is of `node`; returns its number. */
static uint64_t wait_for_import(struct fixture *fixture, const char *service, const char *node)
{
    struct mu_stream *stream = watch(fixture, service, 0);
    uint64_t number = 0;

    while (number == 0) {
        Mu__Registry__V1__WatchReply *news = until(stream, UP);

        if (strcmp(news->instance->node, node) == 0 && strcmp(news->service, service) == 0)
            number = news->instance->instance;
        forget(news);
    }
    mu_stream_finish(stream, NULL);
    return number;
}

static void wait_for_own(struct fixture *fixture, const char *service)
{
    wait_for_import(fixture, service, fixture->name);
}

/* ---- calls that must not fail ---- */

/* Calls a service again and again, and counts what fails. */
struct load {
    struct fixture *fixture;
    const char *service;
    atomic_bool over;
    sem_t begun; /* its first call was made */
    uint64_t calls;
    uint64_t failures;
    char reason[MU_STATUS_MESSAGE_MAX];
    pthread_t thread;
};

static void *run_load(void *user)
{
    struct load *load = user;

    while (!atomic_load(&load->over)) {
        Mu__Router__V1__StatsRequest request = MU__ROUTER__V1__STATS_REQUEST__INIT;
        const struct mu_call_options options = { .service = load->service };
        Mu__Router__V1__StatsReply *reply = NULL;
        struct mu_status status;

        if (router_stats(load->fixture->client, &request, &options, &reply, &status) != MU_OK) {
            load->failures += 1;
            snprintf(load->reason, sizeof(load->reason), "%s", status.message);
        }
        mu__router__v1__stats_reply__free_unpacked(reply, NULL);
        if (load->calls++ == 0)
            sem_post(&load->begun);
    }
    return NULL;
}

static void start_load(struct load *load, struct fixture *fixture, const char *service)
{
    *load = (struct load){ .fixture = fixture, .service = service };
    assert_int_equal(sem_init(&load->begun, 0, 0), 0);
    assert_int_equal(pthread_create(&load->thread, NULL, run_load, load), 0);
    assert_int_equal(sem_wait(&load->begun), 0);
}

static void assert_no_call_failed(struct load *load)
{
    atomic_store(&load->over, true);
    assert_int_equal(pthread_join(load->thread, NULL), 0);
    sem_destroy(&load->begun);
    print_message("%llu calls, %llu failed\n", (unsigned long long)load->calls,
            (unsigned long long)load->failures);
    if (load->failures > 0)
        fail_msg("%llu calls failed: %s", (unsigned long long)load->failures, load->reason);
}

/* ---- what nodes tell each other ---- */

static void test_nodes_see_what_others_offer_with_its_types(void **state)
{
    struct pair *pair = *state;
    Mu__Registry__V1__DescribeRequest request = MU__REGISTRY__V1__DESCRIBE_REQUEST__INIT;
    Mu__Registry__V1__DescribeReply *described = NULL;
    struct mu_stream *stream = watch(&pair->nodes[1], "shop", 0);
    Mu__Registry__V1__WatchReply *news;
    struct mu_status status;

    assert_entered(&pair->nodes[0], "shop");
    news = until(stream, UP);
    assert_string_equal(news->instance->node, "east");
    assert_string_equal(news->instance->owner, "me");
    assert_true(news->instance->hearsay);
    forget(news);
    skip_to(stream, MU__REGISTRY__V1__CHANGE_KIND__CHANGE_TYPES);
    request.service = (char *)(uintptr_t) "shop";
    assert_int_equal(
            registry_describe(pair->nodes[1].client, &request, NULL, &described, NULL), MU_OK);
    assert_string_equal(described->proto_service, "mu.router.v1.Router");
    mu__registry__v1__describe_reply__free_unpacked(described, NULL);
    assert_int_equal(leave(&pair->nodes[1], "shop", &status), MU_FAILED_PRECONDITION);

    assert_int_equal(leave(&pair->nodes[0], "shop", NULL), MU_OK);
    skip_to(stream, DOWN);
    mu_stream_finish(stream, NULL);
}

/* ---- etcd is hurt ---- */

static void assert_kept(struct pair *pair, const char *node, const char *service)
{
    struct path place;
    struct mu_bytes value;

    path_of_service(&place, pair->prefix, node, service);
    value = cluster_get(&cluster, place.text);
    assert_non_null(value.data);
    free((uint8_t *)(uintptr_t)value.data);
}

static void test_a_leader_that_is_killed_under_writes_loses_none(void **state)
{
    struct pair *pair = *state;
    struct load load;
    int leader = cluster_leader(&cluster);
    char name[16];
    int kept = 0;

    assert_entered(&pair->nodes[0], "shop");
    wait_for_own(&pair->nodes[0], "shop");
    start_load(&load, &pair->nodes[0], "shop");
    for (int i = 0; i < 12; i++) {
        Mu__Registry__V1__RegisterReply *reply = NULL;
        struct mu_status status;

        if (i == 4)
            cluster_kill(&cluster, leader);
        snprintf(name, sizeof(name), "w%d", i);
        if (enter(&pair->nodes[0], name, NULL, &reply, &status) == MU_OK) {
            mu__registry__v1__register_reply__free_unpacked(reply, NULL);
            assert_kept(pair, "east", name);
            kept += 1;
        } else {
            assert_int_equal(status.code, MU_UNAVAILABLE);
            assert_int_equal(status.executed, MU_EXECUTED_NO);
        }
    }
    assert_true(kept >= 8);
    cluster_restart(&cluster, leader);
    wait_until(&pair->nodes[0], is_fresh, NULL);
    assert_no_call_failed(&load);
}

static unsigned away_s(void)
{
    const char *text = getenv("MU_ETCD_AWAY_S");

    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : AWAY_DEFAULT_S;
}

/* Waits on a stream that is silent, as long as etcd is to be away. */
static void stay_away(struct fixture *fixture)
{
    struct mu_stream *stream = watch(fixture, "nothing", 0);
    uint64_t until_ms = clock_ms() + UINT64_C(1000) * away_s();
    Mu__Registry__V1__WatchReply *news;

    skip_to(stream, LIVE);
    while (clock_ms() < until_ms)
        assert_int_equal(registry_watch_read(stream, (uint32_t)(until_ms - clock_ms()) + 1, &news),
                MU_STREAM_TIMEOUT);
    mu_stream_finish(stream, NULL);
}

static void assert_refused(struct fixture *fixture)
{
    Mu__Registry__V1__RegisterReply *reply = NULL;
    struct mu_status status;

    assert_int_equal(enter(fixture, "later", NULL, &reply, &status), MU_UNAVAILABLE);
    assert_int_equal(status.executed, MU_EXECUTED_NO);
    assert_int_equal(leave(fixture, "shop", &status), MU_UNAVAILABLE);
    assert_int_equal(enter(fixture, "shop", NULL, &reply, &status), MU_OK);
    assert_true(reply->unchanged);
    mu__registry__v1__register_reply__free_unpacked(reply, NULL);
}

/* All members are away, and everything goes on. */
static void assert_all_goes_on(struct pair *pair)
{
    struct load load;
    uint64_t frozen_ms = clock_ms();
    Mu__Registry__V1__ShowReply *shown;

    start_load(&load, &pair->nodes[0], "shop");
    wait_until(&pair->nodes[0], is_stale, NULL);
    assert_true(clock_ms() - frozen_ms < STALE_MS);
    assert_refused(&pair->nodes[0]);
    stay_away(&pair->nodes[0]);
    shown = show(&pair->nodes[1], "shop", NULL);
    assert_non_null(shown);
    assert_string_equal(shown->service->instances[0]->node, "east");
    mu__registry__v1__show_reply__free_unpacked(shown, NULL);
    assert_no_call_failed(&load);
}

/* Also in nodes that start while all members are away. */
static void assert_all_starts_again(struct pair *pair)
{
    struct load load;

    for (int i = 0; i < 2; i++) {
        stop_node(&pair->nodes[i]);
        start_node(&pair->nodes[i]);
    }
    wait_for_own(&pair->nodes[0], "shop");
    wait_for_import(&pair->nodes[1], "shop", "east");
    start_load(&load, &pair->nodes[0], "shop");
    wait_until(&pair->nodes[1], is_stale, NULL);
    assert_no_call_failed(&load);
}

static void enter_shop(struct pair *pair)
{
    assert_entered(&pair->nodes[0], "shop");
    wait_for_own(&pair->nodes[0], "shop");
    wait_for_import(&pair->nodes[1], "shop", "east");
}

static void assert_right_again(struct pair *pair)
{
    wait_until(&pair->nodes[0], is_fresh, NULL);
    wait_until(&pair->nodes[1], is_fresh, NULL);
    assert_entered(&pair->nodes[0], "later");
    wait_for_import(&pair->nodes[1], "later", "east");
    assert_kept(pair, "east", "shop");
}

static void test_with_all_members_dead_everything_goes_on(void **state)
{
    struct pair *pair = *state;

    enter_shop(pair);
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        cluster_kill(&cluster, i);
    assert_all_goes_on(pair);
    assert_all_starts_again(pair);
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        cluster_restart(&cluster, i);
    assert_right_again(pair);
}

/* A frozen member keeps its connections and says nothing: only a deadline tells. */
static void test_with_all_members_frozen_everything_goes_on(void **state)
{
    struct pair *pair = *state;

    enter_shop(pair);
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        cluster_freeze(&cluster, i);
    assert_all_goes_on(pair);
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        cluster_thaw(&cluster, i);
    assert_right_again(pair);
}

static void test_a_member_without_quorum_is_noticed(void **state)
{
    struct pair *pair = *state;

    enter_shop(pair);
    cluster_kill(&cluster, 0);
    cluster_kill(&cluster, 1);
    wait_until(&pair->nodes[0], is_stale, NULL);
    assert_refused(&pair->nodes[0]);
    cluster_restart(&cluster, 0);
    cluster_restart(&cluster, 1);
    assert_right_again(pair);
}

static void test_a_member_that_is_wiped_is_no_loss(void **state)
{
    struct pair *pair = *state;
    struct load load;

    enter_shop(pair);
    start_load(&load, &pair->nodes[0], "shop");
    cluster_wipe_member(&cluster, 1);
    assert_right_again(pair);
    assert_no_call_failed(&load);
}

static void test_a_cluster_that_is_wiped_gets_all_back(void **state)
{
    struct pair *pair = *state;
    struct load load;

    enter_shop(pair);
    start_load(&load, &pair->nodes[0], "shop");
    cluster_wipe(&cluster);
    assert_right_again(pair);
    assert_no_call_failed(&load);
}

/* Registers a service while etcd may be electing a leader: what is refused is tried again. */
static void enter_at_last(struct fixture *fixture, const char *name)
{
    Mu__Registry__V1__RegisterReply *reply = NULL;
    uint64_t deadline_ms = clock_ms() + WAIT_MS;
    struct mu_status status;

    while (enter(fixture, name, NULL, &reply, &status) != MU_OK) {
        assert_int_equal(status.code, MU_UNAVAILABLE);
        assert_true(clock_ms() < deadline_ms);
    }
    mu__registry__v1__register_reply__free_unpacked(reply, NULL);
}

/* The member that is asked falls silent; before the next one is asked, the changes that the watch
 * was to go on with are compacted away. */
static void test_what_was_compacted_away_is_read_anew(void **state)
{
    struct pair *pair = *state;
    Mu__Etcd__V1__ShowReply *reply;
    char key[192];
    int member;

    enter_shop(pair);
    wait_until(&pair->nodes[1], is_fresh, NULL);
    reply = show_etcd(&pair->nodes[1]);
    assert_non_null(reply);
    member = cluster_member(&cluster, reply->endpoint);
    free_etcd(reply);
    cluster_freeze(&cluster, member);
    enter_at_last(&pair->nodes[0], "later");
    snprintf(key, sizeof(key), "%s/nodes/junk/offers", pair->prefix);
    cluster_put(&cluster, key, (struct mu_bytes){ (const uint8_t *)"junk", 4 });
    cluster_compact(&cluster);
    wait_for_import(&pair->nodes[1], "later", "east");
    cluster_thaw(&cluster, member);
    wait_until(&pair->nodes[1], is_fresh, NULL);
}

/* ---- forgeries ---- */

/* What a thief of etcd would have a node believe: `count` offers of "loot", signed with a key of
 * its own. The caller frees it. */
static struct mu_bytes forge(const struct path *place)
{
    Mu__Etcd__V1__StatementBody body = MU__ETCD__V1__STATEMENT_BODY__INIT;
    Mu__Etcd__V1__Offers offers = MU__ETCD__V1__OFFERS__INIT;
    Mu__Etcd__V1__Offer offer = MU__ETCD__V1__OFFER__INIT;
    Mu__Etcd__V1__Offer *each[] = { &offer };
    uint8_t secret[STATEMENT_SECRET_SIZE];
    uint8_t key[STATEMENT_KEY_SIZE];
    uint8_t *statement;
    size_t size;

    crypto_sign_keypair(key, secret);
    offer.instance = 1;
    offer.service = (char *)(uintptr_t) "loot";
    offer.version = (char *)(uintptr_t) "1.0.0";
    offers.offers = each;
    offers.n_offers = 1;
    body.sequence = UINT64_MAX / 2;
    body.what_case = MU__ETCD__V1__STATEMENT_BODY__WHAT_OFFERS;
    body.offers = &offers;
    assert_int_equal(statement_write(&body, place->text, secret, &statement, &size), 0);
    return (struct mu_bytes){ statement, size };
}

static bool has_refused(const Mu__Etcd__V1__ShowReply *reply, void *user)
{
    const uint64_t *count = user;

    return reply->fresh &&
           reply->forged + reply->garbage + reply->replayed + reply->unknown >= *count;
}

/* Nobody lists loot, and what there was is there. */
static void assert_not_believed(struct pair *pair)
{
    Mu__Registry__V1__ShowReply *shown;
    struct mu_status status;

    for (int i = 0; i < 2; i++) {
        assert_null(show(&pair->nodes[i], "loot", &status));
        assert_int_equal(status.code, MU_NOT_FOUND);
        shown = show(&pair->nodes[i], "shop", &status);
        assert_non_null(shown);
        assert_int_equal(shown->service->n_instances, 1);
        assert_string_equal(shown->service->instances[0]->node, "east");
        mu__registry__v1__show_reply__free_unpacked(shown, NULL);
    }
}

static void test_forgeries_and_garbage_are_not_believed(void **state)
{
    static const char *const nodes[] = { "east", "west", "thief" };
    struct pair *pair = *state;
    struct path offers;
    struct path service;
    struct load load;
    uint64_t count = FORGERIES / 4; /* one in three is under a key that is not looked at */

    enter_shop(pair);
    start_load(&load, &pair->nodes[0], "shop");
    for (int i = 0; i < FORGERIES; i++) {
        uint8_t garbage[64];
        struct mu_bytes forged;

        path_of_offers(&offers, pair->prefix, nodes[i % 3]);
        path_of_service(&service, pair->prefix, nodes[i % 3], i % 2 == 0 ? "shop" : "loot");
        forged = forge(&offers);
        randombytes_buf(garbage, sizeof(garbage));
        switch (i % 4) {
        case 0:
            cluster_put(&cluster, offers.text, forged);
            break;
        case 1:
            cluster_put(&cluster, offers.text,
                    (struct mu_bytes){ garbage, randombytes_uniform(sizeof(garbage)) });
            break;
        case 2:
            cluster_put(&cluster, service.text, forged);
            break;
        default:
            cluster_put(&cluster, service.text, (struct mu_bytes){ garbage, sizeof(garbage) });
            break;
        }
        free((uint8_t *)(uintptr_t)forged.data);
    }
    wait_until(&pair->nodes[1], has_refused, &count);
    wait_until(&pair->nodes[0], is_fresh, NULL);
    assert_not_believed(pair);
    assert_kept(pair, "east", "shop");
    assert_no_call_failed(&load);
}

/* More keys than a page has, of any bytes, and more bytes than an answer may have: what is honest
 * is found behind them, by a node that lists anew. */
static void test_what_is_honest_is_found_behind_any_garbage(void **state)
{
    static uint8_t large[1000000];
    struct pair *pair = *state;
    struct folder cache;
    char key[192];

    enter_shop(pair);
    for (int i = 0; i < 2 * ETCD_PAGE_KEYS; i++) {
        snprintf(key, sizeof(key), "%s/nodes/a%c%d", pair->prefix, 1, i);
        cluster_put(&cluster, key, (struct mu_bytes){ (const uint8_t *)"junk", 4 });
    }
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "%s/nodes/b/offers%d", pair->prefix, i);
        cluster_put(&cluster, key, (struct mu_bytes){ large, sizeof(large) });
    }
    stop_node(&pair->nodes[1]);
    snprintf(cache.path, sizeof(cache.path), "%.30s/state/data/etcd", pair->nodes[1].folder.path);
    folder_remove(&cache);
    start_node(&pair->nodes[1]);
    wait_for_import(&pair->nodes[1], "shop", "east");
    wait_until(&pair->nodes[1], is_fresh, NULL);
}

/* An old statement of a believed node, put back. */
static void test_a_statement_of_yesterday_is_not_believed(void **state)
{
    struct pair *pair = *state;
    struct mu_stream *stream = watch(&pair->nodes[1], "shop", 0);
    uint64_t count = 1;
    struct mu_bytes old;
    struct path place;

    path_of_offers(&place, pair->prefix, "east");
    enter_shop(pair);
    old = cluster_get(&cluster, place.text);
    assert_non_null(old.data);
    assert_int_equal(leave(&pair->nodes[0], "shop", NULL), MU_OK);
    skip_to(stream, DOWN);
    mu_stream_finish(stream, NULL);
    cluster_put(&cluster, place.text, old);
    wait_until(&pair->nodes[1], has_refused, &count);
    assert_null(show(&pair->nodes[1], "shop", NULL));
    free((uint8_t *)(uintptr_t)old.data);
}

/* Waits until what `node` offers stands in etcd. */
static void wait_for_offers(struct pair *pair, const char *node)
{
    uint64_t deadline_ms = clock_ms() + WAIT_MS;
    struct mu_bytes value = { 0 };
    struct path place;

    path_of_offers(&place, pair->prefix, node);
    while (value.data == NULL) {
        assert_true(clock_ms() < deadline_ms);
        value = cluster_get(&cluster, place.text);
    }
    free((uint8_t *)(uintptr_t)value.data);
}

static void test_what_is_deleted_in_etcd_is_written_again(void **state)
{
    struct pair *pair = *state;
    char first[160];
    char behind[160];
    struct load load;

    enter_shop(pair);
    start_load(&load, &pair->nodes[0], "shop");
    snprintf(first, sizeof(first), "%s/", pair->prefix);
    snprintf(behind, sizeof(behind), "%s0", pair->prefix);
    cluster_delete(&cluster, first, behind);
    for (int i = 0; i < 2; i++)
        wait_for_offers(pair, pair->nodes[i].name);
    assert_right_again(pair);
    assert_no_call_failed(&load);
}

/* ---- a disk that is lost ---- */

static void test_a_node_without_its_disk_takes_over_what_etcd_keeps(void **state)
{
    struct pair *pair = *state;
    struct fixture *east = &pair->nodes[0];
    struct folder journal;

    enter_shop(pair);
    stop_node(east);
    snprintf(journal.path, sizeof(journal.path), "%.30s/state/data/registry", east->folder.path);
    folder_remove(&journal);
    start_node(east);
    wait_for_own(east, "shop");
    wait_until(east, is_fresh, NULL);
    assert_kept(pair, "east", "shop");

    assert_int_equal(leave(east, "shop", NULL), MU_OK);
    stop_node(east);
    start_node(east);
    wait_until(east, is_fresh, NULL);
    assert_null(show(east, "shop", NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_pair, teardown_pair)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nodes_see_what_others_offer_with_its_types),
        TEST(test_a_leader_that_is_killed_under_writes_loses_none),
        TEST(test_with_all_members_dead_everything_goes_on),
        TEST(test_with_all_members_frozen_everything_goes_on),
        TEST(test_a_member_without_quorum_is_noticed),
        TEST(test_a_member_that_is_wiped_is_no_loss),
        TEST(test_a_cluster_that_is_wiped_gets_all_back),
        TEST(test_what_was_compacted_away_is_read_anew),
        TEST(test_forgeries_and_garbage_are_not_believed),
        TEST(test_what_is_honest_is_found_behind_any_garbage),
        TEST(test_a_statement_of_yesterday_is_not_believed),
        TEST(test_what_is_deleted_in_etcd_is_written_again),
        TEST(test_a_node_without_its_disk_takes_over_what_etcd_keeps),
    };
    int r;

    if (argc == 2 && strcmp(argv[1], "--serve") == 0)
        return serve(argv);
    if (argc != 2 || sodium_init() < 0 || realpath("/proc/self/exe", own_program) == NULL)
        return 2;
    node_program = argv[1];
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    cluster_start(&cluster);
    etcd_endpoints = cluster.endpoints;
    r = cmocka_run_group_tests(tests, NULL, NULL);
    cluster_stop(&cluster);
    return r;
}
