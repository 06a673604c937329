// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/routes_scene.h"

#include "tests/unit/cmocka.h"

struct world world;

int scene_begin(void **state)
{
    (void)state;
    world_init(&world);
    return 0;
}

int scene_end(void **state)
{
    (void)state;
    world_deinit(&world);
    return 0;
}

struct world_advert advert_of(uint32_t node, uint32_t services, uint32_t through_count)
{
    return (struct world_advert){ .node = node,
        .epoch = 5,
        .sequence = 1,
        .services = services,
        .through = { 10, 11 },
        .through_count = through_count };
}

void say(uint32_t from, struct world_advert advert)
{
    assert_int_equal(world_say(&world, from, &advert), ROUTES_OK);
}

uint32_t hops_through(uint32_t peer, uint32_t service)
{
    return world.peers[peer].hops[service];
}
