// SPDX-License-Identifier: Apache-2.0
/* mu status - one look at the node. The supervisor alone answers, so it works with the registry
 * down. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/network_list.h"
#include "mu/etcd/v1/etcd.pb-c.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/status.h"

int status_ask(struct cli *cli, Mu__Node__V1__StatusReply **replyp)
{
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;

    return bus_call(cli, "node.Status", &request.base, &mu__node__v1__status_reply__descriptor,
            (ProtobufCMessage **)replyp);
}

int status_list(struct cli *cli, Mu__Node__V1__ListReply **replyp)
{
    Mu__Node__V1__ListRequest request = MU__NODE__V1__LIST_REQUEST__INIT;

    return bus_call(cli, "node.List", &request.base, &mu__node__v1__list_reply__descriptor,
            (ProtobufCMessage **)replyp);
}

static bool status_runs(const Mu__Node__V1__ListReply *list, const char *service)
{
    for (size_t i = 0; i < list->n_processes; i++) {
        if (strcmp(list->processes[i]->service, service) == 0)
            return true;
    }
    return false;
}

/* The services in `state` (or those that are neither up nor failed), each once, on one line. */
static void status_services(
        const char *title, const Mu__Node__V1__ListReply *list, bool is_up, bool is_failed)
{
    const char *last = "";
    bool is_first = true;

    for (size_t i = 0; i < list->n_processes; i++) {
        const Mu__Node__V1__Process *process = list->processes[i];
        bool up = process->state == MU__NODE__V1__PROCESS_STATE__PROCESS_UP;
        bool failed = process->state == MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED;

        if (process->kernel || up != is_up || failed != is_failed ||
                strcmp(last, process->service) == 0)
            continue;
        printf("%s%s", is_first ? title : "  ", process->service);
        is_first = false;
        last = process->service;
    }
    if (!is_first)
        putchar('\n');
}

static bool status_runs_link(const Mu__Node__V1__ListReply *list)
{
    for (size_t i = 0; i < list->n_processes; i++) {
        if (strcmp(list->processes[i]->service, NETWORK_SERVICE) == 0)
            return list->processes[i]->state == MU__NODE__V1__PROCESS_STATE__PROCESS_UP;
    }
    return false;
}

/* What other nodes offer, each name once, on one line. */
static void status_others(struct cli *cli)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__RoutesReply *reply = NULL;
    Mu__Link__V1__RoutesRequest request = MU__LINK__V1__ROUTES_REQUEST__INIT;
    struct mu_status status;
    const char *last = "";

    bus_ask(cli, "link.Routes", &request.base, &mu__link__v1__routes_reply__descriptor,
            NETWORK_LOOK_MS, (ProtobufCMessage **)&reply, &status);
    if (reply != NULL)
        network_sort_routes(reply);
    for (size_t i = 0; reply != NULL && i < reply->n_routes; i++) {
        const Mu__Link__V1__RouteInfo *route = reply->routes[i];

        if (route->via[0] == '\0' || strcmp(route->service, last) == 0)
            continue;
        printf("%s%s", last[0] == '\0' ? "others    " : "  ", route->service);
        last = route->service;
    }
    if (last[0] != '\0')
        putchar('\n');
}

static void status_network(struct cli *cli)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = network_look(cli);

    if (show == NULL)
        return;
    printf("network   %s, %s%u link%s%s, %u node%s known\n", show->self->name,
            color_on(cli, stdout, show->links > 0 ? COLOR_GOOD : COLOR_WARN), show->links,
            show->links == 1 ? "" : "s", color_off(cli, stdout), show->nodes,
            show->nodes == 1 ? "" : "s");
    status_others(cli);
}

enum { STATUS_TIME_MAX = 32 };

