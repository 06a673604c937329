// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/registry_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { WAIT_MS = 20000 }; /* for what must happen: only a broken build waits so long */

const char *node_program;
const char *etcd_endpoints;
char own_program[256];

/* ---- a node ---- */

void start_node(struct fixture *fixture)
{
    struct mu_client_options options = { .dir = fixture->folder.path };
    char line[1024];
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    fixture->node = fork();
    assert_true(fixture->node >= 0);
    if (fixture->node == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(node_program, node_program, "--dir", fixture->folder.path, "--name",
                fixture->name != NULL ? fixture->name : "here", NULL);
        _exit(127);
    }
    close(ends[1]);
    fixture->output = fdopen(ends[0], "r");
    do {
        assert_non_null(fgets(line, sizeof(line), fixture->output));
    } while (strstr(line, "is ready") == NULL);
    assert_int_equal(mu_client_open(&fixture->client, &options), 0);
}

void stop_node(struct fixture *fixture)
{
    int status;

    fixture->client = mu_client_close(fixture->client);
    assert_int_equal(kill(fixture->node, SIGTERM), 0);
    assert_int_equal(waitpid(fixture->node, &status, 0), fixture->node);
    assert_int_equal(status, 0);
    fclose(fixture->output);
}

void write_node_file(struct fixture *fixture, const char *prefix, const char *nodes)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/config", fixture->folder.path);
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    snprintf(path, sizeof(path), "%s/config/node.yaml", fixture->folder.path);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "registry:\n  backend: etcd\n  endpoints: %s\n  prefix: %s\n", etcd_endpoints,
            prefix);
    if (nodes[0] != '\0')
        fprintf(file, "  nodes:\n%s", nodes);
    assert_int_equal(fclose(file), 0);
}

int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    folder_make(&fixture->folder);
    if (etcd_endpoints != NULL)
        write_node_file(fixture, fixture->folder.path, ""); /* a prefix that nobody else has */
    start_node(fixture);
    *state = fixture;
    return 0;
}

int teardown(void **state)
{
    struct fixture *fixture = *state;

    stop_node(fixture);
    folder_remove(&fixture->folder);
    free(fixture);
    return 0;
}

/* ---- what the tests ask of it ---- */

enum mu_code enter(struct fixture *fixture, const char *name, const char *need,
        Mu__Registry__V1__RegisterReply **replyp, struct mu_status *status)
{
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    Mu__Registry__V1__RegisterRequest request = MU__REGISTRY__V1__REGISTER_REQUEST__INIT;
    char serve[] = "--serve";
    char *args[] = { serve };
    char *needs[] = { (char *)(uintptr_t)need };
    char everything[] = ">";
    char *calls[] = { everything };

    manifest.name = (char *)(uintptr_t)name;
    manifest.version = (char *)(uintptr_t) "1.2.3";
    manifest.program = own_program;
    manifest.args = args;
    manifest.n_args = 1;
    manifest.calls = calls;
    manifest.n_calls = 1;
    manifest.needs = needs;
    manifest.n_needs = need != NULL;
    request.manifest = &manifest;
    return registry_register(fixture->client, &request, NULL, replyp, status);
}

void assert_entered(struct fixture *fixture, const char *name)
{
    Mu__Registry__V1__RegisterReply *reply = NULL;
    struct mu_status status = { 0 };

    if (enter(fixture, name, NULL, &reply, &status) != MU_OK)
        fail_msg("%s: %s", mu_code_name(status.code), status.message);
    assert_false(reply->unchanged);
    mu__registry__v1__register_reply__free_unpacked(reply, NULL);
}

enum mu_code leave(struct fixture *fixture, const char *name, struct mu_status *status)
{
    Mu__Registry__V1__DeregisterRequest request = MU__REGISTRY__V1__DEREGISTER_REQUEST__INIT;
    Mu__Registry__V1__DeregisterReply *reply = NULL;
    struct mu_call_options options = { .timeout_ms = WAIT_MS }; /* until it has stopped */
    enum mu_code code;

    request.service = (char *)(uintptr_t)name;
    code = registry_deregister(fixture->client, &request, &options, &reply, status);
    if (reply != NULL)
        mu__registry__v1__deregister_reply__free_unpacked(reply, NULL);
    return code;
}

Mu__Registry__V1__ShowReply *show(
        struct fixture *fixture, const char *name, struct mu_status *status)
{
    Mu__Registry__V1__ShowRequest request = MU__REGISTRY__V1__SHOW_REQUEST__INIT;
    Mu__Registry__V1__ShowReply *reply = NULL;

    request.service = (char *)(uintptr_t)name;
    registry_show(fixture->client, &request, NULL, &reply, status);
    return reply;
}

