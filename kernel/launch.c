// SPDX-License-Identifier: Apache-2.0
/* Everything that can fail is done before the fork; between fork and exec the child only moves
 * descriptors. The environment is made from nothing: a short list of what is inherited, then the
 * manifest's. */
#include "kernel/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "kernel/bootstrap.h"
#include "kernel/cage/owner.h"
#include "kernel/cage/spawn.h"
#include "mu/manifest.h"

enum {
    LAUNCH_FD_FIRST_FREE = 16, /* above the descriptors that a process is given */
    LAUNCH_FD_BOOTSTRAP = 3,
    LAUNCH_FD_GATE = 4,
    LAUNCH_NUMBER_MAX = 24,
    LAUNCH_EXEC_ARGS = 20 + CAGE_WORDS_MAX, /* room for mu-exec's own arguments and the router's */
    LAUNCH_ENV_INHERITED_MAX = 64,
    LAUNCH_EXIT_TRY_AGAIN = 111
};

/* Everything a launch makes, in one place to be freed. */
struct launch_plan {
    char exec[FOLDER_PATH_MAX];
    char program[FOLDER_PATH_MAX];
    char parent[LAUNCH_NUMBER_MAX];
    char files[LAUNCH_NUMBER_MAX];
    char memory_mib[LAUNCH_NUMBER_MAX];
    char file_mib[LAUNCH_NUMBER_MAX];
    char channel[FOLDER_PATH_MAX];
    char data[FOLDER_PATH_MAX];
    char groups[2][CGROUP_PATH_MAX];
    char numbers[CAGE_TEXT_MAX];
    struct cage cage;
    struct cage_plan steps;
    char *argv[LAUNCH_EXEC_ARGS + MU_MANIFEST_ARGS_MAX + 1];       /* borrowed */
    char *env[LAUNCH_ENV_INHERITED_MAX + MU_MANIFEST_ENV_MAX + 3]; /* owned */
    size_t arg_count;
    size_t env_count;
};

static void launch_plan_free(struct launch_plan **planp)
{
    struct launch_plan *plan = *planp;

    for (size_t i = 0; plan != NULL && i < plan->env_count; i++)
        free(plan->env[i]);
    free(plan);
}

/* ---- what to run ---- */

static int launch_find(struct launch_plan *plan, const struct launch_node *node,
        const Mu__Node__V1__Manifest *manifest)
{
    const char *program = manifest->program;
    int size;

    if (program[0] == '\0')
        size = snprintf(plan->program, FOLDER_PATH_MAX, "%s/mu-%s", node->libexec, manifest->name);
    else if (program[0] == '/')
        size = snprintf(plan->program, FOLDER_PATH_MAX, "%s", program);
    else
        size = snprintf(plan->program, FOLDER_PATH_MAX, "%s/%s", node->libexec, program);
    if (size >= FOLDER_PATH_MAX)
        return err_new(-ENAMETOOLONG);
    snprintf(plan->exec, sizeof(plan->exec), "%s/mu-exec", node->libexec);
    if (access(plan->program, X_OK) < 0 || access(plan->exec, X_OK) < 0)
        return err_new(-errno);
    return 0;
}

static void launch_arg(struct launch_plan *plan, const char *arg)
{
    CHECK(plan->arg_count + 1 < sizeof(plan->argv) / sizeof(plan->argv[0]));

    plan->argv[plan->arg_count++] = (char *)arg;
}

