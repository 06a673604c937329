// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/nodes_services.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/boot.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "services/interface/mu/ready.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/seed.h"
#include "services/interface/mu/shipped.h"
#include "services/interface/mu/standing.h"
#include "services/interface/mu/users.h"

enum { NODES_CALL_MS = 1000, NODES_CALL_PAUSE_MS = 20 };

static bool nodes_has_registered(struct nodes_one *one, const char *service)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ShowReply *reply = NULL;
    Mu__Registry__V1__ShowRequest request = MU__REGISTRY__V1__SHOW_REQUEST__INIT;
    struct mu_status status;

    request.service = (char *)service;
    bus_ask(&one->cli, "registry.Show", &request.base, &mu__registry__v1__show_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, &status);
    return reply != NULL && reply->service != NULL && reply->service->registered;
}

/* Where it was brought once, also where it was taken out again since; else where somebody
 * registered it; else the next in turn. */
static size_t nodes_find_home(const struct nodes_services *services, const char *service)
{
    struct nodes *nodes = services->nodes;
    size_t next = services->count % nodes->count;

    for (size_t i = 0; i < nodes->count; i++) {
        if (seed_is_known(nodes->all[i].cli.place.state, service))
            return i;
    }
    for (size_t i = 0; i < nodes->count; i++) {
        if (nodes_has_registered(&nodes->all[i], service))
            return i;
    }
    return next;
}

/* What each node has for itself, and no other one calls. */
static int nodes_seed_all(struct nodes_services *services, const Mu__Node__V1__Manifest *manifest)
{
    int code = EXIT_OK;

    for (size_t i = 0; code == EXIT_OK && i < services->nodes->count; i++) {
        struct cli *cli = &services->nodes->all[i].cli;
        bool is_new = false;

        code = seed_service(cli, cli->place.state, manifest, &is_new);
        services->count_new += is_new;
    }
    return code;
}

static int nodes_seed_one(struct nodes_services *services, const Mu__Node__V1__Manifest *manifest)
{
    size_t home = nodes_find_home(services, manifest->name);
    struct cli *cli = &services->nodes->all[home].cli;
    struct nodes_service *service = &services->all[services->count];
    bool is_new = false;
    int code;

    if (services->count == NODES_SERVICES_MAX)
        return EXIT_OK;
    code = seed_service(cli, cli->place.state, manifest, &is_new);
    if (code != EXIT_OK)
        return code;
    services->count_new += is_new;
    snprintf(service->name, sizeof(service->name), "%s", manifest->name);
    service->home = home;
    services->count += 1;
    return EXIT_OK;
}

static int nodes_seed(const Mu__Node__V1__Manifest *manifest, void *user)
{
    struct nodes_services *services = user;

    return strcmp(manifest->name, USERS_SERVICE) == 0 ? nodes_seed_all(services, manifest)
                                                      : nodes_seed_one(services, manifest);
}

int nodes_spread(struct nodes_services *services, struct nodes *nodes)
{
    services->nodes = nodes;
    return shipped_each(&nodes->all[0].cli, nodes_seed, services);
}

/* Leaves only those that run: what was taken out or stopped, or cannot run, is called by nobody. */
static void nodes_keep_up(struct nodes_services *services)
{
    size_t kept = 0;

    for (size_t i = 0; i < services->count; i++) {
        struct nodes_service service = services->all[i];
        char why[STANDING_WHY_MAX];

        if (standing_of(&services->nodes->all[service.home].cli, service.name, why) == STANDING_UP)
            services->all[kept++] = service;
    }
    services->count = kept;
}

int nodes_wait_ready(struct nodes_services *services, enum ready_outcome *outcomep)
{
    struct nodes *nodes = services->nodes;
    int code = EXIT_OK;

    *outcomep = READY_UP;
    for (size_t i = 0; code == EXIT_OK && i < nodes->count; i++) {
        struct cli *cli = &nodes->all[i].cli;
        enum ready_outcome outcome = ready_wait(cli, NULL, boot_wait_ms(cli), false);

        if (outcome != READY_UP)
            *outcomep = outcome;
        code = ready_say(cli, NULL, outcome);
    }
    nodes_keep_up(services);
    return code;
}

static enum mu_code nodes_try(
        struct nodes_one *one, const struct nodes_service *service, struct mu_status *status)
{
    CLEANUP(bus_reply_free) ProtobufCMessage *reply = NULL;
    Mu__Debug__V1__HealthRequest request = MU__DEBUG__V1__HEALTH_REQUEST__INIT;
    char endpoint[MU_ENDPOINT_MAX];

    snprintf(endpoint, sizeof(endpoint), "%s.mu.Health", service->name);
    return bus_ask(&one->cli, endpoint, &request.base, &mu__debug__v1__health_reply__descriptor,
            NODES_CALL_MS, &reply, status);
}

/* From one node to one service, again and again until `until_ms`. */
static int nodes_wait_call(
        struct nodes_one *one, const struct nodes_service *service, uint64_t until_ms)
{
    const struct timespec pause = { .tv_nsec = NODES_CALL_PAUSE_MS * 1000000L };
    struct mu_status status;
    char endpoint[MU_ENDPOINT_MAX];

    while (nodes_try(one, service, &status) != MU_OK) {
        if (clock_ms() >= until_ms) {
            snprintf(endpoint, sizeof(endpoint), "from %s: %s.mu.Health", one->name, service->name);
            return (int)failure_of_call(&one->cli, endpoint, &status,
                    "see the way to it: mu --dir DIR network routes      with DIR of that node");
        }
        nanosleep(&pause, NULL);
    }
    return EXIT_OK;
}

int nodes_wait_calls(struct nodes_services *services)
{
    struct nodes *nodes = services->nodes;
    uint64_t until_ms = clock_ms() + boot_wait_ms(&nodes->all[0].cli);
    int code = EXIT_OK;

    for (size_t i = 0; code == EXIT_OK && i < services->count; i++) {
        for (size_t j = 0; code == EXIT_OK && j < nodes->count; j++) {
            if (j != services->all[i].home)
                code = nodes_wait_call(&nodes->all[j], &services->all[i], until_ms);
        }
    }
    return code;
}
