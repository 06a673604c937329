// SPDX-License-Identifier: Apache-2.0
/* Two nodes with somebody between them who changes, drops, repeats, moves, cuts, invents or
 * reflects one message or record of each connection, or says a whole connection again. Whatever
 * arrives is what was sent, in order; each harm ends its connection, and the next one works. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/integration/link/proxy.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/link_node.h"

enum {
    TRIES = 2000,
    REPLAYS = 100,
    UNITS_MAX = 14,
    SEED_MAX = 1 << 30,
    RUNS_SHOWN = 4,
    WINDOW = 16
};

/* Numbers that came one behind the other. */
struct run {
    uint64_t first;
    uint64_t last;
};

/* Numbered envelopes from one router to the other, WINDOW of them under way at a time: connections
 * are tried here, not how much they carry. One more follows whatever comes the other way, so that
 * what is lost on the way is noticed, and a new node channel begins with a window of its own. */
struct flow {
    struct link_router *from;
    struct link_router *to;
    struct flow *opposite; /* borrowed */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool stop;
    struct run *runs; /* owned: what came by each node channel, in the order of their connecting */
    size_t run_count;
    uint64_t came;
    uint64_t sent;  /* the number of the last one */
    uint64_t until; /* numbers up to this one may be sent */
    uint64_t wrong;
};

struct scene {
    struct world world;
    struct link_node alice;
    struct link_node bob;
    struct proxy proxy;
    struct flow there;
    struct flow back;
    struct random random;
    char address[32];
};

/* ---- traffic ---- */

/* What has come by a node channel. The last bytes of one may come behind the first of the next. */
static struct run *flow_find(struct flow *flow, uint64_t channel)
{
    if (channel >= flow->run_count) {
        flow->runs = realloc(flow->runs, 2 * channel * sizeof(*flow->runs));
        assert_non_null(flow->runs);
        memset(flow->runs + flow->run_count, 0,
                (2 * channel - flow->run_count) * sizeof(*flow->runs));
        flow->run_count = 2 * channel;
    }
    return &flow->runs[channel];
}

/* Lets numbers up to `until` be sent. With the lock. */
static void flow_let(struct flow *flow, uint64_t until)
{
    if (until > flow->until)
        flow->until = until;
    pthread_cond_broadcast(&flow->changed);
}

static void flow_begin(void *user)
{
    struct flow *flow = user;

    pthread_mutex_lock(&flow->lock);
    flow_let(flow, flow->sent + WINDOW);
    pthread_mutex_unlock(&flow->lock);
}

static void flow_take(const struct envelope *envelope, void *user)
{
    struct flow *flow = user;
    uint64_t number = 0;
    struct run *run;

    pthread_mutex_lock(&flow->lock);
    run = flow_find(flow, flow->to->taking);
    if (envelope->body.size >= sizeof(number))
        memcpy(&number, envelope->body.data, sizeof(number));
    if (run->first == 0)
        run->first = number;
    else if (number != run->last + 1)
        flow->wrong += 1;
    run->last = number;
    flow_let(flow, number + WINDOW);
    for (size_t i = sizeof(number); i < envelope->body.size; i++)
        flow->wrong += envelope->body.data[i] != (uint8_t)(number + i);
    flow->came += 1;
    pthread_mutex_unlock(&flow->lock);
    pthread_mutex_lock(&flow->opposite->lock);
    flow_let(flow->opposite, flow->opposite->sent + 1);
    pthread_mutex_unlock(&flow->opposite->lock);
}

/* The number that is to be sent next, once it may be; 0: none any more. */
static uint64_t flow_next(struct flow *flow)
{
    uint64_t number;

    pthread_mutex_lock(&flow->lock);
    while (!flow->stop && flow->sent == flow->until)
        pthread_cond_wait(&flow->changed, &flow->lock);
    number = flow->stop ? 0 : ++flow->sent;
    pthread_mutex_unlock(&flow->lock);
    return number;
}

static void *flow_run(void *user)
{
    struct flow *flow = user;
    uint8_t body[400];
    uint64_t number;

    while ((number = flow_next(flow)) != 0) {
        struct envelope envelope = { .kind = ENVELOPE_ITEM,
            .id = 1,
            .body = { body, sizeof(number) + number % (sizeof(body) - sizeof(number)) } };

        memcpy(body, &number, sizeof(number));
        for (size_t i = sizeof(number); i < envelope.body.size; i++)
            body[i] = (uint8_t)(number + i);
        link_router_send(flow->from, &envelope);
    }
    return NULL;
}

static void flow_init(
        struct flow *flow, struct link_router *from, struct link_router *to, struct flow *opposite)
{
    *flow = (struct flow){ .from = from, .to = to, .opposite = opposite };
    pthread_mutex_init(&flow->lock, NULL);
    pthread_cond_init(&flow->changed, NULL);
}

