// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/admission.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "kernel/router/control.h"

struct admission {
    struct list link;          /* in shell.admissions or shell.node_admissions */
    struct shell *shell;       /* borrowed for good */
    struct listener *listener; /* owned, until it said `closed` */
    uint64_t instance;
    uint64_t channel;
    bool is_client;
    uint32_t pid;
    uint32_t uid;
    struct peer_limits limits;
    uint8_t *calls; /* owned: what the process may call, patterns that end in a NUL each */
    size_t calls_size;
    uint8_t *exports; /* owned: what others may call, as peer_identity.exports */
    size_t exports_size;
    bool taken; /* guarded by shell.lock: its one connection was made */
    char service[SERVICE_NAME_MAX + 1];
    char space[SERVICE_NAME_MAX + 1];
    char path[PATH_SIZE_MAX];
};

static int admission_accepted(struct listener *listener, struct channel *channel, void *user)
{
    struct admission *admission = user;
    struct shell *shell = admission->shell;
    struct channel_peer peer = channel_peer(channel);
    struct peer_identity identity = {
        .uid = peer.uid,
        .pid = peer.pid,
        .instance = admission->instance,
        .channel = admission->channel,
        .is_client = admission->is_client,
        .service = admission->channel != 0 ? NULL : admission->service,
        .space = admission->space,
        .limits = admission->limits,
        .calls = { admission->calls, admission->calls_size },
        .exports = { admission->exports, admission->exports_size },
        .link = FRAME_IPC,
    };
    bool wanted;
    int r;

    (void)listener;
    pthread_mutex_lock(&shell->lock);
    wanted = !admission->taken && peer.known && peer.pid == admission->pid &&
             peer.uid == admission->uid;
    admission->taken = admission->taken || wanted;
    if (!wanted)
        shell->router.stats.peers_refused += 1;
    pthread_mutex_unlock(&shell->lock);
    if (!wanted) {
        log_warn("refused a connection of pid %u to the private channel of %s (pid %u)", peer.pid,
                admission->service, admission->pid);
        return err_new(-EACCES);
    }
    r = shell_join(shell, channel, &identity);
    if (r < 0) {
        pthread_mutex_lock(&shell->lock);
        admission->taken = false; /* it may try again */
        pthread_mutex_unlock(&shell->lock);
    }
    return r;
}

static void admission_free(struct admission *admission)
{
    free(admission->calls);
    free(admission->exports);
    free(admission);
}

/* A copy for the caller to free. NULL: out of memory. */
static uint8_t *admission_copy(struct span text)
{
    uint8_t *copy = malloc(text.size + 1);

    if (copy != NULL && text.size > 0)
        memcpy(copy, text.data, text.size);
    return copy;
}

static void admission_closed(struct listener *listener, void *user)
{
    (void)listener;
    admission_free(user);
}

/* The process's, by its instance. With the lock. */
static struct admission *admission_find(struct shell *shell, uint64_t instance)
{
    list_for_each (node, &shell->admissions) {
        struct admission *admission = list_entry(node, struct admission, link);

        if (admission->instance == instance)
            return admission;
    }
    return NULL;
}

/* Lists it, unless the process was admitted before. Without the lock. */
static int admission_list(struct shell *shell, struct admission *admission)
{
    int r = 0;

    pthread_mutex_lock(&shell->lock);
    if (admission->channel != 0)
        list_push(&shell->node_admissions, &admission->link);
    else if (admission_find(shell, admission->instance) == NULL)
        list_push(&shell->admissions, &admission->link);
    else
        r = -EEXIST;
    pthread_mutex_unlock(&shell->lock);
    return r;
}

/* NULL: out of memory. */
static struct admission *admission_new(struct shell *shell, const struct admission_terms *terms)
{
    struct admission *admission = calloc(1, sizeof(*admission));

    if (admission == NULL)
        return NULL;
    admission->calls = admission_copy(terms->calls);
    admission->exports = admission_copy(terms->exports);
    if (admission->calls == NULL || admission->exports == NULL) {
        admission_free(admission);
        return NULL;
    }
    admission->calls_size = terms->calls.size;
    admission->exports_size = terms->exports.size;
    list_init(&admission->link);
    admission->shell = shell;
    admission->instance = terms->instance;
    admission->channel = terms->channel;
    admission->is_client = terms->is_client;
    admission->pid = terms->pid;
    admission->uid = terms->uid;
    admission->limits = terms->limits;
    snprintf(admission->service, sizeof(admission->service), "%s", terms->service);
    if (terms->space != NULL)
        snprintf(admission->space, sizeof(admission->space), "%s", terms->space);
    snprintf(admission->path, sizeof(admission->path), "%s", terms->path);
    return admission;
}

