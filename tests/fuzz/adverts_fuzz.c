// SPDX-License-Identifier: Apache-2.0
/* First byte even: the rest is a message from a neighbour, which may be refused and must not harm,
 * and an advert, which comes back the same where it is one. Odd: the rest is a history of adverts
 * for the routes and for a naive model of them. */
#include <stdlib.h>

#include "base/check.h"
#include "tests/unit/routes_model.h"
#include "tests/unit/routes_world.h"

enum { OPERATIONS_MAX = 512 }; /* bytes: longer histories only run slower */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(struct span message)
{
    static struct world world;
    struct public_key from = world_id(1);
    struct world_advert known = { .node = 2, .epoch = 1, .sequence = 1, .services = 3 };
    struct routes_effect effect;

    world_init(&world);
    world_link(&world, 1);
    world_link(&world, 2);
    CHECK(world_say(&world, 2, &known) == ROUTES_OK);
    CHECK(routes_receive(&world.routes, &from, message, world.now_ms) <= ROUTES_FULL);
    for (uint64_t end_ms = world.now_ms + 3000; world.now_ms < end_ms; world.now_ms += 500) {
        routes_tick(&world.routes, world.now_ms);
        while (routes_next(&world.routes, &effect, world.now_ms))
            continue;
    }
    world_deinit(&world);
}

static void check_advert(struct span bytes)
{
    struct advert advert;
    struct advert again;
    uint8_t *written = malloc(bytes.size + ADVERT_SIZE_MAX);
    size_t size;

    CHECK(written != NULL);
    if (advert_read(&advert, bytes) == ADVERT_OK) {
        size = (size_t)(advert_write(&advert, written) - written);
        CHECK(size == advert_size(&advert));
        CHECK(advert_read(&again, (struct span){ written, size }) == ADVERT_OK);
        CHECK(entry_hash(&advert) == entry_hash(&again));
        CHECK(advert.body.size == again.body.size);
    }
    free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if ((data[0] & 1) != 0) {
        model_run(data + 1, size - 1 < OPERATIONS_MAX ? size - 1 : OPERATIONS_MAX);
    } else {
        check_message((struct span){ data + 1, size - 1 });
        check_advert((struct span){ data + 1, size - 1 });
    }
    return 0;
}