static void launch_args(struct launch_plan *plan, const struct launch_node *node,
        const Mu__Node__V1__Manifest *manifest, const struct launch_order *order)
{
    const struct mu_manifest_values values = mu_manifest_values(manifest);
    const char *words[CAGE_WORDS_MAX];
    size_t word_count = cage_write(&plan->cage, words, plan->numbers);

    snprintf(plan->parent, sizeof(plan->parent), "%d", (int)getpid());
    snprintf(plan->files, sizeof(plan->files), "%u", values.files);
    snprintf(plan->memory_mib, sizeof(plan->memory_mib), "%u", values.memory_mib);
    snprintf(plan->file_mib, sizeof(plan->file_mib), "%u", values.file_mib);
    launch_arg(plan, "mu-exec");
    launch_arg(plan, "--parent");
    launch_arg(plan, plan->parent);
    launch_arg(plan, "--files");
    launch_arg(plan, plan->files);
    launch_arg(plan, "--memory-mib");
    launch_arg(plan, plan->memory_mib);
    launch_arg(plan, "--file-mib");
    launch_arg(plan, plan->file_mib);
    for (size_t i = 0; i < word_count; i++)
        launch_arg(plan, words[i]);
    launch_arg(plan, "--");
    launch_arg(plan, plan->program);
    if (order->control_fd >= 0) {
        launch_arg(plan, "--control");
        launch_arg(plan, "3");
        launch_arg(plan, "--bus");
        launch_arg(plan, node->folders->place.bus);
        launch_arg(plan, "--node");
        launch_arg(plan, node->name);
    }
    if (order->is_closed)
        launch_arg(plan, "--closed");
    for (size_t i = 0; i < manifest->n_args; i++)
        launch_arg(plan, manifest->args[i]);
}

/* ---- its sandbox ---- */

/* Says what is wanted and what there is. */
static int launch_refuse(struct launch_trouble *trouble, const struct launch_plan *plan,
        const struct launch_node *node, const Mu__Node__V1__Manifest *manifest)
{
    snprintf(trouble->text, sizeof(trouble->text),
            "its sandbox would be of grade %s (%s), and %s is the worst that %s allows",
            grade_name(plan->steps.grade), plan->steps.lacks,
            grade_name(sandbox_least(node->sandbox, manifest)),
            sandbox_least(node->sandbox, manifest) < node->sandbox->min
                    ? "its manifest (sandbox.min)"
                    : "this node (sandbox_min in node.yaml)");
    return err_new(-ENOTSUP);
}

/* Who it will be, with its data folder given to that: back to the node, where it once had a user of
 * its own and now has none. */
static int launch_find_owner(
        struct launch_plan *plan, const struct launch_node *node, const char *service)
{
    char root[FOLDER_PATH_MAX];
    int r;

    plan->cage.uid = geteuid();
    plan->cage.gid = getegid();
    if ((plan->cage.steps & CAGE_OWNER) == 0)
        return geteuid() == 0 ? owner_give(plan->data, plan->cage.uid) : 0;
    snprintf(root, sizeof(root), "%s/data", node->folders->place.state);
    r = owner_find(root, service, &plan->cage.uid);
    plan->cage.gid = plan->cage.uid;
    return r == 0 ? owner_give(plan->data, plan->cage.uid) : r;
}

/* The folders that it gets, made. */
static int launch_find_folders(struct launch_plan *plan, const struct launch_node *node,
        const struct launch_order *order, const char *service)
{
    char first[FOLDER_PATH_MAX];
    int r;

    if (order->control_fd >= 0) {
        snprintf(plan->channel, sizeof(plan->channel), "%s", node->folders->place.run);
        plan->cage.channel = plan->channel;
        plan->cage.uid = geteuid();
        plan->cage.gid = getegid();
        return 0;
    }
    r = folder_make_data(node->folders, service, order->index, plan->data);
    if (r == 0 && order->index > 0) /* the first instance's, whose owner counts for all */
        r = folder_make_data(node->folders, service, 0, first);
    if (r < 0)
        return r;
    folder_socket(node->folders, order->instance, plan->channel);
    *strrchr(plan->channel, '/') = '\0';
    plan->cage.channel = plan->channel;
    plan->cage.data = plan->data;
    return launch_find_owner(plan, node, service);
}

/* Where its memory and its threads are counted. */
static int launch_find_groups(struct launch_plan *plan, const struct launch_node *node,
        uint64_t instance, const Mu__Node__V1__Manifest *manifest)
{
    int r;

    if ((plan->cage.steps & CAGE_CGROUP) == 0)
        return 0;
    r = cgroup_make_instance(&node->sandbox->cgroups, instance,
            mu_manifest_values(manifest).memory_mib, plan->groups);
    plan->cage.groups[0] = plan->groups[0];
    plan->cage.groups[1] = plan->groups[1][0] != '\0' ? plan->groups[1] : NULL;
    return r;
}

/* ---- its environment ---- */

