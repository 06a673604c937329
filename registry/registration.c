// SPDX-License-Identifier: Apache-2.0
/* Registrations: what an operator wants the node to run, for good.
 *
 * Register writes first and asks the node then, so that what runs is always written down. A
 * manifest that the node refuses is taken back: nothing stays registered that would fail at each
 * start. A node that cannot be reached refuses nothing; it is asked again when the registry starts
 * anew.
 *
 * Deregister stops first and forgets then, so that nothing runs that nobody knows of.
 *
 * Where etcd keeps a copy, it is asked before anything else: what cannot be kept there is refused,
 * and what is registered goes on. Should the two differ after a crash, the journal counts, and the
 * service `etcd` puts the copy right. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "mu/etcd/v1/etcd.mu.h"
#include "mu/manifest.h"
#include "mu/node/v1/node.mu.h"
#include "registry/handlers.h"
#include "registry/name.h"

/* A call that waits for the disk, then for the node, perhaps for the disk again. */
struct task {
    struct list link;     /* in shell->tasks */
    struct mu_call *call; /* owned: to be answered */
    struct shell *shell;  /* borrowed for good */
    char service[REGISTRY_NAME_MAX + 1];
    bool unchanged;
    uint8_t *packed; /* owned: the manifest to register; NULL: none */
    size_t packed_size;
    uint8_t *previous; /* owned: the manifest to go back to; NULL: none */
    size_t previous_size;
    struct mu_status status; /* the node's answer, or etcd's */
};

static struct task *task_free(struct task *task)
{
    list_remove(&task->link);
    free(task->packed);
    free(task->previous);
    free(task);
    return NULL;
}

static bool task_is_under_way(const struct shell *shell, const char *service)
{
    list_for_each (node, &shell->tasks) {
        if (strcmp(list_entry(node, struct task, link)->service, service) == 0)
            return true;
    }
    return false;
}

/* A task for a service that has none under way; else, or without memory, the call is answered. */
static struct task *task_new(struct mu_call *call, struct shell *shell, const char *name)
{
    const struct service *service = catalog_find(&shell->catalog, name);
    struct task *task;

    if (task_is_under_way(shell, name)) {
        mu_call_refuse(
                call, MU_ABORTED, "%s is just being registered or deregistered; try again", name);
        return NULL;
    }
    task = calloc(1, sizeof(*task));
    if (task != NULL && service != NULL && service_is_registered(service)) {
        task->previous = malloc(service->manifest_size);
        if (task->previous == NULL) {
            free(task);
            task = NULL;
        } else {
            memcpy(task->previous, service->manifest, service->manifest_size);
            task->previous_size = service->manifest_size;
        }
    }
    if (task == NULL) {
        shell_fail(call, -ENOMEM, name);
        return NULL;
    }
    task->call = call;
    task->shell = shell;
    memcpy(task->service, name, strlen(name) + 1);
    list_push(&shell->tasks, &task->link);
    mu_call_set_data(call, task);
    return task;
}

/* Is the caller the node's messenger to etcd, which gives back what etcd kept of a lost journal? */
static bool task_is_etcds(struct mu_call *call)
{
    const struct mu_caller *caller = mu_call_caller(call);
    const struct shell *shell = mu_call_state(call);

    return shell->etcd && strcmp(caller->service, "etcd") == 0 && caller->pid != 0;
}

/* True for an operator; anyone else is answered. */
static bool task_is_operators(struct mu_call *call)
{
    if (mu_call_caller(call)->is_operator)
        return true;
    mu_call_refuse(
            call, MU_PERMISSION_DENIED, "only the node's owner registers and deregisters services");
    return false;
}

/* Did the node say no, rather than nothing? */
static bool task_was_refused(const struct task *task)
{
    enum mu_code code = task->status.code;

    return code != MU_OK && code != MU_UNAVAILABLE && code != MU_DEADLINE_EXCEEDED &&
           code != MU_CANCELLED;
}

/* ---- register ---- */

