// SPDX-License-Identifier: Apache-2.0
/* A file of its own for each, which a new one takes the place of by rename: it is there whole, old
 * or new. */
#include "kernel/policies.h"

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
#include "transport/terms.h"
#include "mu/schema.h"

enum { POLICIES_FOLDER_MODE = 0700, POLICIES_DIGITS = 16 };

void policies_init(struct policies_kept *policies)
{
    *policies = (struct policies_kept){ 0 };
    list_init(&policies->list);
}

static void policies_free(struct policies_kept *policies, struct policy_kept *kept)
{
    policies->count -= 1;
    list_remove(&kept->link);
    mu__node__v1__policy_set__free_unpacked(kept->message, NULL);
    free(kept);
}

void policies_deinit(struct policies_kept *policies)
{
    while (!list_is_empty(&policies->list))
        policies_free(policies, list_entry(policies->list.next, struct policy_kept, link));
}

/* ---- files ---- */

static void policies_folder(const struct folders *folders, char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%s/policies", folders->place.state);
}

static void policies_path(const struct folders *folders, uint64_t handle, const char *suffix,
        char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%s/policies/%016" PRIx64 "%s", folders->place.state, handle,
            suffix);
}

static int policies_sync_folder(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && fsync(fd) == 0 ? 0 : err_new(-errno);
}

