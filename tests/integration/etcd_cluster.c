// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/etcd_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "registry/etcd/v3.h"
#include "tests/unit/cmocka.h"

enum {
    CLUSTER_PIPE_SIZE = 1048576, /* what a member says until it is stopped fits */
    CLUSTER_WAIT_MS = 30000,     /* for what must happen: only a broken etcd waits so long */
    CLUSTER_PAUSE_MS = 50        /* between two members that do not answer */
};

/* ---- members ---- */

/* A port that nobody listens at: the kernel gives it, and it is let go. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void run_member(const struct cluster *cluster, int index, const char *state)
{
    const struct member *member = &cluster->members[index];
    char name[8];
    char data[128];
    char client[64];
    char peer[64];
    char all[256] = "";
    size_t used = 0;

    snprintf(name, sizeof(name), "m%d", index);
    snprintf(data, sizeof(data), "%s/m%d", cluster->folder.path, index);
    snprintf(client, sizeof(client), "http://127.0.0.1:%u", member->client_port);
    snprintf(peer, sizeof(peer), "http://127.0.0.1:%u", member->peer_port);
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%sm%d=http://127.0.0.1:%u",
                i > 0 ? "," : "", i, cluster->members[i].peer_port);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that aborts leaves no cluster behind */
    execlp("etcd", "etcd", "--name", name, "--data-dir", data, "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", all,
            "--initial-cluster-state", state, "--unsafe-no-fsync", NULL);
    _exit(127);
}

/* Starts a member; it is waited for with wait_until_served. */
static void start_member(struct cluster *cluster, int index, const char *state)
{
    struct member *member = &cluster->members[index];
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[0], F_SETPIPE_SZ, CLUSTER_PIPE_SIZE) >= 0);
    member->pid = fork();
    assert_true(member->pid >= 0);
    if (member->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        run_member(cluster, index, state);
    }
    close(ends[1]);
    member->output = ends[0];
}

/* Reads what a member says until it serves. */
static void wait_until_served(struct cluster *cluster, int index)
{
    static const char served[] = "ready to serve client requests";
    struct member *member = &cluster->members[index];
    size_t matched = 0;
    char letter;

    while (matched < sizeof(served) - 1) {
        if (read(member->output, &letter, 1) != 1)
            fail_msg("etcd m%d ended before it served", index);
        matched = letter == served[matched] ? matched + 1 : letter == served[0];
    }
}

void cluster_kill(struct cluster *cluster, int index)
{
    struct member *member = &cluster->members[index];
    int status;

    if (member->pid == 0)
        return;
    assert_int_equal(kill(member->pid, SIGKILL), 0);
    assert_int_equal(waitpid(member->pid, &status, 0), member->pid);
    close(member->output);
    member->pid = 0;
}

void cluster_restart(struct cluster *cluster, int index)
{
    start_member(cluster, index, "existing");
    if (cluster->members[0].pid != 0 && cluster->members[1].pid != 0 &&
            cluster->members[2].pid != 0)
        wait_until_served(cluster, index);
}

void cluster_freeze(struct cluster *cluster, int index)
{
    assert_int_equal(kill(cluster->members[index].pid, SIGSTOP), 0);
}

void cluster_thaw(struct cluster *cluster, int index)
{
    assert_int_equal(kill(cluster->members[index].pid, SIGCONT), 0);
}

static void empty_member(const struct cluster *cluster, int index)
{
    struct folder data;

    snprintf(data.path, sizeof(data.path), "%.40s/m%d", cluster->folder.path, index);
    folder_remove(&data);
}

/* ---- the cluster ---- */

void cluster_start(struct cluster *cluster)
{
    char *endpoints[CLUSTER_MEMBERS];
    char texts[CLUSTER_MEMBERS][64];

    folder_make(&cluster->folder);
    for (int i = 0; i < CLUSTER_MEMBERS; i++) {
        cluster->members[i].client_port = free_port();
        cluster->members[i].peer_port = free_port();
        snprintf(
                texts[i], sizeof(texts[i]), "http://127.0.0.1:%u", cluster->members[i].client_port);
        endpoints[i] = texts[i];
    }
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        start_member(cluster, i, "new");
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        wait_until_served(cluster, i);
    snprintf(cluster->endpoints, sizeof(cluster->endpoints), "[%s, %s, %s]", texts[0], texts[1],
            texts[2]);
    assert_int_equal(gateway_open(&cluster->gateway, endpoints, CLUSTER_MEMBERS), 0);
}

void cluster_stop(struct cluster *cluster)
{
    gateway_close(&cluster->gateway);
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        cluster_kill(cluster, i);
    folder_remove(&cluster->folder);
}

void cluster_wipe(struct cluster *cluster)
{
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        cluster_kill(cluster, i);
    for (int i = 0; i < CLUSTER_MEMBERS; i++) {
        empty_member(cluster, i);
        start_member(cluster, i, "new");
    }
    for (int i = 0; i < CLUSTER_MEMBERS; i++)
        wait_until_served(cluster, i);
}

char *cluster_ask(struct cluster *cluster, const char *path, const char *request)
{
    uint64_t deadline_ms = clock_ms() + CLUSTER_WAIT_MS;
    struct mu_bytes answer;
    char *text;

    while (gateway_ask(&cluster->gateway, path, request, &answer) < 0) {
        if (clock_ms() > deadline_ms)
            fail_msg("etcd does not answer: %s", cluster->gateway.reason);
        gateway_next(&cluster->gateway);
        gateway_wait(&cluster->gateway, CLUSTER_PAUSE_MS);
    }
    text = calloc(1, answer.size + 1);
    assert_non_null(text);
    memcpy(text, answer.data, answer.size);
    return text;
}