static void register_taken_back(int outcome, void *user)
{
    struct task *task = user;

    if (outcome == CATALOG_OK || outcome == CATALOG_UNCHANGED || outcome == CATALOG_NONE)
        mu_call_refuse(task->call, task->status.code, "the node does not run %s%s: %s",
                task->service,
                task->previous != NULL ? ", so it stays as it was registered before"
                                       : ", so it is not registered",
                task->status.message);
    else
        mu_call_fail(task->call, task->status.code,
                "the node does not run %s, and it could not be taken back: %s", task->service,
                task->status.message);
    task_free(task);
}

/* The node has answered. On the handlers' thread. */
static void register_conclude(struct mu_call *call)
{
    Mu__Registry__V1__RegisterReply reply = MU__REGISTRY__V1__REGISTER_REPLY__INIT;
    struct task *task = mu_call_data(call);
    struct batch *batch = &task->shell->batch;

    if (task_was_refused(task)) {
        if (task->previous != NULL)
            batch_register(batch, task->service, task->previous, task->previous_size,
                    register_taken_back, task);
        else
            batch_deregister(batch, task->service, register_taken_back, task);
        return;
    }
    reply.revision = catalog_revision(&task->shell->catalog);
    reply.unchanged = task->unchanged;
    if (task->status.code == MU_OK)
        registry_register_reply(call, &reply);
    else
        mu_call_fail(call, task->status.code,
                "%s is registered, but the node did not answer; it runs from the next start on "
                "(%s)",
                task->service, task->status.message);
    task_free(task);
}

/* On a thread of the library: only hands over. */
static void register_node_answered(
        const struct mu_status *status, const Mu__Node__V1__ApplyReply *reply, void *user)
{
    struct task *task = user;

    (void)reply;
    if (atomic_load(&task->shell->stopped))
        return;
    task->status = *status;
    mu_call_after(task->call, 0, register_conclude);
}

/* It is on the disk. */
static void register_written(int outcome, void *user)
{
    Mu__Node__V1__ApplyRequest request = MU__NODE__V1__APPLY_REQUEST__INIT;
    struct task *task = user;
    struct mu_call_options options = { .parent = task->call };
    const struct service *service = catalog_find(&task->shell->catalog, task->service);
    struct mu_arena arena;

    if (outcome != CATALOG_OK && outcome != CATALOG_UNCHANGED) {
        shell_fail(task->call, outcome, "the service is not registered");
        task_free(task);
        return;
    }
    task->unchanged = outcome == CATALOG_UNCHANGED;
    mu_arena_init(&arena, SIZE_MAX);
    request.manifest =
            (Mu__Node__V1__Manifest *)mu_arena_unpack(&arena, &mu__node__v1__manifest__descriptor,
                    (struct mu_bytes){ service->manifest, service->manifest_size }, NULL);
    node_apply_async(mu_call_client(task->call), &request, &options, register_node_answered, task);
    mu_arena_deinit(&arena);
}

/* ---- the copy in etcd ---- */

/* Does a change of this service have to be in etcd before it is made here? */
static bool copy_is_needed(const struct task *task)
{
    return task->shell->etcd && !task_is_etcds(task->call);
}

/* Is it registered just so already? */
static bool copy_is_there(const struct task *task)
{
    return task->previous != NULL && task->previous_size == task->packed_size &&
           memcmp(task->previous, task->packed, task->packed_size) == 0;
}

/* Ends a change that etcd does not take. */
static void copy_fail(struct task *task)
{
    mu_call_refuse(task->call, MU_UNAVAILABLE,
            "%s stays as it is, as etcd does not take the change (%s); what is registered goes on",
            task->service, task->status.message);
    task_free(task);
}

static void register_write(struct task *task)
{
    batch_register(&task->shell->batch, task->service, task->packed, task->packed_size,
            register_written, task);
}

/* Etcd keeps it, or not. On the handlers' thread. */
static void register_kept(struct mu_call *call)
{
    struct task *task = mu_call_data(call);

    if (task->status.code == MU_OK)
        register_write(task);
    else
        copy_fail(task);
}

/* On a thread of the library: only hands over. */
static void register_copy_answered(
        const struct mu_status *status, const Mu__Etcd__V1__KeepReply *reply, void *user)
{
    struct task *task = user;

    (void)reply;
    if (atomic_load(&task->shell->stopped))
        return;
    task->status = *status;
    mu_call_after(task->call, 0, register_kept);
}