static void flow_start(struct flow *flow)
{
    struct link_router *from = flow->from;
    struct link_router *to = flow->to;

    pthread_mutex_lock(&from->lock);
    from->begin = flow_begin;
    from->begin_user = flow;
    pthread_mutex_unlock(&from->lock);
    pthread_mutex_lock(&to->lock);
    to->take = flow_take;
    to->user = flow;
    pthread_mutex_unlock(&to->lock);
    assert_int_equal(pthread_create(&flow->thread, NULL, flow_run, flow), 0);
}

static void flow_wait(struct flow *flow, uint64_t more)
{
    pthread_mutex_lock(&flow->lock);
    for (uint64_t until = flow->came + more; flow->came < until;)
        pthread_cond_wait(&flow->changed, &flow->lock);
    pthread_mutex_unlock(&flow->lock);
}

/* Shows what came by the node channels up to number `channel`, the last few of them. */
static void flow_show(const struct flow *flow, size_t channel)
{
    for (size_t i = channel > RUNS_SHOWN ? channel - RUNS_SHOWN : 0; i <= channel; i++)
        if (flow->runs[i].first != 0)
            print_error("node channel %zu: %lu to %lu\n", i, (unsigned long)flow->runs[i].first,
                    (unsigned long)flow->runs[i].last);
}

/* What came by a node channel is newer than all that came by an earlier one: nothing came twice,
 * and nothing of a connection that was given up took the place of what followed it. */
static void flow_check(const struct flow *flow)
{
    uint64_t last = 0;

    for (size_t i = 0; i < flow->run_count; i++) {
        if (flow->runs[i].first == 0)
            continue;
        if (flow->runs[i].first <= last)
            flow_show(flow, i);
        assert_true(flow->runs[i].first > last);
        last = flow->runs[i].last;
    }
    assert_int_equal(flow->wrong, 0);
}

static void flow_stop(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->stop = true;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
    pthread_join(flow->thread, NULL);
    pthread_mutex_lock(&flow->lock);
    flow_check(flow);
    printf("%lu envelopes came, all of them right\n", (unsigned long)flow->came);
    pthread_mutex_unlock(&flow->lock);
}

/* ---- the scene ---- */

static struct scene *scene_open_of(
        uint64_t seed, struct links_options alice, struct links_options bob)
{
    struct scene *scene = malloc(sizeof(*scene));

    bob.accept_rate = 1000;
    bob.accept_burst = 1000000;
    link_world_init(&scene->world);
    link_node_open(&scene->alice, &scene->world, WORLD_ALICE, &alice);
    link_node_open(&scene->bob, &scene->world, WORLD_BOB, &bob);
    link_node_listen(&scene->bob, scene->address);
    proxy_open(&scene->proxy, (uint16_t)strtoul(strchr(scene->address, ':') + 1, NULL, 10), seed);
    snprintf(scene->address, sizeof(scene->address), "127.0.0.1:%u", scene->proxy.port);
    random_init(&scene->random, seed);
    flow_init(&scene->there, &scene->alice.router, &scene->bob.router, &scene->back);
    flow_init(&scene->back, &scene->bob.router, &scene->alice.router, &scene->there);
    flow_start(&scene->there);
    flow_start(&scene->back);
    return scene;
}

static struct scene *scene_open(uint64_t seed, struct links_options options)
{
    return scene_open_of(seed, options, options);
}

static void scene_close(struct scene *scene)
{
    flow_stop(&scene->there);
    flow_stop(&scene->back);
    link_node_close(&scene->alice);
    link_node_close(&scene->bob);
    free(scene->there.runs);
    free(scene->back.runs);
    proxy_close(&scene->proxy);
    world_deinit(&scene->world);
    free(scene);
}

/* Dials anew, without the pause that failures would have made. */
static void scene_dial(struct scene *scene, struct proxy_plan plan)
{
    proxy_set_plan(&scene->proxy, plan);
    links_lock(scene->alice.links);
    links_undial(scene->alice.links, scene->address);
    links_dial(scene->alice.links, scene->address, NULL);
    links_unlock(scene->alice.links);
}

static unsigned ends(struct link_node *node)
{
    struct link_news news = link_node_news(node);

    return news.down + news.missed;
}

/* Waits until alice has lost `count` links or tries. */
static void wait_ends(struct link_node *node, unsigned count)
{
    pthread_mutex_lock(&node->lock);
    while (node->news.down + node->news.missed < count)
        pthread_cond_wait(&node->changed, &node->lock);
    pthread_mutex_unlock(&node->lock);
}

static struct proxy_plan scene_plan(struct scene *scene)
{
    struct proxy_plan plan = {
        .harm = (enum proxy_harm)(1 + random_below(&scene->random, PROXY_HARMS - 1)),
        .direction = random_below(&scene->random, 2),
        .unit = random_below(&scene->random, UNITS_MAX),
    };
    unsigned handshake = plan.direction == 0 ? 3 : 1; /* units of it */

    /* One whose beginning stops in the middle waits for HANDSHAKE_MS; that is tested elsewhere. */
    if ((plan.harm == PROXY_DROP || plan.harm == PROXY_SWAP) && plan.unit < handshake + 2)
        plan.unit += handshake + 2;
    return plan;
}

