// SPDX-License-Identifier: Apache-2.0
/* The version is drawn first, then an instance of it, so that a version has its share however many
 * instances it has. What cannot be had is given up in turn, the least important first: the drawn
 * version, one that is not silent and has not just failed, and last, where all are left out for
 * their failures, even that: one that may fail is better than none. */
#include "kernel/router/choice.h"

#include <string.h>

#include "kernel/router/policy.h"

enum { CHOICE_UNLISTED = -1, CHOICE_ANY = -2 };

struct choice {
    const struct service *service;
    const struct peer *caller;   /* NULL: whether there is room does not matter */
    size_t size;                 /* bytes that wait for the instance with the call */
    const struct terms *weights; /* NULL: none */
    const struct terms *labels;  /* NULL: none */
    bool breaks;                 /* a breaker watches */
    uint64_t avoid;              /* the instance that has just failed; 0: none */
    uint64_t now_us;
    int drawn;    /* index of the version's weight, CHOICE_UNLISTED or CHOICE_ANY */
    bool sound;   /* neither silent nor the one to avoid */
    bool ejected; /* also those that are left out */
};

static const struct terms *choice_terms(const struct settings *settings, enum setting setting)
{
    return settings->by[setting] != NULL ? &settings->by[setting]->terms : NULL;
}

/* The index of the peer's version among the weights, or CHOICE_UNLISTED. */
static int choice_version(const struct terms *weights, const struct peer *peer)
{
    for (uint32_t i = 0; i < weights->weight_count; i++) {
        if (strcmp(weights->weights[i].version, peer->version) == 0)
            return (int)i;
    }
    return CHOICE_UNLISTED;
}

static bool choice_has_version(const struct choice *choice, const struct peer *peer)
{
    int version;

    if (choice->weights == NULL)
        return true;
    version = choice_version(choice->weights, peer);
    if (version != CHOICE_UNLISTED && choice->weights->weights[version].percent == 0)
        return false;
    return choice->drawn == CHOICE_ANY || choice->drawn == version;
}

static bool choice_has_label(const struct peer *peer, const struct terms_label *label)
{
    const char *at = peer->labels;

    while (at != NULL && at < peer->labels + peer->labels_size) {
        const char *value = at + strlen(at) + 1;

        if (strcmp(at, label->key) == 0)
            return strcmp(value, label->value) == 0;
        at = value + strlen(value) + 1;
    }
    return false;
}

static bool choice_has_labels(const struct choice *choice, const struct peer *peer)
{
    for (uint32_t i = 0; choice->labels != NULL && i < choice->labels->label_count; i++) {
        if (!choice_has_label(peer, &choice->labels->labels[i]))
            return false;
    }
    return true;
}

static bool choice_fits(const struct choice *choice, const struct peer *peer)
{
    if (choice->sound && (peer->silent || peer->instance == choice->avoid))
        return false;
    if (choice->breaks && !choice->ejected && !breaker_admits(&peer->breaker, choice->now_us))
        return false;
    return choice_has_version(choice, peer) && choice_has_labels(choice, peer) &&
           (choice->caller == NULL || service_peer_has_room(peer, choice->caller, choice->size));
}

/* The fitting one number `place`, which exists. */
static struct peer *choice_at(const struct choice *choice, uint32_t place)
{
    struct peer **ready = choice->service->ready;

    for (;; ready++) {
        if (choice_fits(choice, *ready) && place-- == 0)
            return *ready;
    }
}

static uint64_t choice_load(const struct peer *peer)
{
    return (uint64_t)(peer->calls_taken_count + 1) * (peer->latency_us + 1);
}

/* The less loaded of two that fit, picked at random; NULL where none does. */
static struct peer *choice_draw(const struct choice *choice, struct random *random)
{
    struct peer *first = NULL;
    struct peer *second;
    uint32_t count = 0;
    uint32_t start;

    for (uint32_t i = 0; i < choice->service->ready_count; i++) {
        if (!choice_fits(choice, choice->service->ready[i]))
            continue;
        first = choice->service->ready[i];
        count += 1;
    }
    if (count <= 1)
        return first;
    start = random_below(random, count);
    first = choice_at(choice, start);
    second = choice_at(choice, (start + 1 + random_below(random, count - 1)) % count);
    if (choice_load(second) < choice_load(first)) {
        struct peer *other = first;

        first = second;
        second = other;
    }
    service_peer_pass_over(second);
    return first;
}

static int choice_draw_version(const struct terms *weights, struct random *random)
{
    uint32_t drawn;

    if (weights == NULL)
        return CHOICE_ANY;
    drawn = random_below(random, 100);
    for (uint32_t i = 0; i < weights->weight_count; i++) {
        if (drawn < weights->weights[i].percent)
            return (int)i;
        drawn -= weights->weights[i].percent;
    }
    return CHOICE_UNLISTED;
}

/* True where a breaker admits none of the instances. */
static bool choice_all_ejected(const struct choice *choice)
{
    for (uint32_t i = 0; choice->breaks && i < choice->service->ready_count; i++) {
        if (breaker_admits(&choice->service->ready[i]->breaker, choice->now_us))
            return false;
    }
    return choice->breaks;
}

static struct choice choice_make(const struct draft *draft)
{
    return (struct choice){
        .service = draft->service,
        .weights = choice_terms(draft->settings, SETTING_WEIGHTS),
        .labels = choice_terms(draft->settings, SETTING_LABELS),
        .breaks = draft->settings->by[SETTING_BREAKER] != NULL,
        .avoid = draft->avoid,
        .drawn = CHOICE_ANY,
    };
}

struct peer *choice_pick(
        struct router *router, const struct peer *caller, const struct draft *draft, size_t size)
{
    struct choice choice = choice_make(draft);
    struct peer *peer;

    choice.caller = caller;
    choice.size = size;
    choice.now_us = router->now_us;
    choice.drawn = choice_draw_version(choice.weights, &router->random);
    choice.sound = true;
    peer = choice_draw(&choice, &router->random);
    choice.drawn = CHOICE_ANY;
    if (peer == NULL && choice.weights != NULL)
        peer = choice_draw(&choice, &router->random);
    choice.sound = false;
    if (peer == NULL)
        peer = choice_draw(&choice, &router->random);
    if (peer != NULL || !choice_all_ejected(&choice))
        return peer;
    choice.ejected = true;
    return choice_draw(&choice, &router->random);
}

bool choice_is_any(const struct draft *draft)
{
    struct choice choice = choice_make(draft);

    choice.ejected = true;
    for (uint32_t i = 0; i < draft->service->ready_count; i++) {
        if (choice_fits(&choice, draft->service->ready[i]))
            return true;
    }
    return false;
}

bool choice_is_here(const struct draft *draft)
{
    return draft->settings != NULL && draft->settings->by[SETTING_LABELS] != NULL;
}
