// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/chaos_ledger.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "counter.mu.h"
#include "tests/unit/cmocka.h"

enum { LEDGER_WINDOW = 256, LEDGER_ASK_MS = 20000 }; /* questions under way */

void ledger_init(struct ledger *ledger)
{
    ledger->words = calloc(LEDGER_MAX, sizeof(*ledger->words));
    assert_non_null(ledger->words);
    atomic_init(&ledger->made, 0);
    atomic_init(&ledger->twice, 0);
}

void ledger_deinit(struct ledger *ledger)
{
    free((void *)ledger->words);
}

unsigned ledger_take(struct ledger *ledger)
{
    unsigned number = atomic_fetch_add(&ledger->made, 1);

    if (number >= LEDGER_MAX)
        abort(); /* the campaign's pace is wrong */
    return number;
}

void ledger_write(struct ledger *ledger, unsigned number, const struct mu_status *status)
{
    uint8_t word = LEDGER_UNKNOWN;

    if (status->code == MU_OK)
        word = LEDGER_DONE;
    else if (status->executed == MU_EXECUTED_NO)
        word = LEDGER_NO;
    if (atomic_exchange(&ledger->words[number], word) != LEDGER_NOTHING)
        atomic_fetch_add(&ledger->twice, 1);
}

/* One question to the counter: how often was this one carried out? */
struct question {
    sem_t *window;
    int64_t count; /* -1: not answered */
};

static void ledger_answered(
        const struct mu_status *status, const Counter__V1__CheckReply *reply, void *user)
{
    struct question *question = user;

    question->count = status->code == MU_OK ? reply->count : -1;
    sem_post(question->window);
}

static void ledger_ask(struct mu_client *client, unsigned number, struct question *question)
{
    const struct mu_call_options options = { .timeout_ms = LEDGER_ASK_MS };
    Counter__V1__CheckRequest request = COUNTER__V1__CHECK_REQUEST__INIT;
    char op[16];

    snprintf(op, sizeof(op), "%u", number);
    request.op = op;
    counter_check_async(client, &request, &options, ledger_answered, question);
}

struct ledger_sum ledger_check(struct ledger *ledger, struct mu_client *client)
{
    unsigned made = atomic_load(&ledger->made);
    struct question *questions = calloc(made + 1, sizeof(*questions));
    struct ledger_sum sum = { 0 };
    sem_t window;

    assert_non_null(questions);
    sem_init(&window, 0, LEDGER_WINDOW);
    for (unsigned i = 0; i < made; i++) {
        sem_wait(&window);
        questions[i].window = &window;
        ledger_ask(client, i, &questions[i]);
    }
    for (unsigned i = 0; i < LEDGER_WINDOW; i++)
        sem_wait(&window);
    for (unsigned i = 0; i < made; i++) {
        uint8_t word = ledger->words[i];

        assert_int_not_equal(word, LEDGER_NOTHING);
        assert_in_range(questions[i].count, 0, 1);
        if (word == LEDGER_DONE)
            assert_int_equal(questions[i].count, 1);
        if (word == LEDGER_NO)
            assert_int_equal(questions[i].count, 0);
        sum.done += word == LEDGER_DONE;
        sum.no += word == LEDGER_NO;
        sum.unknown += word == LEDGER_UNKNOWN;
        sum.unknown_executed += word == LEDGER_UNKNOWN && questions[i].count == 1;
    }
    sem_destroy(&window);
    free(questions);
    assert_int_equal(atomic_load(&ledger->twice), 0);
    return sum;
}
