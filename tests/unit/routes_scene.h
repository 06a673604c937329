/* tests/unit/routes_scene.h - one world for a whole test program, new for each test. */
#pragma once

#include "tests/unit/routes_world.h"

extern struct world world;

int scene_begin(void **state);
int scene_end(void **state);

/* What a neighbour says that reaches `node`, which offers services, through so many others. */
struct world_advert advert_of(uint32_t node, uint32_t services, uint32_t through_count);

/* `from` says it, and is believed. */
void say(uint32_t from, struct world_advert advert);

/* How far a service is through a neighbour, as the router is told. */
uint32_t hops_through(uint32_t peer, uint32_t service);
