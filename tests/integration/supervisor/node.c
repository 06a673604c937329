// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/supervisor/node.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/cmocka.h"

enum { NODE_LOOK_MS = 5, NODE_FILE_MAX = 1 << 20 };

static void node_path(const struct node *node, const char *file, char path[256])
{
    snprintf(path, 256, "%s/%s", node->dir, file);
}

void node_init(struct node *node)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char path[256];

    *node = (struct node){ .notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
    snprintf(node->dir, sizeof(node->dir), "/tmp/mu-node-test-XXXXXX");
    assert_non_null(mkdtemp(node->dir));
    node_path(node, "config", path);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", node->dir);
    assert_int_equal(bind(node->notify_fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

void node_write_file(const struct node *node, const char *yaml)
{
    char path[256];
    FILE *file;

    node_path(node, "config/node.yaml", path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(yaml, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void node_launch(struct node *node)
{
    char notify[256];
    char error[256];
    int fd;

    node_path(node, "notify", notify);
    node_path(node, "node.err", error);
    node->pid = fork();
    assert_true(node->pid >= 0);
    if (node->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fd = open(error, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDERR_FILENO);
    setenv("NOTIFY_SOCKET", notify, 1);
    execl(TEST_NODE, TEST_NODE, "--dir", node->dir, "--name", "test", NULL);
    _exit(127);
}

void node_await_ready(struct node *node)
{
    const struct mu_client_options options = { .dir = node->dir };
    struct pollfd poller = { .fd = node->notify_fd, .events = POLLIN };
    char text[64] = "";

    if (poll(&poller, 1, NODE_PATIENCE_MS) != 1)
        fail_msg("the node is not ready: %s", node_read(node, "node.err"));
    assert_true(recv(node->notify_fd, text, sizeof(text) - 1, 0) > 0);
    assert_non_null(strstr(text, "READY=1"));
    assert_int_equal(mu_client_open(&node->client, &options), 0);
}

void node_start(struct node *node, const char *yaml)
{
    node_init(node);
    if (yaml != NULL)
        node_write_file(node, yaml);
    node_launch(node);
    node_await_ready(node);
}

int node_end(struct node *node, int signal)
{
    int status = 0;

    node->client = mu_client_close(node->client);
    if (node->pid == 0)
        return 0;
    if (signal != 0)
        kill(node->pid, signal);
    while (waitpid(node->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    node->pid = 0;
    return status;
}

static int node_remove(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

void node_deinit(struct node *node)
{
    node_end(node, SIGTERM);
    close(node->notify_fd);
    assert_int_equal(nftw(node->dir, node_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

Mu__Node__V1__ListReply *node_list(struct node *node)
{
    return node_list_within(node, 2000);
}

Mu__Node__V1__ListReply *node_list_within(struct node *node, uint32_t timeout_ms)
{
    const struct mu_call_options options = { .timeout_ms = timeout_ms };
    Mu__Node__V1__ListReply *reply = NULL;
    struct mu_result result;

    if (mu_call(node->client, "node.List", (struct mu_bytes){ NULL, 0 }, &options, &result) ==
            MU_OK)
        reply = mu__node__v1__list_reply__unpack(NULL, result.size, result.body);
    mu_result_deinit(&result);
    return reply;
}

struct node_process node_process(struct node *node, const char *service)
{
    static char last_exit[256];
    static char reason[256];
    struct node_process process = { .last_exit = last_exit, .reason = reason };
    Mu__Node__V1__ListReply *list = node_list(node);

    for (size_t i = 0; list != NULL && i < list->n_processes; i++) {
        const Mu__Node__V1__Process *listed = list->processes[i];

        if (strcmp(listed->service, service) != 0)
            continue;
        process.pid = listed->pid;
        process.restarts = listed->restarts;
        process.state = listed->state;
        snprintf(last_exit, sizeof(last_exit), "%s", listed->last_exit);
        snprintf(reason, sizeof(reason), "%s", listed->reason);
        break;
    }
    if (list != NULL)
        mu__node__v1__list_reply__free_unpacked(list, NULL);
    return process;
}

struct node_process node_await(
        struct node *node, const char *service, Mu__Node__V1__ProcessState state)
{
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;
    struct node_process process;

    while ((process = node_process(node, service)).state != state) {
        if (clock_ms() > deadline_ms)
            fail_msg("%s is in state %d (%s, %s)", service, process.state, process.last_exit,
                    process.reason);
        poll(NULL, 0, NODE_LOOK_MS);
    }
    return process;
}

static enum mu_code node_call(struct node *node, const char *endpoint,
        const ProtobufCMessage *request, struct mu_status *status)
{
    const struct mu_call_options options = { .timeout_ms = NODE_PATIENCE_MS };
    struct mu_result result;
    enum mu_code code;
    uint8_t body[8192];

    assert_true(protobuf_c_message_get_packed_size(request) <= sizeof(body));
    code = mu_call(node->client, endpoint,
            (struct mu_bytes){ body, protobuf_c_message_pack(request, body) }, &options, &result);
    if (status != NULL)
        *status = result.status;
    mu_result_deinit(&result);
    return code;
}

enum mu_code node_request(
        struct node *node, const char *endpoint, const char *service, struct mu_status *status)
{
    /* All requests about a service are the same on the wire: field 1 is its name. */
    Mu__Node__V1__StartRequest request = MU__NODE__V1__START_REQUEST__INIT;

    request.service = (char *)service;
    return node_call(node, endpoint, &request.base, status);
}

enum mu_code node_apply(
        struct node *node, const Mu__Node__V1__Manifest *manifest, struct mu_status *status)
{
    Mu__Node__V1__ApplyRequest request = MU__NODE__V1__APPLY_REQUEST__INIT;

    request.manifest = (Mu__Node__V1__Manifest *)manifest;
    return node_call(node, "node.Apply", &request.base, status);
}

/* Takes the supervisor's own lines out of a service's log. */
static void node_drop_remarks(char *text)
{
    char *kept = text;

    for (char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n") + 1;
        char *next = line[size - 1] == '\n' ? line + size : line + size - 1;
        char *mark = strstr(line, "\"service\":\"node\"");

        if (mark == NULL || mark >= next) {
            memmove(kept, line, (size_t)(next - line));
            kept += next - line;
        }
        line = next;
    }
    *kept = '\0';
}

const char *node_read(const struct node *node, const char *file)
{
    static char text[NODE_FILE_MAX];
    char path[256];
    size_t size;
    FILE *stream;

    node_path(node, file, path);
    stream = fopen(path, "r");
    if (stream == NULL)
        return "";
    size = fread(text, 1, sizeof(text) - 1, stream);
    text[size] = '\0';
    fclose(stream);
    if (strncmp(file, "state/log/", 10) == 0 && strcmp(file, "state/log/node.log") != 0)
        node_drop_remarks(text);
    return text;
}

void node_await_text(const struct node *node, const char *file, const char *text)
{
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;

    while (strstr(node_read(node, file), text) == NULL) {
        if (clock_ms() > deadline_ms)
            fail_msg("`%s` is not in %s:\n%s", text, file, node_read(node, file));
        poll(NULL, 0, NODE_LOOK_MS);
    }
}

bool node_is_gone(pid_t pid, int timeout_ms)
{
    struct pollfd poller = { .fd = pidfd_open(pid, 0), .events = POLLIN };
    bool gone = poller.fd < 0 || poll(&poller, 1, timeout_ms) == 1;

    if (poller.fd >= 0)
        close(poller.fd);
    return gone;
}

/* Undoes the escapes of base/log.h from `from` up to the quote that closes the string. */
static char *node_unescape(char *to, const char *from)
{
    for (; *from != '"' && *from != '\0'; from++) {
        unsigned letter = (unsigned char)*from;

        if (*from == '\\' && from[1] == 'u') {
            const char digits[3] = { from[4], from[5], '\0' }; /* it escapes no letter above 7f */

            letter = (unsigned)strtoul(digits, NULL, 16);
            from += 5;
        } else if (*from == '\\') {
            letter = (unsigned char)*++from;
        }
        *to++ = (char)letter;
    }
    return to;
}

const char *node_said(const struct node *node, const char *service)
{
    static const char mark[] = "\"msg\":\"";
    static char said[NODE_FILE_MAX];
    char file[128];
    char *end = said;
    const char *line;

    snprintf(file, sizeof(file), "state/log/%s.log", service);
    line = node_read(node, file);
    while ((line = strstr(line, mark)) != NULL) {
        line += strlen(mark);
        end = node_unescape(end, line);
        *end++ = '\n';
        line += strcspn(line, "\n");
    }
    *end = '\0';
    return said;
}

void node_await_said(const struct node *node, const char *service, const char *text)
{
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;

    while (strstr(node_said(node, service), text) == NULL) {
        if (clock_ms() > deadline_ms)
            fail_msg("`%s` is not what %s said:\n%s", text, service, node_said(node, service));
        poll(NULL, 0, NODE_LOOK_MS);
    }
}
