// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/doctor_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/doctor_network.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "services/interface/mu/prefix.h"
#include "services/interface/mu/standing.h"

enum {
    CHECK_WAIT_MS = 2000,
    CHECK_DISK_MIB = 512,
    CHECK_FILES = 1024,
    CHECK_THREADS = 2048 /* room for: 100 services have about that many */
};

void check_say(
        struct check *check, enum check_level level, const char *fix, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(check->text, sizeof(check->text), format, args);
    va_end(args);
    check->level = level;
    snprintf(check->fix, sizeof(check->fix), "%s", fix);
}

static void check_programs(struct check *check)
{
    static const char *const programs[] = {
        "libexec/mu/mu-node",
        "libexec/mu/mu-exec",
        "libexec/mu/mu-router",
        "libexec/mu/mu-registry",
    };
    char path[PATH_MAX];

    check->name = "programs";
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (prefix_join(path, programs[i]) < 0 || access(path, X_OK) < 0) {
            check_say(check, CHECK_BAD, "install Mu again: cmake/up", "%s: %s", path,
                    strerror(errno));
            return;
        }
    }
    *strrchr(path, '/') = '\0';
    check_say(check, CHECK_GOOD, "", "all there, in %s", path);
}

/* The nearest folder above `path` that is there decides whether `path` can be made. */
static bool check_can_make(const char *path)
{
    char part[PLACE_PATH_MAX];

    snprintf(part, sizeof(part), "%s", path);
    while (access(part, F_OK) < 0 && strrchr(part, '/') != NULL && strrchr(part, '/') != part)
        *strrchr(part, '/') = '\0';
    return access(part, W_OK | X_OK) == 0;
}

static void check_folder(struct check *check, const char *path, bool is_private)
{
    struct stat found;
    char fix[CHECK_TEXT_MAX];

    if (stat(path, &found) < 0) {
        if (errno == ENOENT && check_can_make(path))
            check_say(check, CHECK_GOOD, "", "%s will be made", path);
        else
            check_say(check, CHECK_BAD, "take another folder: --dir DIR, or run as its owner",
                    "%s cannot be made: %s", path, strerror(errno == ENOENT ? EACCES : errno));
        return;
    }
    if (access(path, W_OK | X_OK) < 0) {
        snprintf(fix, sizeof(fix), "run mu as uid %u, or take another folder: --dir DIR",
                (unsigned)found.st_uid);
        check_say(check, CHECK_BAD, fix, "%s is not writable: %s", path, strerror(errno));
    } else if (is_private && (found.st_mode & 022) != 0) {
        snprintf(fix, sizeof(fix), "chmod go-w %s", path);
        check_say(check, CHECK_BAD, fix, "%s can be written by others (mode %03o)", path,
                (unsigned)(found.st_mode & 0777));
    } else {
        check_say(check, CHECK_GOOD, "", "%s, mode %03o", path, (unsigned)(found.st_mode & 0777));
    }
}

static void check_run_folder(struct check *check)
{
    check->name = "run";
    check_folder(check, check->cli->place.run, true);
}

static void check_state_folder(struct check *check)
{
    check->name = "state";
    check_folder(check, check->cli->place.state, true);
}

static void check_disk(struct check *check)
{
    char part[PLACE_PATH_MAX];
    struct statvfs found;
    uint64_t free_mib;

    check->name = "disk";
    snprintf(part, sizeof(part), "%s", check->cli->place.state);
    while (statvfs(part, &found) < 0) {
        if (strrchr(part, '/') == NULL || strrchr(part, '/') == part) {
            check_say(check, CHECK_NOTE, "", "cannot be looked at: %s", strerror(errno));
            return;
        }
        *strrchr(part, '/') = '\0';
    }
    free_mib = (uint64_t)found.f_bavail * found.f_frsize >> 20;
    if (free_mib < CHECK_DISK_MIB)
        check_say(check, CHECK_BAD, "make room: services stop writing when their store is full",
                "%" PRIu64 " MiB are free at %s", free_mib, part);
    else
        check_say(check, CHECK_GOOD, "", "%.1f GiB are free at %s", (double)free_mib / 1024, part);
}

static void check_files(struct check *check)
{
    struct rlimit limit = { 0 };

    check->name = "files";
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < CHECK_FILES)
        check_say(check, CHECK_BAD, "ulimit -n 4096, before mu up",
                "%" PRIu64 " open files at a time are few", (uint64_t)limit.rlim_cur);
    else
        check_say(check, CHECK_GOOD, "", "%" PRIu64 " open files at a time",
                (uint64_t)limit.rlim_cur);
}

