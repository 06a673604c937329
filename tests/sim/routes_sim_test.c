// SPDX-License-Identifier: Apache-2.0
/* Meshes of nodes under faults, from seeds. MU_SIM_RUNS=1000 makes it a campaign, MU_SIM_SEED=n
 * begins with that seed. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/sim/mesh.h"
#include "tests/unit/cmocka.h"

enum {
    RUNS = 4,          /* seeds a shape of the largest size, by default; more of smaller ones */
    SETTLE_MS = 5000,  /* after which all is right again where nothing was held back */
    DAMPED_MS = 95000, /* the longest that something is held back, and a little more */
    DEAD_BOUND_MS = MESH_DEATH_MS + 1500,
    HARM_COUNT = 60
};

enum shape { RANDOM, CHAIN, RING, STAR, FULL, SHAPES };

static const char *const shape_names[SHAPES] = { "random", "chain", "ring", "star", "full" };

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void build(struct mesh *mesh, enum shape shape)
{
    uint32_t count = mesh->node_count;

    for (uint32_t i = 1; i < count; i++) {
        if (shape == STAR)
            mesh_join(mesh, 0, i);
        else if (shape == RANDOM)
            mesh_join(mesh, random_below(&mesh->random, i), i);
        else
            mesh_join(mesh, i - 1, i);
        for (uint32_t j = 0; shape == FULL && j < i; j++)
            mesh_join(mesh, j, i);
    }
    if (shape == RING)
        mesh_join(mesh, 0, count - 1);
    for (uint32_t i = 0; shape == RANDOM && i < count; i++)
        mesh_join(mesh, random_below(&mesh->random, count), random_below(&mesh->random, count));
}

static void start_all(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->node_count; i++)
        mesh_start(mesh, i);
}

static uint32_t link_ends(const struct mesh *mesh)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < mesh->link_count; i++)
        count += mesh->links[i].open[0] + mesh->links[i].open[1];
    return count;
}

/* Where nothing changes, digests are all that is sent. */
static void check_silence(struct mesh *mesh)
{
    uint64_t messages = mesh->messages;
    uint64_t digests = mesh->digests;

    mesh_run(mesh, 3ull * ROUTE_DIGEST_MS);
    if (mesh->messages - messages != mesh->digests - digests ||
            mesh->digests - digests != 3ull * link_ends(mesh))
        mesh_fail(mesh, "%llu messages in silence, %llu of them digests, on %u link ends",
                (unsigned long long)(mesh->messages - messages),
                (unsigned long long)(mesh->digests - digests), link_ends(mesh));
}

struct total {
    uint64_t messages;
    uint64_t bytes;
    uint64_t node_seconds;
    uint64_t checks;
    uint64_t detours;
    uint32_t second_max;
    uint32_t runs;
};

static void add_up(struct total *total, const struct mesh *mesh)
{
    total->messages += mesh->messages;
    total->bytes += mesh->bytes;
    total->node_seconds += (mesh->now_ms - 1000000) / 1000 * mesh->node_count;
    total->checks += mesh->checks;
    total->detours += mesh->detours;
    total->runs += 1;
    if (mesh->second_max > total->second_max)
        total->second_max = mesh->second_max;
}

static void print_total(const char *what, const struct total *total)
{
    print_message("%-28s %4u runs, %6.2f messages and %7.0f bytes a node and second, %u at most; "
                  "%llu looks for loops, %llu detours\n",
            what, total->runs, (double)total->messages / (double)total->node_seconds,
            (double)total->bytes / (double)total->node_seconds, total->second_max,
            (unsigned long long)total->checks, (unsigned long long)total->detours);
}

/* No node may send more than this in a second: batches that tokens allow, each confirmed, and what
 * asks for bodies. */
static void check_rate(const struct mesh *mesh)
{
    uint32_t degrees[MESH_NODES_MAX] = { 0 };
    uint32_t most = 0;

    for (uint32_t i = 0; i < mesh->link_count; i++)
        for (int end = 0; end < 2; end++)
            degrees[mesh->links[i].ends[end]] += 1;
    for (uint32_t i = 0; i < mesh->node_count; i++)
        if (degrees[i] > most)
            most = degrees[i];
    if (mesh->second_max > most * 3 * (ROUTE_BURST + 1000 / ROUTE_REFILL_MS))
        mesh_fail(mesh, "%u messages of a node in one second", mesh->second_max);
}

static void run_faults(struct mesh *mesh)
{
    for (uint32_t i = 0; i < HARM_COUNT; i++) {
        mesh_harm(mesh);
        mesh_run(mesh, random_below(&mesh->random, 3000));
        /* Two silences one behind the other take longer, and a withdrawal that was lost waits for a
         * digest. */
        if (mesh->now_ms > mesh->cut_ms + DEAD_BOUND_MS && mesh->loss_percent == 0)
            mesh_check_dead(mesh, DEAD_BOUND_MS);
    }
}

static void run_one(struct mesh *mesh, enum shape shape, uint32_t loss_percent)
{
    build(mesh, shape);
    start_all(mesh);
    mesh_run(mesh, SETTLE_MS);
    mesh_check_truth(mesh);
    check_silence(mesh);
    mesh->loss_percent = loss_percent;
    run_faults(mesh);
    mesh->loss_percent = 0;
    mesh_heal(mesh);
    start_all(mesh);
    mesh_run(mesh, DAMPED_MS);
    mesh_check_truth(mesh);
    check_silence(mesh);
    check_rate(mesh);
}

