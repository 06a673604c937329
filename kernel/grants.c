// SPDX-License-Identifier: Apache-2.0
/* A file of its own for each: it is there whole or not at all, and none is written twice. */
#include "kernel/grants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "kernel/limits.h"
#include "mu/router/v1/router.pb-c.h"
#include "mu/schema.h"

enum { GRANTS_FOLDER_MODE = 0700, GRANTS_DIGITS = 16 };

void grants_init(struct grants *grants)
{
    *grants = (struct grants){ 0 };
    list_init(&grants->list);
}

static void grants_free(struct grants *grants, struct granted *granted)
{
    grants->patterns -= (uint32_t)granted->message->n_endpoints;
    list_remove(&granted->link);
    mu__node__v1__granted__free_unpacked(granted->message, NULL);
    free(granted);
}

void grants_deinit(struct grants *grants)
{
    while (!list_is_empty(&grants->list))
        grants_free(grants, list_entry(grants->list.next, struct granted, link));
}

/* ---- files ---- */

static void grants_folder(const struct folders *folders, char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%s/grants", folders->place.state);
}

static void grants_path(const struct folders *folders, uint64_t handle, const char *suffix,
        char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%s/grants/%016" PRIx64 "%s", folders->place.state, handle,
            suffix);
}

static int grants_sync_folder(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && fsync(fd) == 0 ? 0 : err_new(-errno);
}