/* Another user's socket lies in a folder that only it can enter; who connects is looked at besides.
 */
static unsigned admission_mode(uint32_t uid)
{
    return uid == geteuid() ? 0600 : 0666;
}

int admission_open(struct shell *shell, const struct admission_terms *terms)
{
    static const struct listener_events events = { admission_accepted, admission_closed };
    char address[PATH_SIZE_MAX + 8];
    struct admission *admission;
    int r;

    if (strlen(terms->path) >= PATH_SIZE_MAX)
        return err_new(-ENAMETOOLONG);
    snprintf(address, sizeof(address), "ipc://%s", terms->path);
    admission = admission_new(shell, terms);
    if (admission == NULL)
        return err_new(-ENOMEM);
    r = admission_list(shell, admission);
    if (r == 0)
        r = listener_open(
                &admission->listener, address, admission_mode(terms->uid), &events, admission);
    if (r < 0) {
        pthread_mutex_lock(&shell->lock);
        list_remove(&admission->link);
        pthread_mutex_unlock(&shell->lock);
        admission_free(admission);
    }
    return err_trace(r);
}

/* Writes where the neighbour's socket is to be, beside its linker's own, and who may connect. With
 * the lock. Returns 0, -ENOENT or -ENAMETOOLONG. */
static int admission_write_terms(struct shell *shell, const struct neighbour *neighbour,
        struct admission_terms *terms, char path[PATH_SIZE_MAX])
{
    const struct admission *own = admission_find(shell, neighbour->linker->instance);
    const char *slash = own != NULL ? strrchr(own->path, '/') : NULL;

    *terms = (struct admission_terms){ .channel = neighbour->channel,
        .is_client = neighbour_is_client(neighbour),
        .service = "link",
        .path = path,
        .pid = neighbour->linker->pid,
        .uid = neighbour->linker->uid };
    if (slash == NULL)
        return err_new(-ENOENT);
    if (snprintf(path, PATH_SIZE_MAX, "%.*s/n%" PRIu64, (int)(slash - own->path), own->path,
                neighbour->channel) >= PATH_SIZE_MAX)
        return err_new(-ENAMETOOLONG);
    return 0;
}

/* Opens one socket that was asked for. False where there is none. */
static bool admission_open_node(struct shell *shell)
{
    struct admission_terms terms;
    const struct neighbour *neighbour;
    char path[PATH_SIZE_MAX] = "";
    int r = 0;

    pthread_mutex_lock(&shell->lock);
    neighbour = neighbour_next_asked(&shell->router);
    if (neighbour != NULL)
        r = admission_write_terms(shell, neighbour, &terms, path);
    pthread_mutex_unlock(&shell->lock);
    if (neighbour == NULL)
        return false;
    if (r == 0)
        r = admission_open(shell, &terms);
    pthread_mutex_lock(&shell->lock);
    neighbour_opened(&shell->router, terms.channel, path, r);
    pthread_mutex_unlock(&shell->lock);
    return true;
}

/* Takes the socket of a neighbour that is gone off the list; NULL where there is none. */
static struct admission *admission_take_stale(struct shell *shell)
{
    struct admission *stale = NULL;

    pthread_mutex_lock(&shell->lock);
    list_for_each (node, &shell->node_admissions) {
        struct admission *admission = list_entry(node, struct admission, link);

        if (neighbour_find(&shell->router, admission->channel) != NULL)
            continue;
        list_remove(&admission->link);
        stale = admission;
        break;
    }
    pthread_mutex_unlock(&shell->lock);
    return stale;
}

void admission_serve_nodes(struct shell *shell)
{
    struct admission *stale;
    bool due;

    pthread_mutex_lock(&shell->lock);
    due = shell->router.sockets_due;
    shell->router.sockets_due = false;
    pthread_mutex_unlock(&shell->lock);
    if (!due)
        return;
    while (admission_open_node(shell))
        continue;
    while ((stale = admission_take_stale(shell)) != NULL)
        listener_close(stale->listener); /* frees the admission when it is done */
    shell_flush(shell);
}

int admission_close(struct shell *shell, uint64_t instance)
{
    struct admission *admission;

    pthread_mutex_lock(&shell->lock);
    admission = admission_find(shell, instance);
    if (admission != NULL)
        list_remove(&admission->link);
    shell_dismiss(shell, instance);
    pthread_mutex_unlock(&shell->lock);
    if (admission == NULL)
        return -ENOENT;
    listener_close(admission->listener); /* frees the admission when it is done */
    return 0;
}
