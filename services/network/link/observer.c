// SPDX-License-Identifier: Apache-2.0
/* A table and no lists: OBSERVATIONS_MAX places are looked through in less time than a record
 * takes, and the limit is the point. Each node on the way waits a little less long than the one
 * before it, so that the one next to a silent node is the one that says so. */
#include "services/network/link/observer.h"

#include <stdio.h>
#include <string.h>

#include "mu/status.h"

enum { OBSERVER_MARGIN_MS = 100 }; /* for an answer to travel back over one link */

bool observer_may_ask(const char *endpoint)
{
    static const char *const endpoints[] = { "router.Meter", "router.Calls", "node.List",
        "node.Logs" };

    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        if (strcmp(endpoint, endpoints[i]) == 0)
            return true;
    }
    return false;
}

static const char *observer_owner(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot != NULL ? dot + 1 : name;
}

bool observer_is_same_owner(const char *name, const char *other)
{
    return strcmp(observer_owner(name), observer_owner(other)) == 0;
}

/* ---- the table ---- */

/* A free place, where there is one, and `way` is not one over which too many went already. */
static struct observation *observer_place(struct observer *observer, const struct observer_way *way)
{
    struct observation *place = NULL;
    uint32_t over_link = 0;

    for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
        struct observation *each = &observer->each[i];

        if (each->number == 0)
            place = each;
        else if (way->kind == OBSERVER_LINK && each->asked == way->link)
            over_link += 1;
    }
    return over_link < OBSERVATIONS_LINK_MAX ? place : NULL;
}

/* ---- answers ---- */

/* Answers whoever asked what stands in `place`, which is free then. */
static void observer_conclude(struct observation *place, const struct observer_answer *answer,
        struct observer_effect *effect)
{
    effect->kind = place->call != NULL ? OBSERVER_ANSWER_CALL : OBSERVER_ANSWER_LINK;
    effect->call = place->call;
    effect->link = place->link;
    effect->answer = *answer;
    effect->answer.number = place->their_number;
    *place = (struct observation){ .number = 0 };
}

static void observer_fail(
        struct observation *place, enum mu_code code, struct observer_effect *effect)
{
    const struct observer_answer answer = { .code = code, .message = effect->text };

    observer_conclude(place, &answer, effect);
}

/* Answers one that found no place, as it will not be asked. */
static void observer_refuse(const struct observation *asker, enum mu_code code, const char *text,
        struct observer_effect *effect)
{
    struct observation place = *asker;

    snprintf(effect->text, sizeof(effect->text), "%s", text);
    observer_fail(&place, code, effect);
}

void observer_hear_answer(struct observer *observer, uint64_t link,
        const struct observer_answer *answer, struct observer_effect *effect)
{
    effect->kind = OBSERVER_NOTHING;
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
        struct observation *place = &observer->each[i];

        if (place->number != 0 && place->number == answer->number && place->asked == link) {
            observer_conclude(place, answer, effect);
            return;
        }
    }
}

/* ---- questions ---- */

/* How long this node waits where who asked waits `timeout_ms`: who asked is to hear it. */
static uint32_t observer_wait_ms(uint32_t timeout_ms)
{
    if (timeout_ms > OBSERVE_MS)
        timeout_ms = OBSERVE_MS;
    return timeout_ms > 2 * OBSERVER_MARGIN_MS ? timeout_ms - OBSERVER_MARGIN_MS : timeout_ms / 2;
}

/* Sends on what `asker` asks, or answers it. */
static void observer_pass(struct observer *observer, const struct observation *asker,
        const struct observer_stand *stand, const struct observer_question *question,
        struct observer_effect *effect)
{
    bool goes_on = stand->way.kind == OBSERVER_LINK;
    struct observation *place = observer_place(observer, &stand->way);
    uint32_t wait_ms = observer_wait_ms(question->timeout_ms);

    if (place == NULL) {
        observer_refuse(asker, MU_RESOURCE_EXHAUSTED,
                "too many questions are on their way at a time; ask again", effect);
        return;
    }
    *place = *asker;
    place->number = ++observer->last_number;
    place->asked = goes_on ? stand->way.link : 0;
    place->until_ms = stand->now_ms + wait_ms;
    effect->kind = goes_on ? OBSERVER_ASK_LINK : OBSERVER_ASK_HERE;
    effect->link = place->asked;
    effect->question = *question;
    effect->question.number = place->number;
    effect->question.timeout_ms = wait_ms;
    effect->question.hops = goes_on ? question->hops - 1 : question->hops;
}

