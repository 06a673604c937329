// SPDX-License-Identifier: Apache-2.0
/* counter - numbers that last. Additions are written as they come and answered together, after one
 * commit for all of them: what was answered is on the disk, and a disk that takes 5 ms for a commit
 * does not limit the service to 200 additions a second. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "counter.mu.h"
#include "mu/store.h"

enum { COUNTER_KEY_MAX = 128, COUNTER_WAITING_MAX = MU_SERVICE_CALLS_DEFAULT };

struct counter {
    struct mu_store *store; /* owned */
    struct waiting {
        struct mu_call *call; /* owned: answered after the commit */
        int64_t value;
        bool again; /* an operation that had come before */
    } waiting[COUNTER_WAITING_MAX];
    size_t waiting_count;
};

/* The key in the store: what it is for, and the caller's own key. */
static struct mu_bytes counter_key(char text[COUNTER_KEY_MAX + 3], char kind, const char *key)
{
    int size = snprintf(text, COUNTER_KEY_MAX + 3, "%c/%s", kind, key);

    return (struct mu_bytes){ (const uint8_t *)text, (size_t)size };
}

/* A number, 0 where there is none. Returns 0 or -errno. */
static int counter_read(struct counter *counter, struct mu_bytes key, int64_t *valuep)
{
    struct mu_bytes bytes;
    int outcome = mu_store_get(counter->store, key, &bytes);

    *valuep = 0;
    if (outcome == MU_STORE_NONE)
        return 0;
    if (outcome == MU_STORE_OK && bytes.size == sizeof(*valuep))
        memcpy(valuep, bytes.data, sizeof(*valuep));
    return outcome;
}

static int counter_write(struct counter *counter, struct mu_bytes key, int64_t value)
{
    return mu_store_put(
            counter->store, key, (struct mu_bytes){ (const uint8_t *)&value, sizeof(value) });
}

static void counter_answer(const struct waiting *waiting)
{
    Counter__V1__AddReply reply = COUNTER__V1__ADD_REPLY__INIT;

    reply.value = waiting->value;
    if (waiting->again)
        mu_call_refuse(waiting->call, MU_ALREADY_EXISTS, "this operation was carried out before");
    else
        counter_add_reply(waiting->call, &reply);
}

static void counter_settle(void *state)
{
    struct counter *counter = state;
    int outcome = mu_store_commit(counter->store);

    for (size_t i = 0; i < counter->waiting_count; i++) {
        if (outcome == 0)
            counter_answer(&counter->waiting[i]);
        else
            mu_call_refuse(counter->waiting[i].call, MU_RESOURCE_EXHAUSTED, "the store is full");
    }
    counter->waiting_count = 0;
}

static void counter_wait(struct counter *counter, struct waiting waiting)
{
    counter->waiting[counter->waiting_count++] = waiting;
    if (counter->waiting_count == COUNTER_WAITING_MAX)
        counter_settle(counter);
}

/* What the store said, where it was not OK. */
static void counter_fail(struct mu_call *call, int outcome)
{
    if (outcome == MU_STORE_FULL)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "the store is full");
    else
        mu_call_refuse(call, MU_DATA_LOSS, "the store cannot be read: %s", strerror(-outcome));
}

/* Counts the operation. Returns 0 and how often it came before; or what the store said. */
static int counter_note(struct counter *counter, const char *op, int64_t *timesp)
{
    char text[COUNTER_KEY_MAX + 3];
    struct mu_bytes key = counter_key(text, 'o', op);
    int outcome = counter_read(counter, key, timesp);

    return outcome == 0 ? counter_write(counter, key, *timesp + 1) : outcome;
}

static void add(struct mu_call *call, const Counter__V1__AddRequest *request)
{
    struct counter *counter = mu_call_state(call);
    char text[COUNTER_KEY_MAX + 3];
    int64_t value;
    int64_t times = 0;
    struct mu_bytes key;
    int outcome;

    if (strlen(request->key) > COUNTER_KEY_MAX || strlen(request->op) > COUNTER_KEY_MAX) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "key and op: %d bytes at most", COUNTER_KEY_MAX);
        return;
    }
    key = counter_key(text, 'c', request->key);
    outcome = counter_read(counter, key, &value);
    if (outcome != 0) {
        counter_fail(call, outcome);
        return;
    }
    if (__builtin_add_overflow(value, request->amount != 0 ? request->amount : 1, &value)) {
        mu_call_refuse(call, MU_OUT_OF_RANGE, "the counter cannot hold that");
        return;
    }
    if (request->op[0] != '\0')
        outcome = counter_note(counter, request->op, &times);
    if (outcome == 0 && times == 0)
        outcome = counter_write(counter, key, value);
    if (outcome == 0)
        counter_wait(counter, (struct waiting){ .call = call, .value = value, .again = times > 0 });
    else
        counter_fail(call, outcome);
}

static void get(struct mu_call *call, const Counter__V1__GetRequest *request)
{
    Counter__V1__GetReply reply = COUNTER__V1__GET_REPLY__INIT;
    char text[COUNTER_KEY_MAX + 3];
    int outcome = 0;

    counter_settle(mu_call_state(call)); /* what is answered is on the disk */
    if (strlen(request->key) <= COUNTER_KEY_MAX)
        outcome = counter_read(
                mu_call_state(call), counter_key(text, 'c', request->key), &reply.value);
    if (outcome == 0)
        counter_get_reply(call, &reply);
    else
        counter_fail(call, outcome);
}

static void check(struct mu_call *call, const Counter__V1__CheckRequest *request)
{
    Counter__V1__CheckReply reply = COUNTER__V1__CHECK_REPLY__INIT;
    char text[COUNTER_KEY_MAX + 3];
    int outcome = 0;

    counter_settle(mu_call_state(call)); /* what is answered is on the disk */
    if (strlen(request->op) <= COUNTER_KEY_MAX)
        outcome = counter_read(
                mu_call_state(call), counter_key(text, 'o', request->op), &reply.count);
    if (outcome == 0)
        counter_check_reply(call, &reply);
    else
        counter_fail(call, outcome);
}

static int counter_start(void *state, struct mu_client *client, const char *state_dir)
{
    struct counter *counter = state;

    (void)client;
    return mu_store_open(&counter->store, state_dir, 0);
}

static void counter_stop(void *state)
{
    struct counter *counter = state;

    counter->store = mu_store_close(counter->store);
}

int main(int argc, char **argv)
{
    static const struct counter_handlers handlers = { .add = add, .get = get, .check = check };
    static struct counter counter;
    const struct mu_service service = {
        .type = &counter_type,
        .handlers = &handlers,
        .state = &counter,
        .start = counter_start,
        .settle = counter_settle,
        .stop = counter_stop,
    };

    return mu_service_main(&service, argc, argv);
}
