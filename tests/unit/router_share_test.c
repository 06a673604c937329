// SPDX-License-Identifier: Apache-2.0
/* Bytes that wait for an instance, and whose they are, while sends begin and end. */
#include <string.h>

#include "base/random.h"
#include "kernel/router/claim.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { SENDERS = 12, STEPS = 20000, CHARGE = 4096 + ENVELOPE_HEAD_MAX };

static struct bus bus;
static struct peer *store;
static struct peer *senders[SENDERS];

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    store = bus_service(&bus, "store");
    store->calls_max = UINT32_MAX;
    for (int i = 0; i < SENDERS; i++)
        senders[i] = bus_caller(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* True where the call waits for the store now; else it was refused with RESOURCE_EXHAUSTED. */
static bool put(struct peer *sender, size_t size, enum envelope_shape shape)
{
    static uint8_t body[BODY_SIZE_MAX];
    static uint64_t id;
    struct status status;

    id += 1;
    bus_say(&bus, sender,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = id,
                    .shape = shape,
                    .endpoint = bus_text("store.Put"),
                    .body = { body, size } });
    if (bus_hear(&bus, sender) == 0)
        return true;
    assert_int_equal(bus.heard_count, 1);
    assert_int_equal(status_read(&status, bus.heard[0].status), ENVELOPE_OK);
    assert_int_equal(status.code, CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(status.executed, EXECUTED_NO);
    sender->refused = 0; /* nobody is throttled here */
    return false;
}

/* ---- the rule ---- */

static size_t claimed(int index)
{
    list_for_each (node, &senders[index]->claims) {
        const struct claim *claim = list_entry(node, struct claim, link);

        if (claim->callee == store)
            return outbox_share(&store->out, &claim->turn);
    }
    return 0;
}

static size_t left_free(void)
{
    return OUTBOX_HARD_MAX - outbox_queued(&store->out);
}

/* As dbus-broker writes it: see claim.h. */
static bool rule_admits(int index, size_t size)
{
    size_t share = claimed(index);

    if (size > left_free())
        return false;
    return share == 0 || outbox_waiting(&store->out) + size <= ROUTER_SHARE_FREE ||
           (store->out.senders + 1) * (share + size) - share <= left_free();
}

/* ---- what happens ---- */

static void try_to_put(int index, size_t size)
{
    bool expected = rule_admits(index, size + ENVELOPE_HEAD_MAX);

    assert_int_equal(put(senders[index], size, SHAPE_UNARY), expected);
}

/* A round leaves, as channel.c has it: the one before has left. */
static void begin_send(void)
{
    size_t size = outbox_take(&store->out).size;

    outbox_clear(&store->out);
    store->out.leaving = size;
}

static void end_send(void)
{
    store->out.leaving = 0;
}

/* The store answers all that it has got. */
static void answer_all(void)
{
    while (!list_is_empty(&store->calls_taken)) {
        struct call *call = list_entry(store->calls_taken.next, struct call, by_callee);

        bus_say(&bus, store,
                (struct envelope){
                        .kind = ENVELOPE_RESULT, .id = call_id(&bus.router.calls, call) });
    }
    for (int i = 0; i < SENDERS; i++)
        outbox_clear(&senders[i]->out);
}

static void test_each_has_the_bytes_that_wait_for_it_and_the_rule_is_kept(void **state)
{
    struct random random;
    unsigned refused = 0;

    (void)state;
    random_init(&random, 7);
    for (int step = 0; step < STEPS; step++) {
        uint32_t dice = random_below(&random, 100);
        size_t size = (size_t)1 << random_below(&random, 21);
        size_t all = 0;

        if (dice < 80) {
            int index = (int)random_below(&random, SENDERS);

            refused += !rule_admits(index, size + ENVELOPE_HEAD_MAX);
            try_to_put(index, size);
        } else if (dice < 90 && store->out.leaving == 0) {
            begin_send();
        } else if (dice < 99) {
            end_send();
        } else if (outbox_queued(&store->out) == 0) {
            answer_all();
        }
        for (int i = 0; i < SENDERS; i++)
            all += claimed(i);
        /* What one had before others is on top. */
        assert_in_range(all, (outbox_queued(&store->out) - store->out.leaving) / 10 * 9,
                outbox_queued(&store->out) + (size_t)SENDERS * (BODY_SIZE_MAX + BATCH_SIZE_MAX));
    }
    assert_in_range(refused, STEPS / 20, STEPS);
}

static void test_the_nth_who_takes_all_it_can_gets_a_share_of_what_is_free(void **state)
{
    struct span text;

    (void)state;
    for (size_t n = 1; n <= SENDERS; n++) {
        size_t left = left_free();

        while (rule_admits((int)n - 1, CHARGE))
            try_to_put((int)n - 1, CHARGE - ENVELOPE_HEAD_MAX);
        try_to_put((int)n - 1, CHARGE - ENVELOPE_HEAD_MAX); /* refused: that was all */
        text = bus_heard_text(&bus);
        assert_non_null(memmem(text.data, text.size, "full for this caller", 20));
        assert_in_range(claimed((int)n - 1), left / (n + 1) - 2 * (size_t)CHARGE, left / (n + 1));
    }
    assert_true(left_free() >= OUTBOX_HARD_MAX / (SENDERS + 1));
}

static void test_one_that_has_nothing_waiting_may_send_what_finds_room(void **state)
{
    (void)state;
    while (rule_admits(0, BODY_SIZE_MAX + ENVELOPE_HEAD_MAX))
        try_to_put(0, BODY_SIZE_MAX);
    for (int i = 1; i < 7; i++) {
        assert_true(rule_admits(i, BODY_SIZE_MAX + ENVELOPE_HEAD_MAX));
        try_to_put(i, BODY_SIZE_MAX);
    }
}

static void test_items_of_streams_count_for_their_sender(void **state)
{
    static uint8_t body[100000];
    size_t before;
    struct call *call;

    (void)state;
    assert_true(put(senders[0], 1, SHAPE_CLIENT_STREAM));
    before = claimed(0);
    call = list_entry(senders[0]->calls_made.next, struct call, by_caller);
    bus_say(&bus, senders[0],
            (struct envelope){
                    .kind = ENVELOPE_ITEM, .id = call->caller_id, .body = { body, sizeof(body) } });
    assert_in_range(claimed(0) - before, sizeof(body), sizeof(body) + ENVELOPE_HEAD_MAX);
    assert_int_equal(store->out.senders, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_each_has_the_bytes_that_wait_for_it_and_the_rule_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_nth_who_takes_all_it_can_gets_a_share_of_what_is_free, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_one_that_has_nothing_waiting_may_send_what_finds_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_items_of_streams_count_for_their_sender, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
