// SPDX-License-Identifier: Apache-2.0
/* Whoever calls in vain a thousand times a second must not fill the log, nor keep the router busy
 * with telling: a few a second are told, and how many there were besides. */
#include "kernel/router/note.h"

#include <stdio.h>

#include "kernel/router/route.h"
#include "mu/router/v1/access.pb-c.h"

static const char *const note_kinds[NOTE_KINDS] = {
    [NOTE_CAPABILITY] = "capability",
    [NOTE_EXPORT] = "export",
    [NOTE_CLIENT] = "export",
    [NOTE_TOKEN] = "token",
    [NOTE_SCOPE] = "scope",
    [NOTE_RULE] = "rule",
    [NOTE_NAMESPACE] = "namespace",
};

void note_name(const struct peer *peer, const struct user *user, char by[RULE_WHO_MAX + 1])
{
    size_t size = RULE_WHO_MAX + 1;

    if (user != NULL && user->subject[0] != '\0')
        snprintf(by, size, "user:%s", user->subject);
    else if (peer->neighbour != NULL)
        snprintf(by, size, "node:%s", peer->neighbour->node);
    else if (peer->visitor != NULL)
        snprintf(by, size, "client:%s", peer->visitor->client);
    else if (peer->service != NULL || peer->admitted[0] != '\0')
        snprintf(by, size, "service:%s",
                peer->service != NULL ? peer->service->name : peer->admitted);
    else
        snprintf(by, size, "uid:%u", peer->uid);
}

void note_add(struct router *router, const struct note *note)
{
    struct notes *notes = &router->notes;

    if (notes->count == NOTES_MAX) {
        notes->left_out += 1;
        return;
    }
    notes->notes[notes->count++] = *note;
    note_tell(router);
}

bool note_is_due(const struct router *router)
{
    return router->notes.count > 0;
}

/* Packs what is kept into `body`. Returns how many bytes. */
static size_t note_pack(struct notes *notes, uint8_t *body)
{
    Mu__Router__V1__NoteRequest request = MU__ROUTER__V1__NOTE_REQUEST__INIT;
    Mu__Router__V1__Note packed[NOTES_MAX];
    Mu__Router__V1__Note *each[NOTES_MAX];

    for (uint32_t i = 0; i < notes->count; i++) {
        struct note *note = &notes->notes[i];

        mu__router__v1__note__init(&packed[i]);
        packed[i].time_ms = note->at_s * 1000;
        packed[i].kind = (char *)(uintptr_t)note_kinds[note->kind];
        packed[i].by = note->by;
        packed[i].endpoint = note->endpoint;
        packed[i].reason = note->reason;
        each[i] = &packed[i];
    }
    request.notes = each;
    request.n_notes = notes->count;
    request.left_out = notes->left_out;
    return mu__router__v1__note_request__pack(&request, body);
}

static bool note_is_heard(const struct router *router)
{
    static const uint8_t name[] = "auth";
    const struct service *auth =
            service_find(&router->services, (struct span){ name, sizeof(name) - 1 });

    return auth != NULL && auth->ready_count > 0;
}

void note_tell(struct router *router)
{
    struct notes *notes = &router->notes;
    uint8_t body[NOTES_MAX * (sizeof(struct note) + 32) + 32];

    if (notes->count == 0 ||
            (notes->told_us != 0 && router->now_us - notes->told_us < NOTE_PAUSE_US))
        return;
    if (note_is_heard(router)) {
        route_notice(router, "auth", "auth.Note", (struct span){ body, note_pack(notes, body) });
        notes->left_out = 0;
    } else {
        notes->left_out += notes->count;
    }
    notes->told_us = router->now_us;
    notes->count = 0;
}
