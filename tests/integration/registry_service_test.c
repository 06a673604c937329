// SPDX-License-Identifier: Apache-2.0
/* mu-registry in a node of its own: what is registered runs, what runs is listed, what is gone is
 * gone.
 *
 *   registry_service_test NODE        runs the tests with the program NODE
 *   registry_service_test NODE etcd   the same, with an etcd cluster that keeps a copy
 *   registry_service_test --serve     is the service that they register */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "mu/router/v1/router.mu.h"
#include "registry/limits.h"
#include "tests/integration/etcd_cluster.h"
#include "tests/integration/registry_fixture.h"

enum {
    STOP_MS = 2000, /* that watchers may add to a stop; a call that is waited for takes 5 s */
    GONE_MS = 100   /* within which one that died is no longer listed */
};

#define SNAPSHOT     MU__REGISTRY__V1__CHANGE_KIND__CHANGE_SNAPSHOT
#define LIVE         MU__REGISTRY__V1__CHANGE_KIND__CHANGE_LIVE
#define UP           MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_UP
#define DOWN         MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_DOWN
#define REGISTERED   MU__REGISTRY__V1__CHANGE_KIND__CHANGE_REGISTERED
#define DEREGISTERED MU__REGISTRY__V1__CHANGE_KIND__CHANGE_DEREGISTERED

/* ---- the tests ---- */

static void test_the_parts_of_the_node_describe_themselves(void **state)
{
    static const char *const names[][2] = {
        { "registry", "mu.registry.v1.Registry" },
        { "node", "mu.node.v1.Node" },
        { "router", "mu.router.v1.Router" },
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        Mu__Registry__V1__DescribeRequest request = MU__REGISTRY__V1__DESCRIBE_REQUEST__INIT;
        Mu__Registry__V1__DescribeReply *reply = NULL;

        request.service = (char *)(uintptr_t)names[i][0];
        assert_int_equal(registry_describe(fixture->client, &request, NULL, &reply, NULL), MU_OK);
        assert_string_equal(reply->proto_service, names[i][1]);
        assert_true(reply->descriptor_set.len > 100);
        assert_int_equal(reply->types.len, 32);
        mu__registry__v1__describe_reply__free_unpacked(reply, NULL);
    }
}

static void test_what_is_registered_runs_and_is_listed_with_its_types(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *stream = watch(fixture, "probe", 0);
    Mu__Registry__V1__DescribeRequest request = MU__REGISTRY__V1__DESCRIBE_REQUEST__INIT;
    Mu__Registry__V1__DescribeReply *described = NULL;
    Mu__Registry__V1__ListRequest list = MU__REGISTRY__V1__LIST_REQUEST__INIT;
    Mu__Registry__V1__ListReply *listed = NULL;
    Mu__Registry__V1__RegisterReply *again = NULL;
    Mu__Registry__V1__ShowReply *shown;

    skip_to(stream, LIVE);
    assert_entered(fixture, "probe");
    skip_to(stream, REGISTERED);
    skip_to(stream, UP);
    mu_stream_finish(stream, NULL);

    shown = show(fixture, "probe", NULL);
    assert_non_null(shown);
    assert_true(shown->service->registered);
    assert_string_equal(shown->service->manifest->program, own_program);
    assert_int_equal(shown->service->n_instances, 1);
    assert_string_equal(shown->service->instances[0]->version, "1.2.3");
    assert_string_equal(shown->service->instances[0]->node, "here");
    assert_int_equal(shown->service->n_versions, 1);
    assert_string_equal(shown->service->versions[0]->methods[2], "Stats");
    mu__registry__v1__show_reply__free_unpacked(shown, NULL);

    list.prefix = (char *)(uintptr_t) "pro";
    assert_int_equal(registry_list(fixture->client, &list, NULL, &listed, NULL), MU_OK);
    assert_int_equal(listed->n_services, 1);
    assert_string_equal(listed->services[0]->name, "probe");
    assert_null(listed->services[0]->manifest);
    mu__registry__v1__list_reply__free_unpacked(listed, NULL);

    request.service = (char *)(uintptr_t) "probe";
    assert_int_equal(registry_describe(fixture->client, &request, NULL, &described, NULL), MU_OK);
    assert_int_equal(described->descriptor_set.len, router_type.types.size);
    assert_memory_equal(
            described->descriptor_set.data, router_type.types.data, router_type.types.size);
    mu__registry__v1__describe_reply__free_unpacked(described, NULL);

    assert_int_equal(enter(fixture, "probe", NULL, &again, NULL), MU_OK);
    assert_true(again->unchanged);
    mu__registry__v1__register_reply__free_unpacked(again, NULL);
}