static bool launch_is_inherited(const char *variable)
{
    static const char *const names[] = { "PATH=", "HOME=", "USER=", "LOGNAME=", "LANG=", "LC_ALL=",
        "TZ=", "TMPDIR=", "XDG_RUNTIME_DIR=", "XDG_STATE_HOME=", "XDG_CONFIG_HOME=",
        /* for programs built with a sanitizer, or for coverage */
        "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS=", "GCOV_PREFIX=" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    }
    return strncmp(variable, "MU_", 3) == 0;
}

/* Sets NAME=VALUE, in place of what was there. */
static int launch_setenv(struct launch_plan *plan, const char *name, const char *value)
{
    size_t name_size = strlen(name);
    char *text;

    if (asprintf(&text, "%s=%s", name, value) < 0)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < plan->env_count; i++) {
        if (strncmp(plan->env[i], text, name_size + 1) == 0) {
            free(plan->env[i]);
            plan->env[i] = text;
            return 0;
        }
    }
    CHECK(plan->env_count + 1 < sizeof(plan->env) / sizeof(plan->env[0]));
    plan->env[plan->env_count++] = text;
    return 0;
}

static int launch_env(struct launch_plan *plan, const struct launch_node *node,
        const Mu__Node__V1__Manifest *manifest)
{
    int r = 0;

    for (char **at = environ; *at != NULL && plan->env_count < LAUNCH_ENV_INHERITED_MAX; at++) {
        if (!launch_is_inherited(*at))
            continue;
        plan->env[plan->env_count] = strdup(*at);
        if (plan->env[plan->env_count] == NULL)
            return err_new(-ENOMEM);
        plan->env_count += 1;
    }
    if (node->dir != NULL)
        r = launch_setenv(plan, "MU_DIR", node->dir);
    if (r == 0 && (plan->cage.steps & CAGE_MOUNT_NS) != 0)
        r = launch_setenv(plan, "TMPDIR", "/tmp");
    for (size_t i = 0; i < manifest->n_env && r == 0; i++)
        r = launch_setenv(plan, manifest->env[i]->key, manifest->env[i]->value);
    return r;
}

/* ---- the fork ---- */

/* In the child: puts the descriptors where mu-exec looks for them. They were moved out of the way
 * before, so that none is overwritten by another. */
static _Noreturn void launch_become(const struct launch_plan *plan, const int from[5])
{
    for (int to = 0; to < 5; to++) {
        if (dup2(from[to], to) < 0)
            _exit(LAUNCH_EXIT_TRY_AGAIN);
    }
    if (spawn_prepare(plan->cage.steps) < 0)
        _exit(LAUNCH_EXIT_TRY_AGAIN);
    execve(plan->exec, plan->argv, plan->env);
    _exit(LAUNCH_EXIT_TRY_AGAIN);
}

/* Moves a descriptor above those a process is given. */
static int launch_lift(int *fdp)
{
    int lifted = fcntl(*fdp, F_DUPFD_CLOEXEC, LAUNCH_FD_FIRST_FREE);

    if (lifted < 0)
        return err_new(-errno);
    close(*fdp);
    *fdp = lifted;
    return 0;
}

static int launch_pipe(int *readp, int *writep)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_new(-errno);
    *readp = fds[0];
    *writep = fds[1];
    return 0;
}

/* Everything that a fork needs. */
struct launch_pipes {
    int null;
    int output;
    int output_end;
    int gate;
    int gate_end;
    int third;
};

static void launch_close_pipes(const struct launch_pipes *pipes)
{
    cleanup_close(&pipes->null);
    cleanup_close(&pipes->output);
    cleanup_close(&pipes->output_end);
    cleanup_close(&pipes->gate);
    cleanup_close(&pipes->gate_end);
    cleanup_close(&pipes->third);
}

static int launch_open_pipes(struct launch_pipes *pipes, int third_fd)
{
    int r = 0;

    pipes->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pipes->third = fcntl(third_fd, F_DUPFD_CLOEXEC, LAUNCH_FD_FIRST_FREE);
    if (pipes->null < 0 || pipes->third < 0)
        return err_new(-errno);
    r = launch_pipe(&pipes->output, &pipes->output_end);
    if (r == 0)
        r = launch_pipe(&pipes->gate_end, &pipes->gate);
    if (r == 0)
        r = launch_lift(&pipes->null);
    if (r == 0)
        r = launch_lift(&pipes->output_end);
    if (r == 0)
        r = launch_lift(&pipes->gate_end);
    if (r == 0 && fcntl(pipes->output, F_SETFL, O_NONBLOCK) < 0)
        r = err_new(-errno);
    return r;
}

