// SPDX-License-Identifier: Apache-2.0
/* mu-etcd - the registry's messenger to etcd (mu.etcd.v1.Etcd). A process of its own: libcurl and
 * what it loads are larger than all of mu-registry, and only those who want etcd need them. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "mu/etcd/v1/etcd.mu.h"
#include "mu/manifest.h"
#include "registry/etcd/messenger.h"
#include "registry/name.h"

struct state {
    const char *file; /* the node file */
    struct messenger messenger;
};

/* ---- endpoints ---- */

/* True for this node's own registry; anyone else is answered. */
static bool main_is_registry(struct mu_call *call)
{
    const struct mu_caller *caller = mu_call_caller(call);

    if (strcmp(caller->service, "registry") == 0 && caller->pid != 0)
        return true;
    mu_call_refuse(call, MU_PERMISSION_DENIED,
            "only the registry has registrations kept; see `mu registry register`");
    return false;
}

/* Hands a job over; an empty `manifest` has the registration dropped. */
static void main_add_job(struct mu_call *call, const char *service, struct mu_bytes manifest)
{
    struct state *state = mu_call_state(call);
    struct job *job;

    if (!name_is_valid(service) || manifest.size > REGISTRY_MANIFEST_MAX) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "this is no registration");
        return;
    }
    job = calloc(1, sizeof(*job));
    if (job != NULL && manifest.size > 0) {
        job->manifest = malloc(manifest.size);
        job->manifest_size = manifest.size;
    }
    if (job == NULL || (manifest.size > 0 && job->manifest == NULL)) {
        free(job);
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (manifest.size > 0)
        memcpy(job->manifest, manifest.data, manifest.size);
    snprintf(job->service, sizeof(job->service), "%s", service);
    job->call = call;
    job->deadline_ms = clock_ms() + ETCD_KEEP_MS;
    list_init(&job->link);
    messenger_add(&state->messenger, job);
}

static void main_keep(struct mu_call *call, const Mu__Etcd__V1__KeepRequest *request)
{
    if (!main_is_registry(call))
        return;
    if (request->manifest.len == 0)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "manifest: there is none");
    else
        main_add_job(call, request->service,
                (struct mu_bytes){ request->manifest.data, request->manifest.len });
}

static void main_drop(struct mu_call *call, const Mu__Etcd__V1__DropRequest *request)
{
    if (main_is_registry(call))
        main_add_job(call, request->service, (struct mu_bytes){ 0 });
}

/* Fills the reply with how all of it stands. The lock is held. */
static void main_describe(struct messenger *messenger, Mu__Etcd__V1__ShowReply *reply)
{
    struct standing *standing = &messenger->standing;

    reply->fresh = standing->fresh;
    if (!standing->fresh) {
        reply->stale_ms = clock_ms() - standing->stale_ms;
        reply->stale_since_s = standing->stale_since_s;
    }
    reply->reason = standing->reason;
    reply->endpoint = standing->endpoint;
    reply->revision = standing->revision;
    reply->node = messenger->node;
    reply->registrations = standing->registrations;
    reply->registrations_kept = standing->registrations_kept;
    reply->unknown = standing->counts[NEIGHBOURS_UNKNOWN];
    reply->forged = standing->counts[NEIGHBOURS_FORGED];
    reply->replayed = standing->counts[NEIGHBOURS_REPLAYED];
    reply->garbage = standing->counts[NEIGHBOURS_GARBAGE];
}

static void main_describe_neighbours(struct messenger *messenger, Mu__Etcd__V1__ShowReply *reply,
        Mu__Etcd__V1__Neighbour *neighbours)
{
    for (uint32_t i = 0; i < messenger->roster.count; i++) {
        const struct neighbour *known = &messenger->neighbour_copy[i];

        mu__etcd__v1__neighbour__init(&neighbours[i]);
        neighbours[i].node = messenger->roster.nodes[i].node;
        neighbours[i].owner = messenger->roster.nodes[i].owner;
        neighbours[i].present = known->present;
        neighbours[i].instances = known->instances;
        neighbours[i].sequence = known->sequence;
        reply->neighbours[reply->n_neighbours++] = &neighbours[i];
    }
}

static void main_show(struct mu_call *call, const Mu__Etcd__V1__ShowRequest *request)
{
    struct state *state = mu_call_state(call);
    struct messenger *messenger = &state->messenger;
    Mu__Etcd__V1__ShowReply reply = MU__ETCD__V1__SHOW_REPLY__INIT;
    Mu__Etcd__V1__Neighbour *neighbours = calloc(messenger->roster.count + 1, sizeof(*neighbours));
    char key[2 * STATEMENT_KEY_SIZE + 1];

    (void)request;
    reply.neighbours = calloc(messenger->roster.count + 1, sizeof(*reply.neighbours));
    if (neighbours == NULL || reply.neighbours == NULL) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "out of memory");
    } else {
        reply.key = sodium_bin2hex(key, sizeof(key), messenger->key, sizeof(messenger->key));
        pthread_mutex_lock(&messenger->lock);
        main_describe(messenger, &reply);
        main_describe_neighbours(messenger, &reply, neighbours);
        etcd_show_reply(call, &reply);
        pthread_mutex_unlock(&messenger->lock);
    }
    free(reply.neighbours);
    free(neighbours);
}

/* ---- the life of the process ---- */

static int main_start(void *user, struct mu_client *client, const char *state_dir)
{
    struct state *state = user;
    struct mu_schema_error error = { "" };
    const Mu__Node__V1__NodeFile *file;
    ProtobufCMessage *message;
    uint8_t *body;
    size_t size;
    int r;

    log_open(etcd_type.name); /* this program's own; libmu has opened its own */
    r = mu_node_file_read(state->file, &body, &size, &error);
    if (r < 0) {
        log_error("%s", error.text);
        return r;
    }
    message = mu_body_unpack(
            &mu__node__v1__node_file__descriptor, (struct mu_bytes){ body, size }, &error);
    free(body);
    if (message == NULL)
        return -ENOMEM;
    file = (const Mu__Node__V1__NodeFile *)(void *)message;
    r = file->registry != NULL
                ? messenger_open(&state->messenger, client, file->registry, state_dir)
                : -EINVAL;
    mu_body_free(message);
    return r;
}

static void main_stop(void *user)
{
    struct state *state = user;

    messenger_close(&state->messenger);
}

int main(int argc, char **argv)
{
    static const struct etcd_handlers handlers = {
        .keep = main_keep,
        .drop = main_drop,
        .show = main_show,
    };
    static struct state state;
    const struct mu_service service = {
        .type = &etcd_type,
        .handlers = &handlers,
        .version = MU_VERSION,
        .state = &state,
        .start = main_start,
        .stop = main_stop,
    };

    if (argc == 3 && strcmp(argv[1], "--file") == 0) {
        state.file = argv[2];
        return mu_service_main(&service, 1, argv);
    }
    if (argc == 2)
        return mu_service_main(&service, argc, argv); /* --help, --version */
    fprintf(stderr, "usage: %s --file NODEFILE\n", argv[0]);
    return 100;
}