static uint64_t tries(void)
{
    const char *wanted = getenv("MU_TAMPER_TRIES");

    return wanted != NULL ? strtoull(wanted, NULL, 10) : TRIES;
}

static void test_each_harm_ends_its_connection_and_nothing_false_arrives(void **state)
{
    uint64_t seed = 1 + randombytes_uniform(SEED_MAX);
    struct scene *scene = scene_open(seed, (struct links_options){ 0 });
    unsigned ended = 0;

    (void)state;
    printf("seed %lu\n", (unsigned long)seed);
    for (uint64_t i = 0; i < tries(); i++) {
        uint64_t harmed = proxy_harmed(&scene->proxy);

        scene_dial(scene, scene_plan(scene));
        do {
            wait_ends(&scene->alice, ++ended);
        } while (proxy_harmed(&scene->proxy) == harmed);
        ended = ends(&scene->alice);
    }
    scene_dial(scene, (struct proxy_plan){ .harm = PROXY_NONE });
    flow_wait(&scene->there, 100);
    flow_wait(&scene->back, 100);
    printf("%lu connections harmed\n", (unsigned long)proxy_harmed(&scene->proxy));
    scene_close(scene);
}

static void test_a_connection_that_is_said_again_gets_nowhere(void **state)
{
    struct scene *scene = scene_open(1, (struct links_options){ 0 });
    struct link_news news;

    (void)state;
    scene_dial(scene, (struct proxy_plan){ .harm = PROXY_NONE });
    flow_wait(&scene->there, 100);
    news = link_node_news(&scene->bob);
    assert_int_equal(news.up, 1);
    for (int i = 0; i < REPLAYS; i++)
        assert_true(proxy_replay(&scene->proxy) < HANDSHAKE_OUT_MAX); /* a second message at most */
    flow_wait(&scene->there, 100);
    flow_wait(&scene->back, 100);
    news = link_node_news(&scene->bob);
    assert_int_equal(news.up, 1);
    assert_int_equal(news.down, 0);
    scene_close(scene);
}

/* One side gives up a peer that answers nothing; the other one is in no hurry to. */
static const struct links_options hurried = { .ping_ms = 500, .dead_ms = 2000 };
static const struct links_options patient = { .ping_ms = 500, .dead_ms = 600000 };

/* Silences one direction, and waits until the hurried side has given the other up for `reason`, and
 * all goes on over a new link. */
static void silence(unsigned direction, bool alice_hurries, const char *reason)
{
    struct scene *scene = scene_open_of(
            4 + direction, alice_hurries ? hurried : patient, alice_hurries ? patient : hurried);
    struct link_node *first = alice_hurries ? &scene->alice : &scene->bob;

    scene_dial(scene, (struct proxy_plan){ PROXY_SILENCE, direction, 8 });
    link_node_wait(first, &first->news.down, 1);
    assert_string_equal(link_node_news(first).reason, reason);
    proxy_set_plan(&scene->proxy, (struct proxy_plan){ .harm = PROXY_NONE });
    flow_wait(&scene->there, 100);
    flow_wait(&scene->back, 100);
    scene_close(scene);
}

static void test_a_peer_that_falls_silent_is_given_up_and_dialled_again(void **state)
{
    (void)state;
    for (unsigned direction = 0; direction < 2; direction++)
        silence(direction, direction == 1, "the peer is silent");
}

static void test_a_peer_that_is_heard_and_does_not_hear_is_given_up(void **state)
{
    (void)state;
    for (unsigned direction = 0; direction < 2; direction++)
        silence(direction, direction == 0, "the peer does not hear this side");
}

static void test_who_lost_a_link_in_which_the_peer_still_believes_gets_a_new_one(void **state)
{
    struct scene *scene = scene_open(3, (struct links_options){ 0 });

    (void)state;
    scene_dial(scene, (struct proxy_plan){ PROXY_HALF, 0, 12 });
    link_node_wait(&scene->alice, &scene->alice.news.down, 1);
    proxy_set_plan(&scene->proxy, (struct proxy_plan){ .harm = PROXY_NONE });
    link_node_wait(&scene->bob, &scene->bob.news.up, 2);
    assert_int_equal(link_node_news(&scene->bob).down, 1);
    assert_string_equal(link_node_news(&scene->bob).reason, "the node lost it, or started anew");
    flow_wait(&scene->there, 100);
    flow_wait(&scene->back, 100);
    scene_close(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_harm_ends_its_connection_and_nothing_false_arrives),
        cmocka_unit_test(test_a_connection_that_is_said_again_gets_nowhere),
        cmocka_unit_test(test_a_peer_that_falls_silent_is_given_up_and_dialled_again),
        cmocka_unit_test(test_a_peer_that_is_heard_and_does_not_hear_is_given_up),
        cmocka_unit_test(test_who_lost_a_link_in_which_the_peer_still_believes_gets_a_new_one),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