static void test_one_that_dies_is_gone_at_once_and_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *stream = watch(fixture, "probe", 0);
    uint64_t first;
    uint64_t second;
    uint64_t killed_ms;
    uint32_t pid;

    assert_entered(fixture, "probe");
    pid = instance_pid(stream, &first);
    for (int i = 0; i < 3; i++) {
        killed_ms = clock_ms();
        assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
        skip_to(stream, DOWN);
        assert_true(clock_ms() - killed_ms < GONE_MS);
        pid = instance_pid(stream, &second);
        assert_int_not_equal(first, second);
        first = second;
    }
    mu_stream_finish(stream, NULL);
}

static void test_a_registry_that_is_killed_knows_all_again(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *stream = watch(fixture, "", 0);
    Mu__Registry__V1__WatchReply *news;
    Mu__Registry__V1__ShowReply *shown;
    uint64_t revision;
    uint64_t number;

    assert_entered(fixture, "probe");
    news = until(stream, UP);
    while (strcmp(news->service, "probe") != 0) {
        forget(news);
        news = until(stream, UP);
    }
    revision = news->revision;
    number = news->instance->instance;
    forget(news);
    mu_stream_finish(stream, NULL);

    shown = show(fixture, "registry", NULL);
    assert_non_null(shown);
    stream = watch(fixture, "", 0);
    skip_to(stream, LIVE);
    assert_int_equal(kill((pid_t)shown->service->instances[0]->pid, SIGKILL), 0);
    mu__registry__v1__show_reply__free_unpacked(shown, NULL);
    while (registry_watch_read(stream, UINT32_MAX, &news) == MU_STREAM_OK)
        forget(news);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_UNAVAILABLE);

    for (;;) {
        stream = watch(fixture, "probe", revision);
        if (registry_watch_read(stream, UINT32_MAX, &news) == MU_STREAM_OK)
            break;
        assert_int_equal(mu_stream_finish(stream, NULL), MU_UNAVAILABLE);
    }
    assert_int_equal(news->kind, SNAPSHOT);
    assert_true(news->revision > revision);
    forget(news);
    skip_to(stream, REGISTERED);
    news = until(stream, UP);
    assert_int_equal(news->instance->instance, number);
    forget(news);
    mu_stream_finish(stream, NULL);
}

static void test_a_node_that_starts_anew_runs_what_was_registered(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *stream;

    assert_entered(fixture, "probe");
    stop_node(fixture);
    start_node(fixture);
    stream = watch(fixture, "probe", 0);
    skip_to(stream, REGISTERED);
    skip_to(stream, UP);
    mu_stream_finish(stream, NULL);
}

static void test_a_manifest_that_the_node_refuses_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    Mu__Registry__V1__RegisterReply *reply = NULL;
    Mu__Registry__V1__ShowReply *shown;
    struct mu_status status;

    assert_int_equal(enter(fixture, "probe", "other", &reply, NULL), MU_OK);
    mu__registry__v1__register_reply__free_unpacked(reply, NULL);
    assert_int_equal(enter(fixture, "other", "probe", &reply, &status), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(status.message, "so it is not registered"));
    assert_int_equal(status.executed, MU_EXECUTED_NO);
    assert_null(show(fixture, "other", &status));
    assert_int_equal(status.code, MU_NOT_FOUND);

    assert_entered(fixture, "third");
    assert_int_equal(enter(fixture, "other", NULL, &reply, NULL), MU_OK);
    mu__registry__v1__register_reply__free_unpacked(reply, NULL);
    assert_int_equal(enter(fixture, "other", "probe", &reply, &status), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(status.message, "stays as it was registered before"));
    assert_int_equal(status.executed, MU_EXECUTED_NO);
    shown = show(fixture, "other", NULL);
    assert_int_equal(shown->service->manifest->n_needs, 0);
    mu__registry__v1__show_reply__free_unpacked(shown, NULL);
}