/* The number behind `mark` in the first line of a file; 0 where there is none. */
static uint64_t check_number(const char *path, const char *mark)
{
    FILE *file = fopen(path, "re");
    char line[128] = "";
    const char *at;

    if (file == NULL)
        return 0;
    at = fgets(line, sizeof(line), file) != NULL ? strstr(line, mark) : NULL;
    fclose(file);
    return at != NULL ? strtoull(at + strlen(mark), NULL, 10) : 0;
}

static void check_threads(struct check *check)
{
    uint64_t pid_max = check_number("/proc/sys/kernel/pid_max", "");
    uint64_t threads = check_number("/proc/loadavg", "/"); /* 0.00 0.01 0.05 2/345 678 */

    check->name = "threads";
    if (pid_max == 0) {
        check_say(check, CHECK_NOTE, "", "/proc does not say how many there may be");
    } else if (threads + CHECK_THREADS > pid_max) {
        check_say(check, CHECK_BAD, "sysctl kernel.pid_max=4194304",
                "%" PRIu64 " of %" PRIu64 " are taken; each process of Mu has about 15", threads,
                pid_max);
    } else {
        check_say(check, CHECK_GOOD, "", "%" PRIu64 " of %" PRIu64, threads, pid_max);
    }
}

static void check_clock(struct check *check)
{
    struct timex state = { 0 };
    int code = adjtimex(&state);

    check->name = "clock";
    if (code == TIME_ERROR || code < 0)
        check_say(check, CHECK_NOTE, "",
                "nobody sets it; deadlines do not mind, times in logs may be off, and nodes of a "
                "network must agree within two minutes");
    else
        check_say(check, CHECK_GOOD, "", "set by the network, to %ld us", state.maxerror);
}

static void check_socket(struct check *check)
{
    struct cli *cli = check->cli;
    int error = bus_open(cli);

    check->name = "socket";
    if (error == 0)
        check_say(check, CHECK_GOOD, "", "%s answers", cli->place.bus);
    else if (error == -ENOENT)
        check_say(check, CHECK_BAD, "mu up", "no node is running: there is no %s", cli->place.bus);
    else if (error == -ETIMEDOUT)
        check_say(check, CHECK_BAD, "mu logs router      mu logs node",
                "a node lives, but %s does not answer", cli->place.bus);
    else if (error == -ECONNREFUSED)
        check_say(check, CHECK_BAD, "mu up", "%s is left over from a node that ended",
                cli->place.bus);
    else
        check_say(check, CHECK_BAD, "run mu as the user who started the node", "%s: %s",
                cli->place.bus, strerror(-error));
}

static bool check_ask(struct check *check, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *type, ProtobufCMessage **replyp)
{
    struct mu_status status;

    if (check->cli->client == NULL) {
        check_say(check, CHECK_NOTE, "", "not looked at: no node is running");
        return false;
    }
    if (bus_ask(check->cli, endpoint, request, type, CHECK_WAIT_MS, replyp, &status) == MU_OK)
        return true;
    check_say(check, CHECK_BAD, "mu ps      mu logs", "%s: %s: %s", endpoint,
            mu_code_name(status.code), status.message);
    return false;
}

static void check_node(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *reply = NULL;
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;

    check->name = "node";
    if (!check_ask(check, "node.Status", &request.base, &mu__node__v1__status_reply__descriptor,
                (ProtobufCMessage **)&reply))
        return;
    if (strcmp(reply->version, MU_VERSION) != 0)
        check_say(check, CHECK_BAD, "mu down && mu up",
                "it is version %s, this is %s: Mu was installed anew meanwhile", reply->version,
                MU_VERSION);
    else
        check_say(check, CHECK_GOOD, "", "%s answers, version %s as this", reply->node,
                reply->version);
}

/* What processes can be shut into here, and whether that is enough for this node. */
static void check_sandbox(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *reply = NULL;
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;

    check->name = "sandbox";
    if (!check_ask(check, "node.Status", &request.base, &mu__node__v1__status_reply__descriptor,
                (ProtobufCMessage **)&reply))
        return;
    if (reply->grade[0] == '\0')
        check_say(
                check, CHECK_NOTE, "mu down && mu up", "the node does not say; it is an older one");
    else if (reply->grade_lacks[0] == '\0')
        check_say(check, CHECK_GOOD, "", "grade A, the best; services need %s", reply->sandbox_min);
    else
        check_say(check, reply->grade[0] > 'B' ? CHECK_NOTE : CHECK_GOOD, "",
                "grade %s: %s; services need %s", reply->grade, reply->grade_lacks,
                reply->sandbox_min);
}