/* Runs one shape in three sizes, over the seeds. */
static void run_shape(enum shape shape, uint32_t loss_percent)
{
    static const uint32_t sizes[] = { 5, 20, MESH_NODES_MAX };
    static struct mesh mesh;
    uint64_t first = setting("MU_SIM_SEED", 1);
    uint64_t runs = setting("MU_SIM_RUNS", RUNS);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct total total = { 0 };
        char what[64];

        if (shape == FULL && sizes[i] > 20)
            continue;
        /* Small ones cost little, and meet more of what is rare. */
        for (uint64_t run = 0; run < runs * MESH_NODES_MAX / sizes[i]; run++) {
            mesh_init(&mesh, first + run, sizes[i]);
            run_one(&mesh, shape, loss_percent);
            add_up(&total, &mesh);
            mesh_deinit(&mesh);
        }
        snprintf(what, sizeof(what), "%s of %u%s", shape_names[shape], sizes[i],
                loss_percent > 0 ? ", lossy" : "");
        print_total(what, &total);
    }
}

static void test_a_random_mesh_comes_to_the_truth_after_faults(void **state)
{
    (void)state;
    run_shape(RANDOM, 0);
}

static void test_a_chain_comes_to_the_truth_after_faults(void **state)
{
    (void)state;
    run_shape(CHAIN, 0);
}

static void test_a_ring_comes_to_the_truth_after_faults(void **state)
{
    (void)state;
    run_shape(RING, 0);
}

static void test_a_star_comes_to_the_truth_after_faults(void **state)
{
    (void)state;
    run_shape(STAR, 0);
}

static void test_a_full_mesh_comes_to_the_truth_after_faults(void **state)
{
    (void)state;
    run_shape(FULL, 0);
}

static void test_digests_mend_what_lossy_links_lost(void **state)
{
    (void)state;
    run_shape(RANDOM, 10);
}

/* A node dies and nothing else happens: its routes are gone within `bound_ms`. */
static void run_death(bool silent, uint64_t bound_ms)
{
    static struct mesh mesh;
    uint64_t first = setting("MU_SIM_SEED", 1);

    for (uint64_t run = 0; run < setting("MU_SIM_RUNS", RUNS); run++) {
        uint32_t node;

        mesh_init(&mesh, first + run, 20);
        build(&mesh, RANDOM);
        start_all(&mesh);
        mesh_run(&mesh, SETTLE_MS);
        node = random_below(&mesh.random, mesh.node_count);
        mesh_stop(&mesh, node, silent);
        mesh_run(&mesh, bound_ms);
        mesh_check_dead(&mesh, bound_ms);
        mesh_check_truth(&mesh);
        mesh_deinit(&mesh);
    }
}

static void test_a_dead_node_is_gone_at_once_where_its_links_break(void **state)
{
    (void)state;
    run_death(false, 1000);
}

static void test_a_silent_node_is_gone_as_soon_as_its_links_are(void **state)
{
    (void)state;
    run_death(true, DEAD_BOUND_MS);
}

/* All links are cut in two halves for so long that all are lost, and then are not. */
static void test_halves_that_find_each_other_again_are_one_in_five_seconds(void **state)
{
    static struct mesh mesh;
    uint64_t first = setting("MU_SIM_SEED", 1);

    (void)state;
    for (uint64_t run = 0; run < setting("MU_SIM_RUNS", RUNS); run++) {
        mesh_init(&mesh, first + run, 20);
        build(&mesh, RANDOM);
        start_all(&mesh);
        mesh_run(&mesh, SETTLE_MS);
        for (uint32_t i = 0; i < mesh.link_count; i++)
            if (mesh.links[i].ends[0] % 2 != mesh.links[i].ends[1] % 2)
                mesh_cut(&mesh, &mesh.links[i], MESH_FOREVER);
        mesh_run(&mesh, DEAD_BOUND_MS);
        mesh_check_truth(&mesh);
        mesh_heal(&mesh);
        mesh_run(&mesh, SETTLE_MS);
        mesh_check_truth(&mesh);
        mesh_deinit(&mesh);
    }
}

static void test_seeds_that_once_failed(void **state)
{
    static const struct {
        uint64_t seed;
        uint32_t node_count;
    } seeds[] = { { 100007, 20 }, { 100034, 20 }, { 100064, 5 } };
    static struct mesh mesh;

    (void)state;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        mesh_init(&mesh, seeds[i].seed, seeds[i].node_count);
        run_one(&mesh, RANDOM, 0);
        mesh_deinit(&mesh);
    }
}

/* One that was never tried before, so that each run looks somewhere else. */
static void test_a_fresh_seed(void **state)
{
    static struct mesh mesh;

    (void)state;
    if (getenv("MU_SIM_SEED") != NULL)
        return;
    mesh_init(&mesh, clock_us(), 20);
    run_one(&mesh, RANDOM, 0);
    mesh_deinit(&mesh);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_random_mesh_comes_to_the_truth_after_faults),
        cmocka_unit_test(test_a_chain_comes_to_the_truth_after_faults),
        cmocka_unit_test(test_a_ring_comes_to_the_truth_after_faults),
        cmocka_unit_test(test_a_star_comes_to_the_truth_after_faults),
        cmocka_unit_test(test_a_full_mesh_comes_to_the_truth_after_faults),
        cmocka_unit_test(test_digests_mend_what_lossy_links_lost),
        cmocka_unit_test(test_a_dead_node_is_gone_at_once_where_its_links_break),
        cmocka_unit_test(test_a_silent_node_is_gone_as_soon_as_its_links_are),
        cmocka_unit_test(test_halves_that_find_each_other_again_are_one_in_five_seconds),
        cmocka_unit_test(test_seeds_that_once_failed),
        cmocka_unit_test(test_a_fresh_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