static void test_manifests_are_checked_before_anything_is_written(void **state)
{
    struct fixture *fixture = *state;
    Mu__Registry__V1__RegisterRequest empty = MU__REGISTRY__V1__REGISTER_REQUEST__INIT;
    Mu__Registry__V1__RegisterReply *reply = NULL;
    struct mu_status status;

    assert_int_equal(enter(fixture, "Probe", NULL, &reply, &status), MU_INVALID_ARGUMENT);
    assert_int_equal(status.executed, MU_EXECUTED_NO);
    assert_int_equal(enter(fixture, "registry", NULL, &reply, &status), MU_INVALID_ARGUMENT);
    assert_int_equal(
            registry_register(fixture->client, &empty, NULL, &reply, &status), MU_INVALID_ARGUMENT);
}

static void test_what_is_deregistered_stops_and_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *stream = watch(fixture, "probe", 0);
    struct mu_status status;

    assert_entered(fixture, "probe");
    skip_to(stream, UP);
    assert_int_equal(leave(fixture, "probe", NULL), MU_OK);
    skip_to(stream, DOWN);
    skip_to(stream, DEREGISTERED);
    mu_stream_finish(stream, NULL);
    assert_int_equal(leave(fixture, "probe", &status), MU_NOT_FOUND);
    assert_null(show(fixture, "probe", &status));

    assert_entered(fixture, "greeter");
    assert_int_equal(leave(fixture, "gretter", &status), MU_NOT_FOUND);
    assert_non_null(strstr(status.message, "did you mean greeter?"));
    assert_int_equal(leave(fixture, "registry", &status), MU_FAILED_PRECONDITION);
}

static void test_a_lease_ends_unless_it_is_renewed(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *stream = watch(fixture, "far", 0);
    uint64_t announced_ms;
    uint64_t lease = 0;

    skip_to(stream, LIVE);
    announced_ms = clock_ms();
    assert_int_equal(announce(fixture, 0, "far", 1000, &lease), MU_OK);
    assert_true(lease > 0);
    skip_to(stream, UP);
    assert_int_equal(renew(fixture, lease), MU_OK);
    skip_to(stream, DOWN);
    assert_in_range(clock_ms() - announced_ms, 1000, 2000);
    assert_int_equal(renew(fixture, lease), MU_NOT_FOUND);
    mu_stream_finish(stream, NULL);
}

static void test_an_instance_cannot_be_announced_over_another(void **state)
{
    struct fixture *fixture = *state;
    Mu__Registry__V1__ShowReply *shown = show(fixture, "registry", NULL);
    uint64_t number = shown->service->instances[0]->instance;

    assert_int_equal(announce(fixture, number, "registry", 1000, NULL), MU_ALREADY_EXISTS);
    assert_int_equal(renew(fixture, number), MU_NOT_FOUND);
    assert_int_equal(announce(fixture, 5, "Bad", 1000, NULL), MU_INVALID_ARGUMENT);
    mu__registry__v1__show_reply__free_unpacked(shown, NULL);
}

static void test_only_the_router_and_services_speak_of_themselves(void **state)
{
    struct fixture *fixture = *state;
    Mu__Registry__V1__AttachRequest attach = MU__REGISTRY__V1__ATTACH_REQUEST__INIT;
    Mu__Registry__V1__DetachRequest detach = MU__REGISTRY__V1__DETACH_REQUEST__INIT;
    Mu__Registry__V1__ResetRequest reset = MU__REGISTRY__V1__RESET_REQUEST__INIT;
    Mu__Registry__V1__PublishRequest publish = MU__REGISTRY__V1__PUBLISH_REQUEST__INIT;
    Mu__Registry__V1__AttachReply *attached = NULL;
    Mu__Registry__V1__DetachReply *detached = NULL;
    Mu__Registry__V1__ResetReply *was_reset = NULL;
    Mu__Registry__V1__PublishReply *published = NULL;
    struct mu_client *client = fixture->client;

    assert_int_equal(registry_attach(client, &attach, NULL, &attached, NULL), MU_PERMISSION_DENIED);
    assert_int_equal(registry_detach(client, &detach, NULL, &detached, NULL), MU_PERMISSION_DENIED);
    assert_int_equal(registry_reset(client, &reset, NULL, &was_reset, NULL), MU_PERMISSION_DENIED);
    assert_int_equal(
            registry_publish(client, &publish, NULL, &published, NULL), MU_PERMISSION_DENIED);
}

