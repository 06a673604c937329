// SPDX-License-Identifier: Apache-2.0
/* Who sends to a peer, and in which order it leaves: random operations against a list of all that
 * waits, which knows nothing of rounds. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/unit/cmocka.h"
#include "transport/outbox.h"

enum {
    SENDERS = 6,
    STEPS = 60000,
    BODY_MAX = 40000,
    /* By how much one may be ahead of another while both have something waiting: an envelope each,
       a round each, and of the time when one was alone a batch, which its last one may exceed. */
    AHEAD_MAX = 3 * (BODY_MAX + 64) + 2 * OUTBOX_QUANTUM + BATCH_SIZE_MAX
};

static struct outbox outbox;
static struct turn turns[SENDERS];
static uint8_t body[BODY_SIZE_MAX];

/* What is known of each sender: numbers of envelopes that it put and that left, and bytes. */
static struct sender {
    uint64_t put;
    uint64_t left;
    size_t waiting;
    int64_t served;
} senders[SENDERS];

/* Of each two: how far the first was ahead at least and at most, while both had something. */
static struct {
    int64_t least;
    int64_t most;
    bool both;
} ahead[SENDERS][SENDERS];

static uint64_t controls; /* put */
static uint64_t controls_left;

static int set_up(void **state)
{
    (void)state;
    outbox_init(&outbox, FRAME_IPC);
    memset(turns, 0, sizeof(turns));
    memset(senders, 0, sizeof(senders));
    memset(ahead, 0, sizeof(ahead));
    controls = 0;
    controls_left = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    outbox_deinit(&outbox);
    return 0;
}

static bool put(int sender, size_t size)
{
    struct envelope envelope = { .kind = ENVELOPE_CALL,
        .id = senders[sender].put + 1,
        .credit = (uint32_t)sender + 1,
        .body = { body, size } };
    enum outbox_outcome outcome = outbox_put_for(&outbox, &envelope, OUTBOX_CALLS, &turns[sender]);

    if (outcome == OUTBOX_FULL)
        return false;
    assert_int_equal(outcome, OUTBOX_OK);
    senders[sender].put += 1;
    senders[sender].waiting += size;
    return true;
}

/* About as many bytes whoever puts them, in envelopes of its own size. */
static void put_some(int sender, struct random *random)
{
    static const uint32_t sizes[SENDERS] = { BODY_MAX, 2000, 9000, 300, 25000, 5000 };

    for (uint32_t i = 0; i < BODY_MAX / sizes[sender]; i++)
        put(sender, random_below(random, sizes[sender]));
}

static void put_control(void)
{
    struct envelope envelope = { .kind = ENVELOPE_RESULT, .id = ++controls };

    assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_RESULTS), OUTBOX_OK);
}

static void hear(const struct envelope *envelope)
{
    size_t size = envelope_size(envelope);
    struct sender *sender;

    if (envelope->kind == ENVELOPE_RESULT) {
        assert_true(envelope->id == controls_left + 1);
        controls_left += 1;
        return;
    }
    sender = &senders[envelope->credit - 1];
    assert_true(envelope->id == sender->left + 1); /* in the order in which it was put */
    sender->left += 1;
    sender->waiting -= envelope->body.size;
    sender->served += (int64_t)(1 + varint_size(size) + size);
}

