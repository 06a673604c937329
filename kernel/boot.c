// SPDX-License-Identifier: Apache-2.0
#include "kernel/boot.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kernel/cage/offer.h"
#include "kernel/config.h"
#include "kernel/hold.h"
#include "kernel/process.h"
#include "kernel/request.h"

#define BOOT_GRADE_MIN GRADE_C /* where the node file says nothing */

static int boot_fail(struct node_error *error, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int boot_fail(struct node_error *error, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return err_new(code);
}

/* ---- places ---- */

static int boot_open_folders(struct node *node, const char *dir, struct node_error *error)
{
    char path[FOLDER_PATH_MAX];
    struct place place;
    int r = place_find(&place, dir);

    if (r == -EINVAL)
        return boot_fail(error, r,
                "--dir or MU_DIR is there and names no folder; leave it out for the default place");
    if (r < 0)
        return boot_fail(error, r,
                "the path of the node's folder is too long for the sockets in it; pick a shorter "
                "one with --dir");
    r = folder_open(&node->folders, &place, path);
    if (r < 0)
        return boot_fail(error, r, "cannot make the folder %s: %s; pick another with --dir", path,
                strerror(-r));
    return 0;
}

static int boot_lock(
        struct node *node, const struct boot_options *options, struct node_error *error)
{
    const char *run = node->folders.place.run;
    pid_t holder = 0;
    int r;

    if (options->resumes && lock_adopt(&node->lock, run, options->lock_fd) == 0)
        return 0;
    r = lock_open(&node->lock, run, &holder);
    if (r == -EBUSY)
        return boot_fail(error, r,
                "a node runs in %s already, as process %d; stop it with `mu down`, or run another "
                "one with --dir",
                run, (int)holder);
    if (r < 0)
        return boot_fail(error, r, "cannot lock %s/node.lock: %s", run, strerror(-r));
    return 0;
}

/* The folder this program is in: the node's other programs are beside it. */
static int boot_find_libexec(struct node *node, struct node_error *error)
{
    ssize_t size = readlink("/proc/self/exe", node->libexec, sizeof(node->libexec) - 1);
    char *slash;

    node->libexec[size > 0 ? size : 0] = '\0';
    slash = strrchr(node->libexec, '/');
    if (slash == NULL)
        return boot_fail(error, -ENOENT, "cannot read /proc/self/exe; is /proc mounted?");
    *slash = '\0';
    return 0;
}

/* ---- what to run ---- */

static int boot_apply_kernel(
        struct node *node, enum service_kind kind, const char *backend, struct node_error *error)
{
    CLEANUP(cleanup_free) struct service_config *config = NULL;
    int r = config_of_kernel(&config, kind, backend);

    if (r == 0)
        r = request_apply(&node->supervisor, config, true, clock_ms(), NULL, 0);
    return r == 0 ? 0 : boot_fail(error, r, "out of memory");
}

/* Has the registry's messenger to etcd run, as if the node file listed it. */
static int boot_apply_etcd(struct node *node, const char *path, struct node_error *error)
{
    CLEANUP(cleanup_free) struct service_config *config = NULL;
    char cycle[MU_SCHEMA_ERROR_MAX];
    int r = config_of_etcd(&config, path);

    if (r == 0)
        r = request_apply(&node->supervisor, config, true, clock_ms(), cycle, sizeof(cycle));
    return r == 0 ? 0 : boot_fail(error, -ENOMEM, "out of memory");
}

static int boot_apply(struct node *node, const Mu__Node__V1__Manifest *manifest, const char *path,
        struct node_error *error)
{
    CLEANUP(cleanup_free) struct service_config *config = NULL;
    struct mu_schema_error cause;
    char cycle[MU_SCHEMA_ERROR_MAX];
    int r = config_from_manifest(&config, manifest, &cause);

    if (r < 0)
        return boot_fail(error, r, "%s: %s", path, cause.text);
    r = request_apply(&node->supervisor, config, true, clock_ms(), cycle, sizeof(cycle));
    if (r == REQUEST_OK && hold_is_set(&node->folders, manifest->name))
        r = request_hold(&node->supervisor, manifest->name, clock_ms());
    if (r == REQUEST_CYCLE)
        return boot_fail(error, -ELOOP,
                "%s: no order to start these in: %s; remove one of the needs", path, cycle);
    if (r == REQUEST_FULL)
        return boot_fail(error, -E2BIG, "%s: more than %d services, or %d processes", path,
                SERVICES_MAX, CHILDREN_MAX);
    return r == 0 ? 0 : boot_fail(error, -ENOMEM, "out of memory");
}

static int boot_name(struct node *node, const char *name, struct node_error *error)
{
    static const char letters[] =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    char host[NODE_NAME_MAX] = "";

    if (name == NULL || name[0] == '\0') {
        if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
            snprintf(host, sizeof(host), "local");
        name = host;
    }
    if (strlen(name) >= NODE_NAME_MAX || strspn(name, letters) != strlen(name))
        return boot_fail(error, -EINVAL,
                "`%.80s` cannot name a node; write letters, digits, `-`, `.` and `_`, %d at most, "
                "with --name",
                name, NODE_NAME_MAX - 1);
    snprintf(node->name, sizeof(node->name), "%s", name);
    return 0;
}

/* The node file, unpacked; nothing where there is none. */
struct boot_file {
    char path[FOLDER_PATH_MAX];
    ProtobufCMessage *message; /* owned: a mu.node.v1.NodeFile */
    const Mu__Node__V1__NodeFile *file;
};

static void boot_close_file(struct boot_file *file)
{
    mu_body_free(file->message);
}

static int boot_open_file(struct node *node, const struct boot_options *options,
        struct boot_file *file, struct node_error *error)
{
    static const Mu__Node__V1__NodeFile none = MU__NODE__V1__NODE_FILE__INIT;
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    struct mu_schema_error cause;
    size_t size;
    int r;

    file->file = &none;
    if (options->file != NULL)
        snprintf(file->path, sizeof(file->path), "%s", options->file);
    else
        snprintf(file->path, sizeof(file->path), "%s/node.yaml", node->folders.place.config);
    if (options->file == NULL && access(file->path, F_OK) < 0)
        return 0;
    r = mu_node_file_read(file->path, &body, &size, &cause);
    if (r < 0)
        return boot_fail(error, r, "%s", cause.text);
    file->message = mu_body_unpack(
            &mu__node__v1__node_file__descriptor, (struct mu_bytes){ body, size }, &cause);
    if (file->message == NULL)
        return boot_fail(error, -ENOMEM, "%s", cause.text);
    file->file = (const Mu__Node__V1__NodeFile *)(void *)file->message;
    return 0;
}

/* Takes from the node file the node's name, its registry's backend, and its services. */
static int boot_apply_file(struct node *node, const struct boot_options *options,
        const struct boot_file *file, struct node_error *error)
{
    const Mu__Node__V1__RegistrySettings *settings = file->file->registry;
    bool etcd = settings != NULL && strcmp(settings->backend, "etcd") == 0;
    int r = boot_name(node, options->name != NULL ? options->name : file->file->name, error);

    if (!grade_parse(file->file->sandbox_min, &node->sandbox.min))
        node->sandbox.min = BOOT_GRADE_MIN;
    if (r == 0)
        r = boot_apply_kernel(node, SERVICE_ROUTER, "", error);
    if (r == 0)
        r = boot_apply_kernel(node, SERVICE_REGISTRY, etcd ? "etcd" : "local", error);
    if (r == 0 && etcd)
        r = boot_apply_etcd(node, file->path, error);
    for (size_t i = 0; r == 0 && i < file->file->n_services; i++)
        r = boot_apply(node, file->file->services[i], file->path, error);
    return r;
}

static int boot_open_core(
        struct node *node, const struct boot_options *options, struct node_error *error)
{
    CLEANUP(boot_close_file) struct boot_file file = { .message = NULL };
    uint64_t seed;
    int r;

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        return boot_fail(error, -errno, "no random numbers: %s", strerror(errno));
    supervisor_init(&node->supervisor, seed);
    if (options->resumes)
        turnover_resume(&node->supervisor, options->began_ms);
    r = boot_open_file(node, options, &file, error);
    return r == 0 ? boot_apply_file(node, options, &file, error) : r;
}

/* ---- what the machine offers ---- */

static void boot_find_sandbox(struct node *node)
{
    char path[FOLDER_PATH_MAX];

    snprintf(path, sizeof(path), "%.*s/mu-exec", PLACE_PATH_MAX, node->libexec);
    offer_find(&node->sandbox.offer, path);
    cgroup_open(&node->sandbox.cgroups, node->folders.place.run);
    node->sandbox.offer.cgroup = node->sandbox.cgroups.found;
}

/* ---- descriptors ---- */

static int boot_open_own_log(struct node *node, struct node_error *error)
{
    int r = logfile_open(&node->own_log, &node->logs, node->folders.logs, "node");

    if (r == 0 && dup2(node->own_log->fd, STDERR_FILENO) < 0)
        r = -errno;
    if (r < 0)
        return boot_fail(
                error, r, "cannot write %s/node.log: %s", node->folders.logs, strerror(-r));
    log_open("node");
    return 0;
}

static int boot_open_loop(struct node *node, struct node_error *error)
{
    sigset_t set;
    int r;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    r = loop_open(&node->loop);
    if (r == 0) {
        node->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        node->signals.fn = node_signalled;
        r = node->signals.fd < 0 ? -errno : loop_add(&node->loop, &node->signals, EPOLLIN);
    }
    if (r == 0)
        r = control_init(&node->control, &node->loop, &node_control_events, node);
    if (r < 0)
        return boot_fail(error, r, "cannot wait for events: %s", strerror(-r));
    return 0;
}

static int boot_load_grants(struct node *node, struct node_error *error)
{
    int r = grants_load(&node->grants, &node->folders, (uint64_t)time(NULL));

    if (r < 0)
        return boot_fail(error, r, "cannot read what was granted, %s/grants: %s",
                node->folders.place.state, strerror(-r));
    return 0;
}

static int boot_load_policies(struct node *node, struct node_error *error)
{
    int r = policies_load(&node->policies, &node->folders, (uint64_t)time(NULL));

    if (r < 0)
        return boot_fail(error, r, "cannot read the policies of calls, %s/policies: %s",
                node->folders.place.state, strerror(-r));
    return 0;
}

int boot_open(struct node *node, const struct boot_options *options, struct node_error *error)
{
    int r;

    *node = (struct node){ .lock.fd = -1, .loop.fd = -1, .signals.fd = -1 };
    list_init(&node->processes);
    list_init(&node->logs);
    grants_init(&node->grants);
    policies_init(&node->policies);
    node->started_ms = clock_ms();
    umask(077);
    r = boot_find_libexec(node, error);
    if (r == 0)
        r = boot_open_folders(node, options->dir, error);
    if (r == 0)
        r = boot_lock(node, options, error);
    if (r == 0 && options->daemon)
        r = boot_open_own_log(node, error);
    if (r == 0)
        r = boot_open_loop(node, error);
    if (r == 0)
        r = boot_load_grants(node, error);
    if (r == 0)
        r = boot_load_policies(node, error);
    if (r == 0)
        r = boot_open_core(node, options, error);
    if (r < 0)
        return r;
    folder_sweep(&node->folders);
    boot_find_sandbox(node);
    node->launch = (struct launch_node){
        .folders = &node->folders,
        .name = node->name,
        .libexec = node->libexec,
        .dir = options->dir,
        .sandbox = &node->sandbox,
    };
    return 0;
}

void boot_close(struct node *node)
{
    list_for_each_safe (link, &node->processes)
        process_free(list_entry(link, struct process, link));
    control_deinit(&node->control);
    grants_deinit(&node->grants);
    policies_deinit(&node->policies);
    cgroup_close(&node->sandbox.cgroups);
    supervisor_deinit(&node->supervisor);
    node->own_log = logfile_close(node->own_log);
    if (node->signals.fd >= 0)
        close(node->signals.fd);
    loop_close(&node->loop);
    if (node->lock.fd >= 0) {
        unlink(node->folders.place.bus);
        folder_close(&node->folders);
    }
    lock_close(&node->lock);
}