/* The object that `path` answers. */
static json_t *ask_json(struct cluster *cluster, const char *path, const char *request)
{
    char *text = cluster_ask(cluster, path, request);
    json_t *root = json_loads(text, 0, NULL);

    assert_non_null(root);
    free(text);
    return root;
}

/* The id of the member of that name; the caller frees it. */
static char *member_id(struct cluster *cluster, int index)
{
    json_t *root = ask_json(cluster, "/v3/cluster/member/list", "{}");
    char name[8];
    char *id = NULL;
    json_t *member;
    size_t i;

    snprintf(name, sizeof(name), "m%d", index);
    json_array_foreach(json_object_get(root, "members"), i, member)
    {
        const char *text = json_string_value(json_object_get(member, "name"));

        if (text != NULL && strcmp(text, name) == 0)
            id = strdup(json_string_value(json_object_get(member, "ID")));
    }
    json_decref(root);
    assert_non_null(id);
    return id;
}

int cluster_leader(struct cluster *cluster)
{
    json_t *root = ask_json(cluster, "/v3/maintenance/status", "{}");
    char *leader = strdup(json_string_value(json_object_get(root, "leader")));
    int found = -1;

    json_decref(root);
    for (int i = 0; i < CLUSTER_MEMBERS; i++) {
        char *id = member_id(cluster, i);

        if (strcmp(id, leader) == 0)
            found = i;
        free(id);
    }
    free(leader);
    assert_true(found >= 0);
    return found;
}

int cluster_member(const struct cluster *cluster, const char *endpoint)
{
    char text[64];

    for (int i = 0; i < CLUSTER_MEMBERS; i++) {
        snprintf(text, sizeof(text), "http://127.0.0.1:%u", cluster->members[i].client_port);
        if (strcmp(text, endpoint) == 0)
            return i;
    }
    fail_msg("nobody listens at %s", endpoint);
    return -1;
}

void cluster_wipe_member(struct cluster *cluster, int index)
{
    char *id = member_id(cluster, index);
    char request[128];

    cluster_kill(cluster, index);
    empty_member(cluster, index);
    snprintf(request, sizeof(request), "{\"ID\":\"%s\"}", id);
    free(cluster_ask(cluster, "/v3/cluster/member/remove", request));
    free(id);
    snprintf(request, sizeof(request), "{\"peerURLs\":[\"http://127.0.0.1:%u\"]}",
            cluster->members[index].peer_port);
    free(cluster_ask(cluster, "/v3/cluster/member/add", request));
    cluster_restart(cluster, index);
}

/* ---- keys ---- */

static char *encode(struct mu_bytes bytes)
{
    size_t size = sodium_base64_encoded_len(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);

    assert_non_null(text);
    return sodium_bin2base64(text, size, bytes.data, bytes.size, sodium_base64_VARIANT_ORIGINAL);
}

static char *encode_text(const char *text)
{
    return encode((struct mu_bytes){ (const uint8_t *)text, strlen(text) });
}

void cluster_put(struct cluster *cluster, const char *key, struct mu_bytes value)
{
    char *key_text = encode_text(key);
    char *value_text = encode(value);
    char *request;

    assert_true(asprintf(&request, "{\"key\":\"%s\",\"value\":\"%s\"}", key_text, value_text) > 0);
    free(cluster_ask(cluster, V3_PUT, request));
    free(request);
    free(key_text);
    free(value_text);
}

void cluster_delete(struct cluster *cluster, const char *first, const char *behind)
{
    char *key_text = encode_text(first);
    char *end_text = encode_text(behind);
    char *request;

    assert_true(
            asprintf(&request, "{\"key\":\"%s\",\"range_end\":\"%s\"}", key_text, end_text) > 0);
    free(cluster_ask(cluster, V3_DELETE, request));
    free(request);
    free(key_text);
    free(end_text);
}

static int copy_value(const struct v3_pair *pair, void *user)
{
    struct mu_bytes *value = user;
    uint8_t *copy = malloc(pair->value.size + 1);

    assert_non_null(copy);
    memcpy(copy, pair->value.data, pair->value.size);
    *value = (struct mu_bytes){ copy, pair->value.size };
    return 0;
}

struct mu_bytes cluster_get(struct cluster *cluster, const char *key)
{
    char *request = v3_get(key);
    char *answer = cluster_ask(cluster, V3_RANGE, request);
    struct mu_bytes value = { 0 };
    uint64_t revision;
    bool more;

    assert_int_equal(v3_read_range((struct mu_bytes){ (const uint8_t *)answer, strlen(answer) },
                             copy_value, &value, &revision, &more),
            0);
    free(request);
    free(answer);
    return value;
}

void cluster_compact(struct cluster *cluster)
{
    json_t *root = ask_json(cluster, "/v3/maintenance/status", "{}");
    const char *revision =
            json_string_value(json_object_get(json_object_get(root, "header"), "revision"));
    char request[64];

    snprintf(request, sizeof(request), "{\"revision\":\"%s\",\"physical\":true}", revision);
    json_decref(root);
    free(cluster_ask(cluster, "/v3/kv/compaction", request));
}
