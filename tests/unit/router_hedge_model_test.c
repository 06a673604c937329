// SPDX-License-Identifier: Apache-2.0
/* Any run of calls that are hedged, tried again and copied, against a model that knows nothing of
 * slots: what was sent to whom, what was answered, and what the caller heard. `shop.Get` is
 * idempotent and `shop.Pay` is not; version 2 has copies alone. */
#include <string.h>

#include "kernel/router/policy.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

enum { INSTANCES = 4, COPIES = 3 /* the last one, version 2 */, CALLS = 300, OPEN_MAX = 8 };
enum { SHOTS_MAX = 128, SEEDS = 60, RUN_INTERNAL = 13 };

/* A call at an instance that has not answered it. */
struct shot {
    uint64_t nonce;
    uint64_t id;
    int instance;
    bool cancelled;
};

struct run {
    struct random random;
    struct peer *caller;
    struct peer *instances[INSTANCES];
    struct shot open[SHOTS_MAX];
    size_t open_count;
    uint32_t sent[CALLS + 1];    /* times that a call was sent, but for copies */
    uint32_t copies[CALLS + 1];  /* times that a copy was */
    uint32_t harmful[CALLS + 1]; /* of `sent`, such as may have been carried out */
    uint32_t ends[CALLS + 1];    /* results that the caller heard */
    uint64_t called;
    uint32_t again; /* all but the first of `sent` */
};

static struct bus bus;
static struct peer *supervisor;
static struct written policy;
static struct run run;

static bool is_idempotent(uint64_t nonce)
{
    return nonce % 2 == 0;
}

static struct peer *join(int instance)
{
    return bus_instance(
            &bus, &(struct instance){ "shop", instance == COPIES ? "2" : "1", NULL, "Get" });
}

static void set_up(void)
{
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    write_policy(&policy, "shop.*");
    write_hedge(&policy, 10);
    write_retries(&policy, 2, false);
    write_weight(&policy, "2", 0);
    write_mirror(&policy, "2", 30);
    write_breaker(&policy, 3, 0);
    bus_set_policy(&bus, supervisor, &policy);
}

/* ---- what instances hear ---- */

static void hear_call(int instance, const struct envelope *call)
{
    uint64_t nonce;

    memcpy(&nonce, call->body.data, sizeof(nonce));
    assert_true(run.open_count < SHOTS_MAX);
    if (instance == COPIES) {
        assert_int_equal(run.copies[nonce], 0);
        run.copies[nonce] += 1;
    } else {
        uint32_t under_way = 0;

        for (size_t i = 0; i < run.open_count; i++) {
            if (run.open[i].nonce != nonce || run.open[i].instance == COPIES)
                continue;
            under_way += 1;
            assert_int_not_equal(run.open[i].instance, instance);
        }
        assert_true(under_way <= (is_idempotent(nonce) ? 1 : 0));
        if (!is_idempotent(nonce))
            assert_int_equal(run.harmful[nonce], 0); /* the promise */
        run.again += run.sent[nonce] > 0 ? 1 : 0;
        run.sent[nonce] += 1;
    }
    run.open[run.open_count++] = (struct shot){ nonce, call->id, instance, false };
}

static void hear_cancel(int instance, uint64_t id)
{
    for (size_t i = 0; i < run.open_count; i++) {
        if (run.open[i].instance != instance || run.open[i].id != id)
            continue;
        assert_false(run.open[i].cancelled);
        run.open[i].cancelled = true;
        return;
    }
    fail_msg("a CANCEL of a call that instance %d does not have", instance);
}

static void listen(void)
{
    for (int i = 0; i < INSTANCES; i++) {
        bus_hear(&bus, run.instances[i]);
        for (size_t k = 0; k < bus.heard_count; k++) {
            if (bus.heard[k].kind == ENVELOPE_CALL)
                hear_call(i, &bus.heard[k]);
            else if (bus.heard[k].kind == ENVELOPE_CANCEL)
                hear_cancel(i, bus.heard[k].id);
        }
    }
}

/* An answer's body says of which call it is, and whether of a copy. */
struct said {
    uint64_t nonce;
    uint64_t by_copy;
};

static void hear_ends(void)
{
    bus_hear(&bus, run.caller);
    for (size_t i = 0; i < bus.heard_count; i++) {
        const struct envelope *result = &bus.heard[i];
        struct said said;

        assert_int_equal(result->kind, ENVELOPE_RESULT);
        assert_int_equal(run.ends[result->id], 0);
        run.ends[result->id] += 1;
        if (result->status.size != 0)
            continue;
        assert_int_equal(result->body.size, sizeof(said));
        memcpy(&said, result->body.data, sizeof(said));
        assert_true(said.nonce == result->id && said.by_copy == 0);
    }
}

/* Whoever has a call that is over was told so, and nobody else was. */
static void check_cancels(void)
{
    for (size_t i = 0; i < run.open_count; i++) {
        if (run.open[i].instance != COPIES)
            assert_int_equal(run.open[i].cancelled, run.ends[run.open[i].nonce]);
    }
}

/* ---- what happens ---- */

static void take_off(size_t place)
{
    run.open[place] = run.open[--run.open_count];
}