static int grants_fill(const char *path, struct span bytes)
{
    CLEANUP(cleanup_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_new(-errno);
    if (write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size)
        return err_new(-EIO);
    return fsync(fd) == 0 ? 0 : err_new(-errno);
}

static int grants_write(const struct folders *folders, const Mu__Node__V1__Granted *message)
{
    size_t size = mu__node__v1__granted__get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *packed = malloc(size + 1);
    char folder[FOLDER_PATH_MAX];
    char draft[FOLDER_PATH_MAX];
    char path[FOLDER_PATH_MAX];
    int r;

    if (packed == NULL)
        return err_new(-ENOMEM);
    mu__node__v1__granted__pack(message, packed);
    grants_folder(folders, folder);
    grants_path(folders, message->handle, ".new", draft);
    grants_path(folders, message->handle, "", path);
    r = place_make(folder, GRANTS_FOLDER_MODE);
    if (r == 0)
        r = grants_sync_folder(folders->place.state);
    if (r == 0)
        r = grants_fill(draft, (struct span){ packed, size });
    if (r == 0 && rename(draft, path) < 0)
        r = err_new(-errno);
    return r == 0 ? grants_sync_folder(folder) : err_trace(r);
}

/* Reads one file. NULL where it is none. */
static Mu__Node__V1__Granted *grants_read(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(GRANT_SIZE_MAX);
    ssize_t size = fd >= 0 && bytes != NULL ? read(fd, bytes, GRANT_SIZE_MAX) : -1;

    if (size <= 0 || mu_body_check(&mu__node__v1__granted__descriptor,
                             (struct mu_bytes){ bytes, (size_t)size }, NULL) != 0)
        return NULL;
    return mu__node__v1__granted__unpack(NULL, (size_t)size, bytes);
}

/* ---- the list ---- */

/* Takes `message` over. Returns 0 or -ENOMEM. */
static int grants_push(struct grants *grants, Mu__Node__V1__Granted *message)
{
    struct granted *granted = calloc(1, sizeof(*granted));

    if (granted == NULL) {
        mu__node__v1__granted__free_unpacked(message, NULL);
        return err_new(-ENOMEM);
    }
    granted->message = message;
    grants->patterns += (uint32_t)message->n_endpoints;
    list_push(&grants->list, &granted->link);
    return 0;
}

static bool grants_is_over(const Mu__Node__V1__Granted *message, uint64_t now_s)
{
    return message->ends_s != 0 && message->ends_s <= now_s;
}

static int grants_load_file(struct grants *grants, const char *path, uint64_t now_s)
{
    Mu__Node__V1__Granted *message = grants_read(path);

    if (message != NULL && !grants_is_over(message, now_s))
        return grants_push(grants, message);
    if (message == NULL)
        log_warn("%s is no grant: removed", path);
    else
        mu__node__v1__granted__free_unpacked(message, NULL);
    unlink(path);
    return 0;
}

static void grants_close_folder(DIR **folderp)
{
    if (*folderp != NULL)
        closedir(*folderp);
}

int grants_load(struct grants *grants, const struct folders *folders, uint64_t now_s)
{
    CLEANUP(grants_close_folder) DIR *folder = NULL;
    char path[FOLDER_PATH_MAX];
    const struct dirent *entry;
    int r = 0;

    grants_folder(folders, path);
    folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? 0 : err_new(-errno);
    while (r == 0 && (entry = readdir(folder)) != NULL) {
        if (strspn(entry->d_name, "0123456789abcdef") < GRANTS_DIGITS)
            continue; /* `.`, and what is not ours */
        snprintf(path, sizeof(path), "%s/grants/%.24s", folders->place.state, entry->d_name);
        r = grants_load_file(grants, path, now_s);
    }
    return err_trace(r);
}

int grants_add(struct grants *grants, const struct folders *folders, Mu__Node__V1__Granted *granted)
{
    int r = 0;

    if (grants->patterns + granted->n_endpoints > GRANTS_MAX)
        r = err_new(-ENOSPC);
    if (r == 0)
        r = grants_write(folders, granted);
    if (r == 0)
        return err_trace(grants_push(grants, granted));
    mu__node__v1__granted__free_unpacked(granted, NULL);
    return err_trace(r);
}

int grants_remove(struct grants *grants, const struct folders *folders, uint64_t handle)
{
    char path[FOLDER_PATH_MAX];

    list_for_each_safe (node, &grants->list) {
        struct granted *granted = list_entry(node, struct granted, link);

        if (granted->message->handle != handle)
            continue;
        grants_path(folders, handle, "", path);
        if (unlink(path) < 0 && errno != ENOENT)
            return err_new(-errno);
        grants_free(grants, granted);
        grants_folder(folders, path);
        return grants_sync_folder(path);
    }
    return -ENOENT;
}

/* ---- for the router ---- */

static void grants_describe(const Mu__Node__V1__Granted *message, uint64_t now_s,
        Mu__Router__V1__OperatorGrant *grants, Mu__Router__V1__GrantsRequest *request)
{
    for (size_t i = 0; i < message->n_endpoints && !grants_is_over(message, now_s); i++) {
        Mu__Router__V1__OperatorGrant *grant = &grants[request->n_grants];

        mu__router__v1__operator_grant__init(grant);
        grant->handle = message->handle;
        grant->service = message->service;
        grant->endpoints = message->endpoints[i];
        grant->left_ms = message->ends_s == 0 ? 0 : (message->ends_s - now_s) * 1000;
        request->grants[request->n_grants++] = grant;
    }
}

int grants_pack(const struct grants *grants, uint64_t now_s, struct span *packedp)
{
    Mu__Router__V1__GrantsRequest request = MU__ROUTER__V1__GRANTS_REQUEST__INIT;
    CLEANUP(cleanup_free) Mu__Router__V1__OperatorGrant *each =
            calloc(grants->patterns + 1, sizeof(*each));
    CLEANUP(cleanup_free) Mu__Router__V1__OperatorGrant **links =
            calloc(grants->patterns + 1, sizeof(*links));
    uint8_t *packed;

    if (each == NULL || links == NULL)
        return err_new(-ENOMEM);
    request.grants = links;
    list_for_each (node, &grants->list)
        grants_describe(list_entry(node, struct granted, link)->message, now_s, each, &request);
    packed = malloc(mu__router__v1__grants_request__get_packed_size(&request) + 1);
    if (packed == NULL)
        return err_new(-ENOMEM);
    *packedp = (struct span){ packed, mu__router__v1__grants_request__pack(&request, packed) };
    return 0;
}
