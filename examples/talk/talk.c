// SPDX-License-Identifier: Apache-2.0
/* talk - a two-way stream: what is said comes back at once, while more is being said. Echoes that
 * the caller has no room for wait here, up to a limit; one who only talks and never listens is told
 * so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.mu.h"

enum { TALK_WAITING_MAX = 1048576, TALK_FROM_MAX = 80 }; /* bytes, both */

struct echo {
    struct echo *next; /* owned */
    uint64_t number;
    bool goodbye;
    char text[];
};

struct talk {
    struct echo *first; /* owned: not sent yet, in order */
    struct echo **last; /* borrowed: where the next one goes */
    size_t waiting;     /* bytes of their texts */
    uint64_t number;    /* of lines */
    char from[TALK_FROM_MAX];
    bool ended; /* the caller said all it had to say */
};

static void talk_pop(struct talk *talk)
{
    struct echo *echo = talk->first;

    talk->first = echo->next;
    if (talk->first == NULL)
        talk->last = &talk->first;
    talk->waiting -= strlen(echo->text);
    free(echo);
}

static void talk_free(struct talk *talk)
{
    while (talk->first != NULL)
        talk_pop(talk);
    free(talk);
}

static void talk_give_up(struct mu_call *call)
{
    talk_free(mu_call_data(call));
    mu_call_finish(call);
}

/* Sends what waits, as far as the caller has room. */
static void talk_flush(struct mu_call *call)
{
    struct talk *talk = mu_call_data(call);

    while (talk->first != NULL) {
        Talk__V1__Echo item = TALK__V1__ECHO__INIT;

        item.number = talk->first->number;
        item.text = talk->first->text;
        item.from = talk->from;
        item.goodbye = talk->first->goodbye;
        if (talk_chat_send(call, &item) != MU_SEND_OK)
            return;
        talk_pop(talk);
    }
    if (talk->ended) {
        talk_free(talk);
        mu_call_finish(call);
    }
}

static void talk_say(struct mu_call *call, const char *text, bool goodbye)
{
    struct talk *talk = mu_call_data(call);
    size_t size = strlen(text);
    struct echo *echo = NULL;

    if (talk->waiting + size <= TALK_WAITING_MAX)
        echo = malloc(sizeof(*echo) + size + 1);
    if (echo == NULL) {
        talk_free(talk);
        mu_call_fail(call, MU_RESOURCE_EXHAUSTED, "you talk, but do not listen");
        return;
    }
    *echo = (struct echo){ .number = talk->number, .goodbye = goodbye };
    memcpy(echo->text, text, size + 1);
    *talk->last = echo;
    talk->last = &echo->next;
    talk->waiting += size;
    talk_flush(call);
}

static void chat(struct mu_call *call)
{
    const struct mu_caller *caller = mu_call_caller(call);
    struct talk *talk = calloc(1, sizeof(*talk));

    if (talk == NULL) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    talk->last = &talk->first;
    if (caller->service[0] != '\0')
        snprintf(talk->from, sizeof(talk->from), "%s", caller->service);
    else
        snprintf(talk->from, sizeof(talk->from), "uid %u", caller->uid);
    mu_call_set_data(call, talk);
    mu_call_on_credit(call, talk_flush);
    mu_call_on_over(call, talk_give_up);
}

static void chat_item(struct mu_call *call, const Talk__V1__Line *line)
{
    struct talk *talk = mu_call_data(call);

    talk->number += 1;
    talk_say(call, line->text, false);
}

static void chat_end(struct mu_call *call)
{
    struct talk *talk = mu_call_data(call);

    talk->ended = true;
    talk_say(call, "Goodbye!", true);
}

int main(int argc, char **argv)
{
    static const struct talk_handlers handlers = {
        .chat = chat,
        .chat_item = chat_item,
        .chat_end = chat_end,
    };
    const struct mu_service service = { .type = &talk_type, .handlers = &handlers };

    return mu_service_main(&service, argc, argv);
}