static void answer(void)
{
    static const struct {
        uint32_t code;
        uint32_t executed;
    } ends[] = { { 0, 0 }, { 0, 0 }, { CODE_UNAVAILABLE, EXECUTED_NO },
        { CODE_UNAVAILABLE, EXECUTED_UNKNOWN }, { CODE_RESOURCE_EXHAUSTED, EXECUTED_NO },
        { RUN_INTERNAL, EXECUTED_YES } };
    uint32_t choice = random_below(&run.random, sizeof(ends) / sizeof(ends[0]));
    struct status status = { .code = ends[choice].code, .executed = ends[choice].executed };
    uint8_t room[64];
    struct envelope result = { .kind = ENVELOPE_RESULT };
    struct said said;
    struct shot shot;
    size_t place;

    if (run.open_count == 0)
        return;
    place = random_below(&run.random, (uint32_t)run.open_count);
    shot = run.open[place];
    take_off(place);
    said = (struct said){ shot.nonce, shot.instance == COPIES ? 1 : 0 };
    if (status.executed != EXECUTED_NO && shot.instance != COPIES)
        run.harmful[shot.nonce] += 1;
    result.id = shot.id;
    if (status.code != 0)
        result.status = (struct span){ room, status_write(&status, room, sizeof(room)) };
    else
        result.body = (struct span){ (const uint8_t *)&said, sizeof(said) };
    bus_say(&bus, run.instances[shot.instance], result);
}

/* An instance dies, or drains, with all that it has; another takes its place. */
static void replace(void)
{
    int victim = (int)random_below(&run.random, INSTANCES);

    if (random_below(&run.random, 2) == 0) {
        bus_say(&bus, run.instances[victim], (struct envelope){ .kind = ENVELOPE_DRAIN });
        listen();
    }
    for (size_t i = run.open_count; i > 0; i--) {
        if (run.open[i - 1].instance != victim)
            continue;
        if (victim != COPIES)
            run.harmful[run.open[i - 1].nonce] += 1;
        take_off(i - 1);
    }
    router_detach(&bus.router, run.instances[victim], bus.now_us);
    run.instances[victim] = join(victim);
}

static void call(void)
{
    if (run.called == CALLS || run.caller->calls_made_count >= OPEN_MAX)
        return;
    run.called += 1;
    bus_say(&bus, run.caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = run.called,
                    .endpoint = bus_text(is_idempotent(run.called) ? "shop.Get" : "shop.Pay"),
                    .timeout_ms = 1 + random_below(&run.random, 500),
                    .body = { (const uint8_t *)&run.called, sizeof(run.called) } });
}

static void cancel(void)
{
    uint64_t id = run.called - random_below(&run.random, OPEN_MAX);

    if (id >= 1 && id <= run.called)
        bus_say(&bus, run.caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = id });
}

static void step(void)
{
    uint32_t choice = random_below(&run.random, 20);

    if (choice < 7)
        call();
    else if (choice < 14)
        answer();
    else if (choice == 14)
        cancel();
    else if (choice == 15 && random_below(&run.random, 3) == 0)
        replace();
    else
        bus_pass_ms(&bus, random_below(&run.random, 15));
    listen();
    hear_ends();
    check_cancels();
}

static void run_once(uint64_t seed)
{
    const struct policy *set;

    run = (struct run){ .caller = bus_caller(&bus) };
    random_init(&run.random, seed);
    for (int i = 0; i < INSTANCES; i++)
        run.instances[i] = join(i);
    set = policy_find(&bus.router, run.caller, NULL, bus_text("shop.Get"))->by[SETTING_HEDGE];
    while (run.called < CALLS || run.caller->calls_made_count > 0 || run.open_count > 0)
        step();
    for (uint64_t i = 1; i <= CALLS; i++) {
        assert_int_equal(run.ends[i], 1);
        if (!is_idempotent(i))
            assert_true(run.harmful[i] <= 1);
    }
    assert_true(run.again <= set->hedges + set->retries); /* not every retry comes to be sent */
    assert_true(run.again <= CALLS * POLICY_RETRY_PERCENT / 100 + POLICY_RETRIES_SAVED);
    assert_int_equal(bus.router.kept_bytes, 0);
    assert_int_equal(bus.router.pauses.count, 0);
    assert_int_equal(bus.router.calls.count, bus.router.self.calls_made_count);
    assert_true(list_is_empty(&run.caller->claims) && list_is_empty(&run.caller->copies));
}

static void test_in_any_run_each_call_ends_once_and_pays_once(void **state)
{
    uint64_t hedges = 0;
    uint64_t won = 0;
    uint64_t mirrored = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct policy *set;

        print_message("seed %d\n", (int)seed);
        set_up();
        run_once(seed);
        set = policy_find(&bus.router, run.caller, NULL, bus_text("shop.Get"))->by[SETTING_HEDGE];
        hedges += set->hedges;
        won += set->hedges_won;
        mirrored += set->mirrored;
        bus_close(&bus);
    }
    /* The runs were about something. */
    assert_true(hedges > SEEDS && won > SEEDS / 2 && mirrored > SEEDS * CALLS / 10);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_any_run_each_call_ends_once_and_pays_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