/* Takes what leaves next, and returns its bytes. */
static size_t load(void)
{
    struct batch leaving = BATCH_EMPTY;
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;
    size_t size;

    outbox_load(&outbox, &leaving);
    size = leaving.size;
    frame_reader_init(&reader, (struct span){ leaving.bytes, size }, FRAME_IPC);
    while ((outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE)
        hear(&envelope);
    assert_int_equal(outcome, FRAME_END);
    assert_true(controls_left == controls); /* they never wait for a second one */
    batch_deinit(&leaving);
    return size;
}

static uint32_t waiting_count(void)
{
    uint32_t count = 0;

    for (int i = 0; i < SENDERS; i++)
        count += senders[i].put > senders[i].left;
    return count;
}

/* While both have something waiting, from first to last, neither gets more than AHEAD_MAX before
 * the other. */
static void compare(int one, int two)
{
    int64_t now = senders[one].served - senders[two].served;
    bool both = senders[one].put > senders[one].left && senders[two].put > senders[two].left;

    if (both && ahead[one][two].both) {
        if (now < ahead[one][two].least)
            ahead[one][two].least = now;
        if (now > ahead[one][two].most)
            ahead[one][two].most = now;
        assert_in_range(ahead[one][two].most - ahead[one][two].least, 0, AHEAD_MAX);
    } else {
        ahead[one][two].least = now;
        ahead[one][two].most = now;
    }
    ahead[one][two].both = both;
}

static void compare_all(void)
{
    for (int one = 0; one < SENDERS; one++) {
        for (int two = one + 1; two < SENDERS; two++)
            compare(one, two);
    }
}

static void test_nobody_gets_less_than_its_share_and_all_keep_their_order(void **state)
{
    struct random random;
    uint32_t greed = 0;

    (void)state;
    random_init(&random, 11);
    for (int step = 0; step < STEPS; step++) {
        uint32_t dice = random_below(&random, 100);
        int sender = (int)random_below(&random, SENDERS);

        if (step % 1000 == 0)
            greed = random_below(&random, 90); /* of the steps that put something */
        if (dice < greed)
            put_some(sender, &random);
        else if (dice < greed + 5)
            put_control();
        else if (!outbox_is_empty(&outbox))
            load();
        assert_int_equal(outbox.senders, waiting_count());
        compare_all();
    }
    while (!outbox_is_empty(&outbox))
        load();
    for (int i = 0; i < SENDERS; i++) {
        assert_true(senders[i].left == senders[i].put);
        assert_int_equal(outbox_share(&outbox, &turns[i]), 0);
    }
    assert_int_equal(outbox_queued(&outbox), 0);
    assert_null(outbox.later);
}

static void test_who_comes_late_is_behind_one_batch_whatever_waits(void **state)
{
    (void)state;
    while (put(0, 4000))
        continue;
    assert_true(outbox_queued(&outbox) > OUTBOX_HARD_MAX - 8192);
    load();
    while (put(0, 4000))
        continue;
    assert_false(put(1, 4000));
    while (outbox_queued(&outbox) > OUTBOX_HARD_MAX - 100000)
        assert_true(load() <= BATCH_SIZE_MAX + 4096);
    assert_true(put(1, 1000));
    load();
    assert_true(senders[1].left == 1);
}

static void test_a_sender_alone_has_whole_batches(void **state)
{
    size_t loads = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(put(2, 1000));
    for (; !outbox_is_empty(&outbox); loads++)
        load();
    assert_in_range(loads, 1000 * 1000 / BATCH_SIZE_MAX, 1000 * 1000 / BATCH_SIZE_MAX + 2);
}

static void test_a_sender_beside_others_has_a_quantum_in_each_round(void **state)
{
    int64_t before;

    (void)state;
    for (int i = 0; i < 200; i++) {
        put(0, 1000);
        put(1, 1000);
        put(2, 1000);
    }
    load();
    for (int i = 0; i < 5; i++) {
        before = senders[1].served;
        load();
        assert_in_range(senders[1].served - before, OUTBOX_QUANTUM - 2000, OUTBOX_QUANTUM + 1000);
    }
}

static void test_what_was_had_in_advance_is_forgiven_when_nobody_waits(void **state)
{
    (void)state;
    assert_true(put(0, BODY_SIZE_MAX));
    put_control();
    load();
    assert_true(put(0, 10));
    load();
    assert_true(senders[0].left == 2);
    assert_int_equal(outbox_share(&outbox, &turns[0]), 0);
    for (int i = 0; i < 20; i++) {
        assert_true(put(0, 50000));
        assert_true(put(1, 10));
        while (!outbox_is_empty(&outbox))
            load();
    }
    assert_true(senders[0].left == 22 && senders[1].left == 20);
}

static void test_what_others_want_of_the_peer_is_not_its_own_doing(void **state)
{
    size_t own;

    (void)state;
    for (int i = 0; i < 10; i++)
        put(i % 2, 50000);
    assert_int_equal(outbox_own(&outbox), 0);
    put_control();
    own = outbox_own(&outbox);
    assert_in_range(own, 1, 16);
    outbox.leaving = load();
    put_control();
    assert_int_equal(outbox_own(&outbox), 2 * own);
    outbox.leaving = 0;
    assert_int_equal(outbox_own(&outbox), own);
}

static void test_what_waits_when_the_outbox_ends_is_freed(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++)
        put(i % SENDERS, 30000);
    assert_non_null(outbox.later);
    outbox_deinit(&outbox);
    assert_int_equal(outbox_queued(&outbox), 0);
}

#define IN_ITS_TURN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_ITS_TURN(test_nobody_gets_less_than_its_share_and_all_keep_their_order),
        IN_ITS_TURN(test_who_comes_late_is_behind_one_batch_whatever_waits),
        IN_ITS_TURN(test_a_sender_alone_has_whole_batches),
        IN_ITS_TURN(test_a_sender_beside_others_has_a_quantum_in_each_round),
        IN_ITS_TURN(test_what_was_had_in_advance_is_forgiven_when_nobody_waits),
        IN_ITS_TURN(test_what_others_want_of_the_peer_is_not_its_own_doing),
        IN_ITS_TURN(test_what_waits_when_the_outbox_ends_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
