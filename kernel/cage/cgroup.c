// SPDX-License-Identifier: Apache-2.0
/* Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst. In v2 a group that has processes of its
 * own passes on no controllers, so the supervisor moves one down, and back where that was in vain.
 */
#include "kernel/cage/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "kernel/cage/cage.h"

enum { CGROUP_LINE_MAX = 4096, CGROUP_MODE = 0755, CGROUP_NAME_MAX = 32 };

static int cgroup_write(const char *folder, const char *file, const char *text)
{
    char path[CGROUP_PATH_MAX + 64];
    CLEANUP(cleanup_close) int fd = -1;

    snprintf(path, sizeof(path), "%s/%s", folder, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int cgroup_write_number(const char *folder, const char *file, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    return cgroup_write(folder, file, text);
}

/* ---- where ---- */

static bool cgroup_has_word(const char *list, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, size) == 0 &&
                (at[size] == ',' || at[size] == '\n' || at[size] == '\0'))
            return true;
    }
    return false;
}

/* The group this process is in, of the hierarchy with `controller` ("": v2's), as /proc/self/cgroup
 * says it. */
static bool cgroup_own(const char *controller, char path[CGROUP_PATH_MAX])
{
    CLEANUP(cleanup_fclose) FILE *file = fopen("/proc/self/cgroup", "re");
    char line[CGROUP_LINE_MAX];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *controllers = strchr(line, ':');
        char *own = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

        if (own == NULL)
            continue;
        *own++ = '\0';
        own[strcspn(own, "\n")] = '\0';
        if (strcmp(controllers + 1, controller) != 0 &&
                (controller[0] == '\0' || !cgroup_has_word(controllers + 1, controller)))
            continue;
        return (size_t)snprintf(path, CGROUP_PATH_MAX, "%s", own) < CGROUP_PATH_MAX;
    }
    return false;
}

/* Where that hierarchy is mounted. The line ends: `- cgroup cgroup rw,memory`. */
static bool cgroup_mount(const char *controller, char path[CGROUP_PATH_MAX])
{
    CLEANUP(cleanup_fclose) FILE *file = fopen("/proc/self/mountinfo", "re");
    const char *type = controller[0] != '\0' ? "cgroup " : "cgroup2 ";
    char line[CGROUP_LINE_MAX];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *end = strstr(line, " - ");
        const char *options = end != NULL ? strrchr(end, ' ') : NULL;

        if (options == NULL || strncmp(end + 3, type, strlen(type)) != 0 ||
                (controller[0] != '\0' && !cgroup_has_word(options + 1, controller)))
            continue;
        return sscanf(line, "%*s %*s %*s %*s %511s", path) == 1;
    }
    return false;
}

/* The folder of this process's group. */
static bool cgroup_find(const char *controller, char folder[CGROUP_PATH_MAX])
{
    char mount[CGROUP_PATH_MAX];
    char own[CGROUP_PATH_MAX];

    if (!cgroup_mount(controller, mount) || !cgroup_own(controller, own))
        return false;
    if ((size_t)snprintf(folder, CGROUP_PATH_MAX, "%s%s", mount,
                strcmp(own, "/") == 0 ? "" : own) >= CGROUP_PATH_MAX - CGROUP_NAME_MAX)
        return false;
    return access(folder, F_OK) == 0;
}

/* ---- the node's group ---- */

static bool cgroup_make(char folder[CGROUP_PATH_MAX], const char *name)
{
    size_t size = strlen(folder);

    snprintf(folder + size, CGROUP_PATH_MAX - size, "/%s", name);
    return mkdir(folder, CGROUP_MODE) == 0 || errno == EEXIST;
}

static bool cgroup_open_old(struct cgroups *cgroups, const char *name)
{
    if (!cgroup_find("memory", cgroups->memory) || !cgroup_find("pids", cgroups->pids))
        return false;
    if (!cgroup_make(cgroups->memory, name))
        return false;
    if (cgroup_make(cgroups->pids, name))
        return true;
    rmdir(cgroups->memory);
    return false;
}

/* Moves this process into `leaf`, and has the groups above it pass on what is needed. */
static bool cgroup_delegate(const char *own, const char *group, const char *leaf)
{
    static const char controllers[] = "+memory +pids";

    if (cgroup_write_number(leaf, "cgroup.procs", (uint64_t)getpid()) < 0)
        return false;
    if (cgroup_write(own, "cgroup.subtree_control", controllers) == 0 &&
            cgroup_write(group, "cgroup.subtree_control", controllers) == 0)
        return true;
    cgroup_write_number(own, "cgroup.procs", (uint64_t)getpid());
    return false;
}

