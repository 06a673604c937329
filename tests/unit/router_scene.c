// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/router_scene.h"

#include "tests/unit/cmocka.h"

struct scene scene;

int scene_open(void **state)
{
    (void)state;
    bus_open(&scene.bus);
    scene.supervisor = bus_supervisor(&scene.bus);
    scene.one = bus_service(&scene.bus, "shop");
    scene.two = bus_service(&scene.bus, "shop");
    scene.caller = bus_caller(&scene.bus);
    scene.parent = 0;
    write_policy(&scene.policy, "shop.*");
    write_hedge(&scene.policy, DELAY_MS);
    write_retries(&scene.policy, 0, true);
    return 0;
}

int scene_close(void **state)
{
    (void)state;
    bus_close(&scene.bus);
    return 0;
}

void scene_set_hedge(void)
{
    bus_set_policy(&scene.bus, scene.supervisor, &scene.policy);
}

const struct policy *scene_policy(void)
{
    return policy_find(&scene.bus.router, scene.caller, NULL, bus_text("shop.Pay"))
            ->by[SETTING_HEDGE];
}

void scene_ask(uint32_t timeout_ms)
{
    bus_say(&scene.bus, scene.caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = CALL,
                    .parent = scene.parent,
                    .endpoint = bus_text("shop.Pay"),
                    .timeout_ms = timeout_ms,
                    .body = bus_text("question") });
    scene.first_id = bus_take_call(&scene.bus, scene.one);
    scene.first = scene.first_id != 0 ? scene.one : scene.two;
    scene.second = scene.first_id != 0 ? scene.two : scene.one;
    if (scene.first_id == 0)
        scene.first_id = bus_take_call(&scene.bus, scene.two);
    assert_true(scene.first_id != 0);
    scene.second_id = 0;
}

void scene_ask_both(uint32_t timeout_ms)
{
    scene_set_hedge();
    scene_ask(timeout_ms);
    assert_int_equal(bus_take_call(&scene.bus, scene.second), 0);
    bus_pass_ms(&scene.bus, ENOUGH_MS);
    scene.second_id = bus_take_call(&scene.bus, scene.second);
    assert_true(scene.second_id != 0 && scene.second_id != scene.first_id);
}

bool scene_is_cancelled(struct peer *peer, uint64_t id)
{
    return bus_hear(&scene.bus, peer) == 1 && scene.bus.heard[0].kind == ENVELOPE_CANCEL &&
           scene.bus.heard[0].id == id;
}

void scene_expect_nothing_left(void)
{
    assert_int_equal(scene.bus.router.calls.count, scene.bus.router.self.calls_made_count);
    assert_int_equal(scene.bus.router.kept_bytes, 0);
    assert_int_equal(scene.bus.router.pauses.count, 0);
    assert_true(list_is_empty(&scene.caller->claims));
    assert_int_equal(scene.caller->calls_made_count, 0);
}