static void check_router(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Router__V1__StatsReply *reply = NULL;
    Mu__Router__V1__StatsRequest request = MU__ROUTER__V1__STATS_REQUEST__INIT;

    check->name = "router";
    if (!check_ask(check, "router.Stats", &request.base, &mu__router__v1__stats_reply__descriptor,
                (ProtobufCMessage **)&reply))
        return;
    check_say(check, reply->channels_refused > 0 ? CHECK_NOTE : CHECK_GOOD, "",
            "%u channels, %" PRIu64 " calls, %" PRIu64 " refused, %" PRIu64
            " channels closed for breaking the protocol",
            reply->channels_open, reply->calls, reply->calls_refused, reply->channels_refused);
}

static void check_registry(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ListReply *reply = NULL;
    Mu__Registry__V1__ListRequest request = MU__REGISTRY__V1__LIST_REQUEST__INIT;

    check->name = "registry";
    if (check_ask(check, "registry.List", &request.base, &mu__registry__v1__list_reply__descriptor,
                (ProtobufCMessage **)&reply))
        check_say(check, CHECK_GOOD, "", "%zu service%s, revision %" PRIu64, reply->n_services,
                reply->n_services == 1 ? "" : "s", reply->revision);
}

/* Appends to a text of CHECK_TEXT_MAX bytes; what does not fit is left out. */
__attribute__((format(printf, 2, 3))) static void check_append(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + length, CHECK_TEXT_MAX - length, format, args);
    va_end(args);
}

/* What `check_processes` has to say, as it is found out. */
struct check_tally {
    size_t up;
    char bad[CHECK_TEXT_MAX];     /* "shop failed: exit 1; cart waits for …" */
    char logs[CHECK_TEXT_MAX];    /* "mu logs shop      mu logs cart" */
    char stopped[CHECK_TEXT_MAX]; /* "counter talk" */
};

static void check_process(struct check_tally *tally, const Mu__Node__V1__ListReply *list,
        const Mu__Node__V1__Process *process)
{
    enum standing standing = standing_of_process(list, process);
    bool pauses = process->state == MU__NODE__V1__PROCESS_STATE__PROCESS_BACKOFF;
    bool is_first = standing_best(list, process->service) == process;
    char why[STANDING_WHY_MAX];

    tally->up += standing == STANDING_UP;
    if (!is_first && standing != STANDING_FAILED)
        return;
    if (standing == STANDING_STOPPED)
        check_append(
                tally->stopped, "%s%s", tally->stopped[0] != '\0' ? " " : "", process->service);
    if (standing != STANDING_FAILED && standing != STANDING_STUCK && !pauses)
        return;
    check_append(tally->bad, "%s%s %s", tally->bad[0] != '\0' ? "; " : "", process->service,
            standing_why(standing, process, why, sizeof(why)));
    if (standing != STANDING_STUCK)
        check_append(tally->logs, "mu logs %s      ", process->service);
}

static void check_processes(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *reply = NULL;
    Mu__Node__V1__ListRequest request = MU__NODE__V1__LIST_REQUEST__INIT;
    struct check_tally tally = { 0 };

    check->name = "processes";
    if (!check_ask(check, "node.List", &request.base, &mu__node__v1__list_reply__descriptor,
                (ProtobufCMessage **)&reply))
        return;
    for (size_t i = 0; i < reply->n_processes; i++)
        check_process(&tally, reply, reply->processes[i]);
    if (tally.bad[0] != '\0') {
        check_append(tally.logs, "mu ps");
        check_say(check, CHECK_BAD, tally.logs, "%s", tally.bad);
    } else if (tally.stopped[0] != '\0') {
        check_say(check, CHECK_NOTE, "", "%zu of %zu up; stopped by an operator: %.300s", tally.up,
                reply->n_processes, tally.stopped);
    } else {
        check_say(check, CHECK_GOOD, "", "%zu of %zu up", tally.up, reply->n_processes);
    }
}

const check_fn check_all[] = {
    check_programs,
    check_run_folder,
    check_state_folder,
    check_disk,
    check_files,
    check_threads,
    check_clock,
    check_socket,
    check_node,
    check_sandbox,
    check_router,
    check_registry,
    check_processes,
    check_network,
    check_key,
    check_authority,
    check_links,
    check_addresses,
    check_root_key,
    NULL,
};