static int launch_fork(struct launched *launched, const struct launch_plan *plan, int third_fd)
{
    CLEANUP(launch_close_pipes)
    struct launch_pipes pipes = { -1, -1, -1, -1, -1, -1 };
    int pid_fd = -1;
    pid_t pid;
    int r = launch_open_pipes(&pipes, third_fd);

    if (r < 0)
        return r;
    pid = spawn(plan->cage.steps, &pid_fd);
    if (pid < 0)
        return err_new((int)pid);
    if (pid == 0)
        launch_become(plan, (const int[5]){ pipes.null, pipes.output_end, pipes.output_end,
                                    pipes.third, pipes.gate_end });
    *launched = (struct launched){ .pid = pid,
        .pid_fd = pid_fd,
        .gate_fd = pipes.gate,
        .output_fd = pipes.output,
        .uid = plan->cage.uid,
        .grade = plan->steps.grade };
    pipes.gate = -1;
    pipes.output = -1;
    return 0;
}

/* Starts a process that will connect to a private channel of its own. */
static int launch_on_channel(struct launched *launched, const struct launch_node *node,
        const struct launch_order *order, const Mu__Node__V1__Manifest *manifest,
        const struct launch_plan *plan)
{
    const struct service_config *config = order->child->service->config;
    CLEANUP(cleanup_close) int bootstrap_fd = -1;
    char path[FOLDER_PATH_MAX];
    const struct bootstrap bootstrap = { .path = path,
        .instance = order->instance,
        .node = node->name,
        .state_dir = plan->data,
        .cage = &plan->cage,
        .packed = { config->manifest.data, config->manifest.size } };
    int r;

    folder_socket(node->folders, order->instance, path);
    r = bootstrap_open(&bootstrap_fd, &bootstrap, manifest);
    if (r == 0)
        r = folder_make_instance(node->folders, order->instance, plan->cage.gid);
    if (r < 0)
        return r;
    r = launch_fork(launched, plan, bootstrap_fd);
    if (r < 0)
        folder_remove_instance(node->folders, order->instance);
    return r;
}

static int launch_manifest(struct launched *launched, const struct launch_node *node,
        const struct launch_order *order, const Mu__Node__V1__Manifest *manifest,
        struct launch_trouble *trouble)
{
    CLEANUP(launch_plan_free) struct launch_plan *plan = calloc(1, sizeof(*plan));
    bool is_router = order->control_fd >= 0;
    int r;

    if (plan == NULL)
        return err_new(-ENOMEM);
    r = launch_find(plan, node, manifest);
    snprintf(trouble->program, sizeof(trouble->program), "%s", plan->program);
    if (r < 0)
        return r;
    r = sandbox_make(&plan->cage, &plan->steps, node->sandbox, manifest, is_router);
    if (r < 0)
        return launch_refuse(trouble, plan, node, manifest);
    r = launch_find_folders(plan, node, order, manifest->name);
    if (r == 0)
        r = launch_find_groups(plan, node, order->instance, manifest);
    if (r < 0)
        return r;
    launch_args(plan, node, manifest, order);
    r = launch_env(plan, node, manifest);
    if (r < 0)
        return r;
    if (is_router)
        r = launch_fork(launched, plan, order->control_fd);
    else
        r = launch_on_channel(launched, node, order, manifest, plan);
    if (r < 0)
        cgroup_remove(&node->sandbox->cgroups, order->instance);
    return r;
}

int launch(struct launched *launched, const struct launch_node *node,
        const struct launch_order *order, struct launch_trouble *trouble)
{
    const struct span packed = order->child->service->config->manifest;
    const struct mu_bytes body = { packed.data, packed.size };
    ProtobufCMessage *message = mu_body_unpack(&mu__node__v1__manifest__descriptor, body, NULL);
    int r;

    *trouble = (struct launch_trouble){ .text = "" };
    if (message == NULL)
        return err_new(-ENOMEM);
    r = launch_manifest(
            launched, node, order, (const Mu__Node__V1__Manifest *)(const void *)message, trouble);
    mu_body_free(message);
    return r;
}