enum mu_code announce(struct fixture *fixture, uint64_t number, const char *service,
        uint32_t lease_ms, uint64_t *leasep)
{
    Mu__Registry__V1__Instance instance = MU__REGISTRY__V1__INSTANCE__INIT;
    Mu__Registry__V1__AnnounceRequest request = MU__REGISTRY__V1__ANNOUNCE_REQUEST__INIT;
    Mu__Registry__V1__AnnounceReply *reply = NULL;
    enum mu_code code;

    instance.instance = number;
    instance.service = (char *)(uintptr_t)service;
    instance.version = (char *)(uintptr_t) "1.0.0";
    instance.lease_ms = lease_ms;
    request.instance = &instance;
    code = registry_announce(fixture->client, &request, NULL, &reply, NULL);
    if (code == MU_OK) {
        if (leasep != NULL)
            *leasep = reply->lease;
        mu__registry__v1__announce_reply__free_unpacked(reply, NULL);
    }
    return code;
}

void announce_crowd(struct fixture *fixture, uint32_t rounds)
{
    Mu__Registry__V1__Instance__MetadataEntry entry =
            MU__REGISTRY__V1__INSTANCE__METADATA_ENTRY__INIT;
    Mu__Registry__V1__Instance__MetadataEntry *entries[] = { &entry };
    Mu__Registry__V1__Instance instance = MU__REGISTRY__V1__INSTANCE__INIT;
    Mu__Registry__V1__AnnounceRequest request = MU__REGISTRY__V1__ANNOUNCE_REQUEST__INIT;
    Mu__Registry__V1__AnnounceReply *reply;
    char text[CROWD_TEXT + 1] = "";

    memset(text, 'x', CROWD_TEXT);
    entry.key = (char *)(uintptr_t) "text";
    entry.value = text;
    instance.service = (char *)(uintptr_t) "crowd";
    instance.version = (char *)(uintptr_t) "1.0.0";
    instance.metadata = entries;
    instance.n_metadata = 1;
    instance.lease_ms = 600000;
    request.instance = &instance;
    for (instance.pid = 1; instance.pid <= rounds; instance.pid++) {
        for (instance.instance = 1; instance.instance <= CROWD; instance.instance++) {
            assert_int_equal(
                    registry_announce(fixture->client, &request, NULL, &reply, NULL), MU_OK);
            mu__registry__v1__announce_reply__free_unpacked(reply, NULL);
        }
    }
}

enum mu_code renew(struct fixture *fixture, uint64_t lease)
{
    Mu__Registry__V1__RenewRequest request = MU__REGISTRY__V1__RENEW_REQUEST__INIT;
    Mu__Registry__V1__RenewReply *reply = NULL;
    enum mu_code code;

    request.lease = lease;
    code = registry_renew(fixture->client, &request, NULL, &reply, NULL);
    if (reply != NULL)
        mu__registry__v1__renew_reply__free_unpacked(reply, NULL);
    return code;
}

struct mu_stream *watch(struct fixture *fixture, const char *prefix, uint64_t revision)
{
    Mu__Registry__V1__WatchRequest request = MU__REGISTRY__V1__WATCH_REQUEST__INIT;
    struct mu_stream *stream;

    request.prefix = (char *)(uintptr_t)prefix;
    request.after_revision = revision;
    assert_int_equal(registry_watch_open(fixture->client, &request, NULL, &stream), 0);
    return stream;
}

Mu__Registry__V1__WatchReply *next(struct mu_stream *stream)
{
    Mu__Registry__V1__WatchReply *news = NULL;

    if (registry_watch_read(stream, WAIT_MS, &news) != MU_STREAM_OK) {
        struct mu_status status = { 0 };

        mu_stream_finish(stream, &status);
        fail_msg("the watch ended: %s: %s", mu_code_name(status.code), status.message);
    }
    return news;
}

void forget(Mu__Registry__V1__WatchReply *news)
{
    mu__registry__v1__watch_reply__free_unpacked(news, NULL);
}

Mu__Registry__V1__WatchReply *until(struct mu_stream *stream, Mu__Registry__V1__ChangeKind kind)
{
    Mu__Registry__V1__WatchReply *news = next(stream);

    while (news->kind != kind) {
        forget(news);
        news = next(stream);
    }
    return news;
}

void skip_to(struct mu_stream *stream, Mu__Registry__V1__ChangeKind kind)
{
    forget(until(stream, kind));
}

uint32_t instance_pid(struct mu_stream *stream, uint64_t *numberp)
{
    Mu__Registry__V1__WatchReply *news =
            until(stream, MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_UP);
    uint32_t pid = news->instance->pid;

    if (numberp != NULL)
        *numberp = news->instance->instance;
    forget(news);
    return pid;
}
