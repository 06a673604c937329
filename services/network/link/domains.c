// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/domains.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "services/network/link/addressbook.h"
#include "services/network/link/mesh.h"

void domains_init(struct domains *domains)
{
    const char *text = getenv("MU_LINK_DNS");
    const char *colon = text != NULL ? strrchr(text, ':') : NULL;
    char host[INET_ADDRSTRLEN];
    unsigned long port;

    if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
        return;
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    port = strtoul(colon + 1, NULL, 10);
    if (port == 0 || port > UINT16_MAX ||
            inet_pton(AF_INET, host, &domains->server.sin_addr) != 1) {
        log_warn("MU_LINK_DNS is no ADDRESS:PORT: %s", text);
        return;
    }
    domains->server.sin_family = AF_INET;
    domains->server.sin_port = htons((uint16_t)port);
}

bool domains_add(struct mesh *mesh, const char *name)
{
    struct domains *domains = &mesh->domains;

    for (uint32_t i = 0; i < domains->count; i++) {
        if (strcmp(domains->names[i], name) == 0)
            return true;
    }
    if (domains->count == DOMAINS_MAX)
        return false;
    memcpy(domains->names[domains->count], name, strlen(name) + 1);
    domains->next = domains->count++;
    domains->next_ms = 0;
    return true;
}

/* ---- asking ---- */

struct question {
    struct mesh *mesh; /* borrowed: domains_stop waits */
    uint32_t number;
    char name[ADDRESS_SIZE_MAX + 1];
    struct sockaddr_in server;
};

static void hear_answer(struct mesh *mesh, const struct inbox_item *item);

static void *ask(void *user)
{
    struct question *question = user;
    struct srv_answer answer = { .count = 0 };
    struct inbox_item *item;
    int r = srv_ask(
            question->name, question->server.sin_port != 0 ? &question->server : NULL, &answer);

    if (r < 0)
        log_info("no nodes are found by _mu._tcp.%s: %s", question->name, strerror(-r));
    item = inbox_item_new(INBOX_REPLY, (struct span){ (uint8_t *)&answer, sizeof(answer) });
    if (item != NULL) {
        item->reply = hear_answer;
        item->number = question->number;
        if (inbox_put(&question->mesh->inbox, item) != INBOX_OK)
            free(item);
    }
    free(question);
    return NULL;
}

static bool has(const struct srv_answer *answer, const char *address)
{
    for (uint32_t i = 0; i < answer->count; i++) {
        if (strcmp(answer->addresses[i], address) == 0)
            return true;
    }
    return false;
}

/* Dials what is new, and stops dialling what is not there any more. Without an answer all stays. */
static void hear_answer(struct mesh *mesh, const struct inbox_item *item)
{
    struct domains *domains = &mesh->domains;
    struct srv_answer *old = &domains->answers[item->number];
    struct srv_answer answer;

    if (!domains->asking)
        return;
    pthread_join(domains->thread, NULL);
    domains->asking = false;
    domains->next = (uint32_t)(item->number + 1) % domains->count;
    domains->next_ms = domains->next == 0 ? clock_ms() + SRV_AGAIN_MS : 0;
    memcpy(&answer, item->bytes, sizeof(answer));
    if (answer.count == 0)
        return;
    links_lock(mesh->links);
    for (uint32_t i = 0; i < old->count; i++) {
        if (!has(&answer, old->addresses[i]) &&
                !addressbook_has(&mesh->seat.vault, old->addresses[i]))
            links_undial(mesh->links, old->addresses[i]);
    }
    for (uint32_t i = 0; i < answer.count; i++)
        links_dial(mesh->links, answer.addresses[i], NULL);
    links_unlock(mesh->links);
    *old = answer;
}

static void begin_to_ask(struct mesh *mesh)
{
    struct domains *domains = &mesh->domains;
    struct question *question = calloc(1, sizeof(*question));
    sigset_t all;
    sigset_t before;

    if (question == NULL)
        return;
    question->mesh = mesh;
    question->number = domains->next;
    question->server = domains->server;
    memcpy(question->name, domains->names[domains->next],
            strlen(domains->names[domains->next]) + 1);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    domains->asking = pthread_create(&domains->thread, NULL, ask, question) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!domains->asking)
        free(question);
}

uint64_t domains_due(struct mesh *mesh, uint64_t now_ms)
{
    struct domains *domains = &mesh->domains;

    if (domains->count == 0 || domains->asking || mesh->linked.count >= NEIGHBOURS_WANTED)
        return UINT64_MAX;
    if (domains->next_ms > now_ms)
        return domains->next_ms;
    domains->next_ms = now_ms + SRV_AGAIN_MS;
    begin_to_ask(mesh);
    return UINT64_MAX;
}

void domains_stop(struct mesh *mesh)
{
    struct domains *domains = &mesh->domains;
    bool asking;

    if (mesh->links == NULL)
        return;
    mesh_lock(mesh);
    asking = domains->asking;
    domains->asking = false;
    links_lock(mesh->links);
    for (uint32_t i = 0; i < domains->count; i++) {
        for (uint32_t k = 0; k < domains->answers[i].count; k++)
            links_undial(mesh->links, domains->answers[i].addresses[k]);
        domains->answers[i].count = 0;
    }
    links_unlock(mesh->links);
    domains->count = 0;
    mesh_unlock(mesh);
    if (asking)
        pthread_join(domains->thread, NULL);
}