static void register_copy(struct task *task)
{
    Mu__Etcd__V1__KeepRequest request = MU__ETCD__V1__KEEP_REQUEST__INIT;
    struct mu_call_options options = { .parent = task->call };

    request.service = task->service;
    request.manifest = (ProtobufCBinaryData){ .data = task->packed, .len = task->packed_size };
    etcd_keep_async(mu_call_client(task->call), &request, &options, register_copy_answered, task);
}

static bool register_is_reserved(const char *name)
{
    return strcmp(name, "router") == 0 || strcmp(name, "registry") == 0 ||
           strcmp(name, "node") == 0;
}

void registration_register(struct mu_call *call, const Mu__Registry__V1__RegisterRequest *request)
{
    const Mu__Node__V1__Manifest *manifest = request->manifest;
    struct mu_schema_error error = { "" };
    struct shell *shell;
    struct task *task;
    size_t size;

    if (!task_is_etcds(call) && !task_is_operators(call))
        return;
    if (manifest == NULL || mu_manifest_check(manifest, &error) < 0) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "manifest: %s",
                manifest != NULL ? error.text : "there is none");
        return;
    }
    if (!name_is_valid(manifest->name) || register_is_reserved(manifest->name)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "name: \"%.*s\" is a part of the node itself; choose another", REGISTRY_NAME_MAX,
                manifest->name);
        return;
    }
    if (shell_name_is_taken(call, manifest->name, manifest->namespace_))
        return;
    size = mu__node__v1__manifest__get_packed_size(manifest);
    if (size > REGISTRY_MANIFEST_MAX) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "manifest: %zu bytes, packed; at most %d are kept", size, REGISTRY_MANIFEST_MAX);
        return;
    }
    shell = shell_change(call);
    if (shell == NULL)
        return;
    task = task_new(call, shell, manifest->name);
    if (task == NULL)
        return;
    task->packed = malloc(size);
    if (task->packed == NULL) {
        shell_fail(call, -ENOMEM, manifest->name);
        task_free(task);
        return;
    }
    task->packed_size = mu__node__v1__manifest__pack(manifest, task->packed);
    if (copy_is_needed(task) && !copy_is_there(task))
        register_copy(task);
    else
        register_write(task);
}

/* ---- deregister ---- */

static void deregister_written(int outcome, void *user)
{
    Mu__Registry__V1__DeregisterReply reply = MU__REGISTRY__V1__DEREGISTER_REPLY__INIT;
    struct task *task = user;

    reply.revision = catalog_revision(&task->shell->catalog);
    if (outcome == CATALOG_OK || outcome == CATALOG_NONE)
        registry_deregister_reply(task->call, &reply);
    else
        shell_fail_halfway(task->call, outcome, "the service is stopped, but stays registered");
    task_free(task);
}

/* The node has answered. On the handlers' thread. A node that does not know the service has nothing
 * to stop. */
static void deregister_conclude(struct mu_call *call)
{
    struct task *task = mu_call_data(call);

    if (task->status.code == MU_OK || task->status.code == MU_NOT_FOUND) {
        batch_deregister(&task->shell->batch, task->service, deregister_written, task);
        return;
    }
    if (task->status.executed == MU_EXECUTED_NO)
        mu_call_refuse(call, task->status.code,
                "%s stays registered, as the node did not stop it: %s", task->service,
                task->status.message);
    else
        mu_call_fail(call, task->status.code,
                "%s stays registered, as the node did not say that it stopped it: %s",
                task->service, task->status.message);
    task_free(task);
}

/* On a thread of the library: only hands over. */
static void deregister_node_answered(
        const struct mu_status *status, const Mu__Node__V1__RemoveReply *reply, void *user)
{
    struct task *task = user;

    (void)reply;
    if (atomic_load(&task->shell->stopped))
        return;
    task->status = *status;
    mu_call_after(task->call, 0, deregister_conclude);
}