static int policies_fill(const char *path, struct span bytes)
{
    CLEANUP(cleanup_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_new(-errno);
    if (write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size)
        return err_new(-EIO);
    return fsync(fd) == 0 ? 0 : err_new(-errno);
}

static int policies_write(const struct folders *folders, const Mu__Node__V1__PolicySet *message)
{
    size_t size = mu__node__v1__policy_set__get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *packed = malloc(size + 1);
    char folder[FOLDER_PATH_MAX];
    char draft[FOLDER_PATH_MAX];
    char path[FOLDER_PATH_MAX];
    int r;

    if (packed == NULL)
        return err_new(-ENOMEM);
    mu__node__v1__policy_set__pack(message, packed);
    policies_folder(folders, folder);
    policies_path(folders, message->handle, ".new", draft);
    policies_path(folders, message->handle, "", path);
    r = place_make(folder, POLICIES_FOLDER_MODE);
    if (r == 0)
        r = policies_sync_folder(folders->place.state);
    if (r == 0)
        r = policies_fill(draft, (struct span){ packed, size });
    if (r == 0 && rename(draft, path) < 0)
        r = err_new(-errno);
    return r == 0 ? policies_sync_folder(folder) : err_trace(r);
}

/* True where the router would take it. */
static bool policies_is_good(const Mu__Node__V1__PolicySet *message)
{
    struct terms terms;
    char why[TERMS_TEXT_MAX];
    bool good;

    if (message->policy == NULL)
        return false;
    message->policy->left_ms = message->ends_s != 0 ? 1 : 0; /* what it has left is said later */
    good = terms_read(&terms, message->policy, why);
    message->policy->left_ms = 0;
    return good;
}

/* Reads one file. NULL where it is none. */
static Mu__Node__V1__PolicySet *policies_read(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(POLICY_SIZE_MAX);
    ssize_t size = fd >= 0 && bytes != NULL ? read(fd, bytes, POLICY_SIZE_MAX) : -1;
    Mu__Node__V1__PolicySet *message;

    if (size <= 0 || mu_body_check(&mu__node__v1__policy_set__descriptor,
                             (struct mu_bytes){ bytes, (size_t)size }, NULL) != 0)
        return NULL;
    message = mu__node__v1__policy_set__unpack(NULL, (size_t)size, bytes);
    if (message == NULL || policies_is_good(message))
        return message;
    mu__node__v1__policy_set__free_unpacked(message, NULL);
    return NULL;
}

/* ---- the list ---- */

static bool policies_is_over(const Mu__Node__V1__PolicySet *message, uint64_t now_s)
{
    return message->ends_s != 0 && message->ends_s <= now_s;
}

static bool policies_is_of(
        const Mu__Node__V1__PolicySet *message, const char *endpoints, const char *caller)
{
    return strcmp(message->policy->endpoints, endpoints) == 0 &&
           strcmp(message->policy->caller, caller) == 0;
}

/* The one with the scope of `set`; NULL where there is none. */
static struct policy_kept *policies_same(
        const struct policies_kept *policies, const Mu__Node__V1__PolicySet *set)
{
    list_for_each (node, &policies->list) {
        struct policy_kept *kept = list_entry(node, struct policy_kept, link);

        if (policies_is_of(kept->message, set->policy->endpoints, set->policy->caller) &&
                (kept->message->ends_s == 0) == (set->ends_s == 0))
            return kept;
    }
    return NULL;
}

/* Takes `message` over. Returns 0 or -ENOMEM. */
static int policies_push(struct policies_kept *policies, Mu__Node__V1__PolicySet *message)
{
    struct policy_kept *kept = calloc(1, sizeof(*kept));

    if (kept == NULL) {
        mu__node__v1__policy_set__free_unpacked(message, NULL);
        return err_new(-ENOMEM);
    }
    kept->message = message;
    policies->count += 1;
    list_push(&policies->list, &kept->link);
    return 0;
}

static int policies_load_file(struct policies_kept *policies, const char *path, uint64_t now_s)
{
    Mu__Node__V1__PolicySet *message = policies_read(path);
    bool fits = policies->count < POLICIES_MAX;

    if (message != NULL && !policies_is_over(message, now_s) && fits &&
            policies_same(policies, message) == NULL)
        return policies_push(policies, message);
    if (message == NULL)
        log_warn("%s is no policy: removed", path);
    else
        mu__node__v1__policy_set__free_unpacked(message, NULL);
    unlink(path);
    return 0;
}

static void policies_close_folder(DIR **folderp)
{
    if (*folderp != NULL)
        closedir(*folderp);
}

int policies_load(struct policies_kept *policies, const struct folders *folders, uint64_t now_s)
{
    CLEANUP(policies_close_folder) DIR *folder = NULL;
    char path[FOLDER_PATH_MAX];
    const struct dirent *entry;
    int r = 0;

    policies_folder(folders, path);
    folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? 0 : err_new(-errno);
    while (r == 0 && (entry = readdir(folder)) != NULL) {
        if (strspn(entry->d_name, "0123456789abcdef") < POLICIES_DIGITS)
            continue; /* `.`, and what is not ours */
        snprintf(path, sizeof(path), "%s/policies/%.24s", folders->place.state, entry->d_name);
        r = policies_load_file(policies, path, now_s);
    }
    return err_trace(r);
}

int policies_set(struct policies_kept *policies, const struct folders *folders,
        Mu__Node__V1__PolicySet *set, bool *replacedp)
{
    struct policy_kept *same = policies_same(policies, set);
    int r = 0;

    set->policy->left_ms = 0;
    *replacedp = same != NULL;
    if (same != NULL)
        set->handle = same->message->handle;
    else if (policies->count == POLICIES_MAX)
        r = err_new(-ENOSPC);
    if (r == 0)
        r = policies_write(folders, set);
    if (r == 0 && same == NULL)
        return err_trace(policies_push(policies, set));
    if (r == 0) {
        mu__node__v1__policy_set__free_unpacked(same->message, NULL);
        same->message = set;
        return 0;
    }
    mu__node__v1__policy_set__free_unpacked(set, NULL);
    return err_trace(r);
}

int policies_remove(struct policies_kept *policies, const struct folders *folders,
        const Mu__Node__V1__RemovePolicyRequest *scope, uint32_t *removedp)
{
    char path[FOLDER_PATH_MAX];

    *removedp = 0;
    list_for_each_safe (node, &policies->list) {
        struct policy_kept *kept = list_entry(node, struct policy_kept, link);

        if (!policies_is_of(kept->message, scope->endpoints, scope->caller))
            continue;
        policies_path(folders, kept->message->handle, "", path);
        if (unlink(path) < 0 && errno != ENOENT)
            return err_new(-errno);
        policies_free(policies, kept);
        *removedp += 1;
    }
    if (*removedp == 0)
        return 0;
    policies_folder(folders, path);
    return err_trace(policies_sync_folder(path));
}

void policies_sweep(struct policies_kept *policies, const struct folders *folders, uint64_t now_s)
{
    char path[FOLDER_PATH_MAX];

    list_for_each_safe (node, &policies->list) {
        struct policy_kept *kept = list_entry(node, struct policy_kept, link);

        if (!policies_is_over(kept->message, now_s))
            continue;
        policies_path(folders, kept->message->handle, "", path);
        unlink(path); /* one that stays is removed at the next start: it has ended */
        policies_free(policies, kept);
    }
}

/* ---- for the router ---- */

/* A clock that was set back lets no fault stay for longer than one may. */
static uint64_t policies_left_ms(const Mu__Node__V1__PolicySet *set, uint64_t now_s)
{
    uint64_t left_ms = set->ends_s > now_s ? (set->ends_s - now_s) * 1000 : 0;

    if (set->policy->fault != NULL && left_ms > POLICY_FAULT_MAX_MS)
        return POLICY_FAULT_MAX_MS;
    return left_ms;
}

void policies_tell_left(struct policies_kept *policies, uint64_t now_s)
{
    list_for_each (node, &policies->list) {
        Mu__Node__V1__PolicySet *set = list_entry(node, struct policy_kept, link)->message;

        set->policy->left_ms = policies_left_ms(set, now_s);
    }
}

int policies_pack(struct policies_kept *policies, uint64_t now_s, struct span *packedp)
{
    Mu__Router__V1__PoliciesRequest request = MU__ROUTER__V1__POLICIES_REQUEST__INIT;
    CLEANUP(cleanup_free) Mu__Router__V1__Policy **each =
            calloc(policies->count + 1, sizeof(*each));
    uint8_t *packed;

    if (each == NULL)
        return err_new(-ENOMEM);
    policies_tell_left(policies, now_s);
    request.policies = each;
    list_for_each (node, &policies->list) {
        const Mu__Node__V1__PolicySet *set = list_entry(node, struct policy_kept, link)->message;

        if (policies_is_over(set, now_s))
            continue;
        each[request.n_policies++] = set->policy;
    }
    packed = malloc(mu__router__v1__policies_request__get_packed_size(&request) + 1);
    if (packed == NULL)
        return err_new(-ENOMEM);
    *packedp = (struct span){ packed, mu__router__v1__policies_request__pack(&request, packed) };
    return 0;
}