static void test_a_watcher_that_does_not_read_catches_up_later(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *slow = watch(fixture, "crowd", 0);
    uint32_t up = 0;
    uint32_t snapshots = 0;

    skip_to(slow, LIVE);
    announce_crowd(fixture, 1 + REGISTRY_CHANGES_MAX / CROWD + 2);
    for (;;) {
        Mu__Registry__V1__WatchReply *news = next(slow);

        up += news->kind == UP;
        snapshots += news->kind == SNAPSHOT;
        if (news->kind == SNAPSHOT)
            up = 0;
        if (news->kind == LIVE) {
            forget(news);
            break;
        }
        forget(news);
    }
    assert_int_equal(snapshots, 1);
    assert_int_equal(up, CROWD);
    mu_stream_finish(slow, NULL);
}

/* Ends the node with or without a watch that is open. Returns how long that took, in ms. */
static uint64_t time_a_stop(struct fixture *fixture, bool watched)
{
    struct mu_stream *stream = watched ? watch(fixture, "", 0) : NULL;
    uint64_t stopped_ms = clock_ms();
    int status;

    if (watched)
        skip_to(stream, LIVE);
    assert_int_equal(kill(fixture->node, SIGTERM), 0);
    assert_int_equal(waitpid(fixture->node, &status, 0), fixture->node);
    assert_int_equal(status, 0);
    stopped_ms = clock_ms() - stopped_ms;
    mu_stream_finish(stream, NULL);
    fixture->client = mu_client_close(fixture->client);
    fclose(fixture->output);
    start_node(fixture);
    return stopped_ms;
}

static void test_watchers_do_not_keep_a_node_from_stopping(void **state)
{
    uint64_t alone_ms = time_a_stop(*state, false);

    assert_true(time_a_stop(*state, true) < alone_ms + STOP_MS);
}

static void test_a_list_over_the_limit_of_a_message_says_what_to_do(void **state)
{
    struct fixture *fixture = *state;
    Mu__Registry__V1__ListRequest request = MU__REGISTRY__V1__LIST_REQUEST__INIT;
    Mu__Registry__V1__ListReply *reply = NULL;
    struct mu_status status;

    announce_crowd(fixture, 1);
    assert_int_equal(
            registry_list(fixture->client, &request, NULL, &reply, &status), MU_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(status.message, "use a longer prefix"));
    assert_null(show(fixture, "crowd", &status));
    assert_int_equal(status.code, MU_RESOURCE_EXHAUSTED);
    request.prefix = (char *)(uintptr_t) "reg";
    assert_int_equal(registry_list(fixture->client, &request, NULL, &reply, NULL), MU_OK);
    assert_int_equal(reply->n_services, 1);
    mu__registry__v1__list_reply__free_unpacked(reply, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Without arguments more than the node: as it is. With `etcd`: on a cluster of its own. */
static int run_on_cluster(const struct CMUnitTest *tests, size_t count)
{
    static struct cluster cluster;
    int r;

    cluster_start(&cluster);
    etcd_endpoints = cluster.endpoints;
    r = _cmocka_run_group_tests("registry on etcd", tests, count, NULL, NULL);
    cluster_stop(&cluster);
    return r;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_parts_of_the_node_describe_themselves),
        TEST(test_what_is_registered_runs_and_is_listed_with_its_types),
        TEST(test_one_that_dies_is_gone_at_once_and_comes_back),
        TEST(test_a_registry_that_is_killed_knows_all_again),
        TEST(test_a_node_that_starts_anew_runs_what_was_registered),
        TEST(test_a_manifest_that_the_node_refuses_is_taken_back),
        TEST(test_manifests_are_checked_before_anything_is_written),
        TEST(test_what_is_deregistered_stops_and_is_forgotten),
        TEST(test_a_lease_ends_unless_it_is_renewed),
        TEST(test_an_instance_cannot_be_announced_over_another),
        TEST(test_only_the_router_and_services_speak_of_themselves),
        TEST(test_a_watcher_that_does_not_read_catches_up_later),
        TEST(test_watchers_do_not_keep_a_node_from_stopping),
        TEST(test_a_list_over_the_limit_of_a_message_says_what_to_do),
    };
    static const struct router_handlers handlers = { 0 };
    const struct mu_service service = { .type = &router_type, .handlers = &handlers };

    if (argc == 2 && strcmp(argv[1], "--serve") == 0)
        return mu_service_main(&service, 1, argv);
    if (argc < 2 || argc > 3 || realpath("/proc/self/exe", own_program) == NULL)
        return 2;
    node_program = argv[1];
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    if (argc == 3)
        return strcmp(argv[2], "etcd") == 0
                       ? run_on_cluster(tests, sizeof(tests) / sizeof(tests[0]))
                       : 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