/* A supervisor that goes on in the place of another stands in the leaf that that one made. */
static void cgroup_step_out(char own[CGROUP_PATH_MAX], const char *name)
{
    char leaf[CGROUP_NAME_MAX + 8];
    size_t size = strlen(own);
    size_t leaf_size = (size_t)snprintf(leaf, sizeof(leaf), "/%s/node", name);

    if (size >= leaf_size && strcmp(own + size - leaf_size, leaf) == 0)
        own[size - leaf_size] = '\0';
}

static bool cgroup_open_unified(struct cgroups *cgroups, const char *name)
{
    char own[CGROUP_PATH_MAX];
    char leaf[CGROUP_PATH_MAX];

    if (!cgroup_find("", own) || strlen(own) + (size_t)2 * CGROUP_NAME_MAX >= CGROUP_PATH_MAX)
        return false;
    cgroup_step_out(own, name);
    snprintf(cgroups->memory, CGROUP_PATH_MAX, "%s", own);
    if (!cgroup_make(cgroups->memory, name))
        return false;
    snprintf(leaf, sizeof(leaf), "%s", cgroups->memory);
    if (cgroup_make(leaf, "node") && cgroup_delegate(own, cgroups->memory, leaf)) {
        snprintf(cgroups->pids, CGROUP_PATH_MAX, "%s", cgroups->memory);
        cgroups->unified = true;
        return true;
    }
    rmdir(leaf);
    rmdir(cgroups->memory);
    return false;
}

static void cgroup_sweep(const char *folder)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;

    if (stream == NULL)
        return;
    while ((entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
            unlinkat(dirfd(stream), entry->d_name, AT_REMOVEDIR);
    }
    closedir(stream);
}

void cgroup_open(struct cgroups *cgroups, const char *run)
{
    char name[CGROUP_NAME_MAX];
    uint32_t hash = 2166136261u; /* FNV-1a: one name for one folder */

    for (const char *at = run; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    *cgroups = (struct cgroups){ 0 };
    snprintf(name, sizeof(name), "mu-%08x", hash);
    cgroups->found = cgroup_open_unified(cgroups, name) || cgroup_open_old(cgroups, name);
    if (!cgroups->found)
        return;
    cgroup_sweep(cgroups->memory);
    cgroup_sweep(cgroups->pids);
}

/* ---- one process ---- */

static void cgroup_name(const char *folder, uint64_t instance, char path[CGROUP_PATH_MAX])
{
    snprintf(path, CGROUP_PATH_MAX, "%.460s/%" PRIu64, folder, instance);
}

static int cgroup_limit(const char *path, const char *file, uint64_t limit)
{
    int r = mkdir(path, CGROUP_MODE) == 0 || errno == EEXIST ? 0 : -errno;

    return r == 0 && limit != 0 ? cgroup_write_number(path, file, limit) : r;
}

/* In v1 a thread that moves only itself does so without the lock that everybody else who moves one
 * waits for, tens of milliseconds: so `tasks`, and so the process itself. */
int cgroup_make_instance(const struct cgroups *cgroups, uint64_t instance, uint32_t memory_mib,
        char files[2][CGROUP_PATH_MAX])
{
    char path[CGROUP_PATH_MAX];
    int r;

    cgroup_name(cgroups->memory, instance, path);
    r = cgroup_limit(path, cgroups->unified ? "memory.max" : "memory.limit_in_bytes",
            (uint64_t)memory_mib << 20);
    snprintf(files[0], CGROUP_PATH_MAX, "%.490s/%s", path,
            cgroups->unified ? "cgroup.procs" : "tasks");
    cgroup_name(cgroups->pids, instance, path);
    if (r == 0)
        r = cgroup_limit(path, "pids.max", CAGE_TASKS_MAX);
    files[1][0] = '\0';
    if (!cgroups->unified)
        snprintf(files[1], CGROUP_PATH_MAX, "%.490s/tasks", path);
    if (r < 0) {
        cgroup_remove(cgroups, instance);
        return err_new(r);
    }
    return 0;
}

void cgroup_remove(const struct cgroups *cgroups, uint64_t instance)
{
    char path[CGROUP_PATH_MAX];

    if (!cgroups->found)
        return;
    cgroup_name(cgroups->memory, instance, path);
    if (cgroups->unified)
        cgroup_write(path, "cgroup.kill", "1");
    rmdir(path);
    cgroup_name(cgroups->pids, instance, path);
    rmdir(path);
}

void cgroup_close(struct cgroups *cgroups)
{
    if (!cgroups->found)
        return;
    cgroup_sweep(cgroups->memory);
    cgroup_sweep(cgroups->pids);
    rmdir(cgroups->memory); /* with v2 the supervisor is still in it, and its own group goes with it
                             */
    rmdir(cgroups->pids);
    cgroups->found = false;
}