/* A point of time, as local time. Returns `text`. */
static const char *status_print_time(uint64_t unix_s, char text[STATUS_TIME_MAX])
{
    time_t time = (time_t)unix_s;
    struct tm local;

    if (localtime_r(&time, &local) == NULL ||
            strftime(text, STATUS_TIME_MAX, "%Y-%m-%d %H:%M:%S", &local) == 0)
        snprintf(text, STATUS_TIME_MAX, "%llu", (unsigned long long)unix_s);
    return text;
}

/* How the copy in etcd stands, where the node has one: nothing else tells that it is old. */
static void status_print_etcd(struct cli *cli, const Mu__Node__V1__ListReply *list)
{
    CLEANUP(bus_reply_free) Mu__Etcd__V1__ShowReply *reply = NULL;
    Mu__Etcd__V1__ShowRequest request = MU__ETCD__V1__SHOW_REQUEST__INIT;
    struct mu_status status;
    char since[DURATION_TEXT_MAX];
    char at[STATUS_TIME_MAX];

    if (!status_runs(list, "etcd"))
        return;
    if (bus_ask(cli, "etcd.Show", &request.base, &mu__etcd__v1__show_reply__descriptor, 0,
                (ProtobufCMessage **)&reply, &status) != MU_OK) {
        printf("etcd      %s\n", status.message);
        return;
    }
    if (reply->fresh)
        printf("etcd      %s, %u of %u registrations kept\n", reply->endpoint,
                reply->registrations_kept, reply->registrations);
    else
        printf("etcd      %sstale for %s, since %s%s: %s\n", color_on(cli, stdout, COLOR_WARN),
                duration_print(reply->stale_ms, since), status_print_time(reply->stale_since_s, at),
                color_off(cli, stdout), reply->reason);
    printf("key       %s\n", reply->key);
}

void status_print(struct cli *cli, const Mu__Node__V1__StatusReply *status,
        const Mu__Node__V1__ListReply *list)
{
    char up[DURATION_TEXT_MAX];
    const char *color = status->ready ? COLOR_GOOD : COLOR_WARN;

    printf("node      %s, version %s, pid %u, up %s\n", status->node, status->version, status->pid,
            duration_print(status->up_ms, up));
    printf("state     %s%s%s, %u of %u processes up", color_on(cli, stdout, color),
            status->ready ? "ready" : "not ready", color_off(cli, stdout), status->processes_up,
            status->processes_wanted);
    if (status->processes_failed > 0)
        printf(", %s%u failed%s", color_on(cli, stdout, COLOR_BAD), status->processes_failed,
                color_off(cli, stdout));
    printf(", %.1f MiB\n", status->memory_kib / 1024.0);
    status_services("up        ", list, true, false);
    status_services("not up    ", list, false, false);
    status_services("failed    ", list, false, true);
    if (status_runs_link(list))
        status_network(cli);
    status_print_etcd(cli, list);
    if (status->pause_ms > 0)
        printf("pause     calls waited for %u ms when the router was restarted last\n",
                status->pause_ms);
    printf("programs  %s\n", status->program_dir);
    printf("run       %s\n", status->run_dir);
    printf("state     %s\n", status->state_dir);
    printf("logs      %s\n", status->log_dir);
}

static int status_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *list = NULL;
    int code = status_ask(cli, &status);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return output_message(cli, builtin_find("node")->types, &status->base);
    if (cli->format == OUTPUT_NAME) {
        puts(status->node);
        return EXIT_OK;
    }
    code = status_list(cli, &list);
    if (code != EXIT_OK)
        return code;
    status_print(cli, status, list);
    if (status->processes_failed > 0)
        output_talk(cli, "see why: mu ps      mu logs SERVICE");
    return EXIT_OK;
}

const struct command status_command = {
    .name = "status",
    .group = "Daily",
    .summary = "one look at the node",
    .details = "Asks the supervisor, so it answers also while the registry is down. The exit "
               "status is 4\n"
               "where no node is running.",
    .examples =
            (const struct example[]){
                    { "mu status", "what runs, where, since when" },
                    { "mu status -o json", "the same as mu.node.v1.StatusReply" },
                    { NULL, NULL },
            },
    .run = status_run,
};