/* Looks at what holds for questions of operators and neighbours alike. */
static void observer_judge(struct observer *observer, const struct observation *asker,
        const struct observer_stand *stand, const struct observer_question *question,
        struct observer_effect *effect)
{
    const struct observer_way *way = &stand->way;
    bool goes_on = way->kind == OBSERVER_LINK;

    if (!observer_may_ask(question->endpoint))
        observer_refuse(asker, MU_PERMISSION_DENIED,
                "of another node one may ask router.Meter, router.Calls, node.List and node.Logs",
                effect);
    else if (question->request.size > OBSERVE_REQUEST_MAX)
        observer_refuse(asker, MU_RESOURCE_EXHAUSTED, "the question is too long", effect);
    else if (way->kind == OBSERVER_NO_WAY || (goes_on && question->hops == 0) ||
             (goes_on && way->link == asker->link))
        observer_refuse(asker, MU_UNAVAILABLE, "no link leads there now", effect);
    else if (goes_on && !observer_is_same_owner(way->name, stand->self))
        observer_refuse(asker, MU_FAILED_PRECONDITION,
                "the way there leads through a node of another owner", effect);
    else
        observer_pass(observer, asker, stand, question, effect);
}

void observer_ask(struct observer *observer, void *call, const struct observer_stand *stand,
        const struct observer_question *question, struct observer_effect *effect)
{
    const struct observation asker = { .call = call };

    observer_judge(observer, &asker, stand, question, effect);
}

void observer_hear_question(struct observer *observer, uint64_t link, const char *peer,
        const struct observer_stand *stand, const struct observer_question *question,
        struct observer_effect *effect)
{
    const struct observation asker = { .link = link, .their_number = question->number };
    struct observer_question taken = *question;

    if (taken.hops > ROUTE_HOPS_MAX - 1)
        taken.hops = ROUTE_HOPS_MAX - 1; /* it came over a link already */
    if (observer_is_same_owner(peer, stand->self))
        observer_judge(observer, &asker, stand, &taken, effect);
    else
        observer_refuse(
                &asker, MU_PERMISSION_DENIED, "only nodes of its own owner are told", effect);
}

/* ---- what comes to nothing ---- */

bool observer_next_late(struct observer *observer, uint64_t now_ms, struct observer_effect *effect)
{
    effect->kind = OBSERVER_NOTHING;
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
        struct observation *place = &observer->each[i];

        if (place->number == 0 || place->until_ms > now_ms)
            continue;
        snprintf(effect->text, sizeof(effect->text), "no answer came in time");
        observer_fail(place, MU_DEADLINE_EXCEEDED, effect);
        return true;
    }
    return false;
}

bool observer_next_lost(struct observer *observer, uint64_t link, struct observer_effect *effect)
{
    effect->kind = OBSERVER_NOTHING;
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
        struct observation *place = &observer->each[i];

        if (place->number == 0 || link == 0)
            continue;
        if (place->link == link) {
            *place = (struct observation){ .number = 0 };
        } else if (place->asked == link) {
            snprintf(effect->text, sizeof(effect->text), "the link on the way there was lost");
            observer_fail(place, MU_UNAVAILABLE, effect);
            return true;
        }
    }
    return false;
}

bool observer_next_of_all(
        struct observer *observer, const char *why, struct observer_effect *effect)
{
    effect->kind = OBSERVER_NOTHING;
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
        struct observation *place = &observer->each[i];

        if (place->number == 0)
            continue;
        snprintf(effect->text, sizeof(effect->text), "%s", why);
        observer_fail(place, MU_UNAVAILABLE, effect);
        return true;
    }
    return false;
}

uint64_t observer_due(const struct observer *observer)
{
    uint64_t due_ms = UINT64_MAX;

    for (size_t i = 0; i < OBSERVATIONS_MAX; i++) {
        const struct observation *place = &observer->each[i];

        if (place->number != 0 && place->until_ms < due_ms)
            due_ms = place->until_ms;
    }
    return due_ms;
}
