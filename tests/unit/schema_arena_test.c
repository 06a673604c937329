// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "mu/arena.h"
#include "schema/plain.pb-c.h"
#include "tests/unit/cmocka.h"

static void test_pieces_are_aligned_and_do_not_overlap(void **state)
{
    struct mu_arena arena;
    uint8_t *pieces[300];

    (void)state;
    mu_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < 300; i++) {
        pieces[i] = mu_arena_alloc(&arena, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 8, 0);
        memset(pieces[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], i & 0xff);
    mu_arena_deinit(&arena);
    mu_arena_deinit(&arena);
}

static void test_an_arena_stops_at_its_limit(void **state)
{
    struct mu_arena arena;

    (void)state;
    mu_arena_init(&arena, 64);
    assert_null(mu_arena_alloc(&arena, 65));
    assert_non_null(mu_arena_alloc(&arena, 57));
    assert_null(mu_arena_alloc(&arena, 1));
    mu_arena_reset(&arena, 16);
    assert_non_null(mu_arena_alloc(&arena, 0));
    assert_non_null(mu_arena_alloc(&arena, 1));
    assert_null(mu_arena_alloc(&arena, 0));
    mu_arena_reset(&arena, SIZE_MAX);
    assert_null(mu_arena_alloc(&arena, SIZE_MAX));
    assert_null(mu_arena_alloc(&arena, SIZE_MAX / 2));
    mu_arena_deinit(&arena);
}

static void test_a_reset_keeps_a_small_block_and_gives_back_a_large_one(void **state)
{
    struct mu_arena arena;
    void *piece;

    (void)state;
    mu_arena_init(&arena, SIZE_MAX);
    mu_arena_reset(&arena, SIZE_MAX);
    piece = mu_arena_alloc(&arena, 100);
    mu_arena_reset(&arena, SIZE_MAX);
    assert_ptr_equal(mu_arena_alloc(&arena, 100), piece);
    piece = mu_arena_alloc(&arena, MU_ARENA_BLOCK_SIZE);
    mu_arena_reset(&arena, SIZE_MAX);
    assert_ptr_equal(mu_arena_alloc(&arena, 1), piece); /* the newest, which is the largest */
    assert_non_null(mu_arena_alloc(&arena, MU_ARENA_KEEP_MAX + 1));
    mu_arena_reset(&arena, SIZE_MAX);
    assert_null(arena.first);
    assert_non_null(mu_arena_alloc(&arena, 1));
    mu_arena_deinit(&arena);
}

static void test_protobuf_c_unpacks_into_an_arena(void **state)
{
    static const uint8_t body[] = { 0x12, 0x01, 'x', 0x3a, 0x02, 'y', 'z' };
    struct mu_arena arena;
    Plain__V1__Thing *thing;

    (void)state;
    mu_arena_init(&arena, SIZE_MAX);
    thing = plain__v1__thing__unpack(mu_arena_allocator(&arena), sizeof(body), body);
    assert_non_null(thing);
    assert_string_equal(thing->name, "x");
    assert_string_equal(thing->words[0], "yz");
    plain__v1__thing__free_unpacked(thing, mu_arena_allocator(&arena));
    mu_arena_reset(&arena, 64);
    assert_null(plain__v1__thing__unpack(mu_arena_allocator(&arena), sizeof(body), body));
    mu_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(test_an_arena_stops_at_its_limit),
        cmocka_unit_test(test_a_reset_keeps_a_small_block_and_gives_back_a_large_one),
        cmocka_unit_test(test_protobuf_c_unpacks_into_an_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