static void deregister_stop(struct task *task)
{
    Mu__Node__V1__RemoveRequest remove = MU__NODE__V1__REMOVE_REQUEST__INIT;
    struct mu_call_options options = { .parent = task->call, .timeout_ms = MU_TIMEOUT_MAX_MS };

    remove.service = task->service;
    node_remove_async(
            mu_call_client(task->call), &remove, &options, deregister_node_answered, task);
}

/* Etcd keeps it no more, or still. On the handlers' thread. */
static void deregister_dropped(struct mu_call *call)
{
    struct task *task = mu_call_data(call);

    if (task->status.code == MU_OK)
        deregister_stop(task);
    else
        copy_fail(task);
}

/* On a thread of the library: only hands over. */
static void deregister_copy_answered(
        const struct mu_status *status, const Mu__Etcd__V1__DropReply *reply, void *user)
{
    struct task *task = user;

    (void)reply;
    if (atomic_load(&task->shell->stopped))
        return;
    task->status = *status;
    mu_call_after(task->call, 0, deregister_dropped);
}

static void deregister_copy(struct task *task)
{
    Mu__Etcd__V1__DropRequest request = MU__ETCD__V1__DROP_REQUEST__INIT;
    struct mu_call_options options = { .parent = task->call };

    request.service = task->service;
    etcd_drop_async(mu_call_client(task->call), &request, &options, deregister_copy_answered, task);
}

void registration_deregister(
        struct mu_call *call, const Mu__Registry__V1__DeregisterRequest *request)
{
    const struct service *service;
    struct shell *shell;
    struct task *task;

    if (!task_is_operators(call))
        return;
    shell = shell_change(call);
    if (shell == NULL)
        return;
    service = catalog_find(&shell->catalog, request->service);
    if (service == NULL) {
        shell_fail_unknown(call, shell, request->service);
        return;
    }
    if (service_is_imported(service)) {
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "%s is not of this node: other nodes offer it, and deregister it", service->name);
        return;
    }
    if (!service_is_registered(service) && !service_is_idle(service)) {
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "%s is not registered: it runs by the node file, or by hand", service->name);
        return;
    }
    task = task_new(call, shell, service->name);
    if (task == NULL)
        return;
    if (service_is_registered(service) && copy_is_needed(task))
        deregister_copy(task);
    else if (service_is_registered(service))
        deregister_stop(task);
    else
        batch_deregister(&shell->batch, task->service, deregister_written, task);
}

/* ---- the life of the process ---- */

/* Returns 0, or -EAGAIN where the node does not answer. What it refuses is an operator's concern.
 */
static int registration_apply(
        struct mu_client *client, const struct service *service, struct mu_arena *arena)
{
    Mu__Node__V1__ApplyRequest request = MU__NODE__V1__APPLY_REQUEST__INIT;
    Mu__Node__V1__ApplyReply *reply = NULL;
    struct mu_status status;
    enum mu_code code;

    request.manifest =
            (Mu__Node__V1__Manifest *)mu_arena_unpack(arena, &mu__node__v1__manifest__descriptor,
                    (struct mu_bytes){ service->manifest, service->manifest_size }, NULL);
    code = node_apply(client, &request, NULL, &reply, &status);
    mu_arena_reset(arena, SIZE_MAX);
    if (code == MU_OK) {
        mu__node__v1__apply_reply__free_unpacked(reply, NULL);
        return 0;
    }
    log_error(
            "the node does not run %s: %s (%s)", service->name, status.message, mu_code_name(code));
    return code == MU_UNAVAILABLE || code == MU_DEADLINE_EXCEEDED ? -EAGAIN : 0;
}

int registration_apply_all(struct shell *shell, struct mu_client *client)
{
    struct mu_arena arena;
    int r = 0;

    mu_arena_init(&arena, SIZE_MAX);
    for (uint32_t i = 0; r == 0 && i < shell->catalog.service_count; i++)
        if (service_is_registered(shell->catalog.services[i]))
            r = registration_apply(client, shell->catalog.services[i], &arena);
    mu_arena_deinit(&arena);
    return r;
}

/* The tasks stay: an answer that is on its way still finds its own. */
void registration_stop(struct shell *shell)
{
    atomic_store(&shell->stopped, true);
}
