// SPDX-License-Identifier: Apache-2.0
/* Questions to other nodes, on a network that has no links but an array. */
#include "services/network/link/observer.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "mu/status.h"
#include "tests/unit/cmocka.h"

enum { NODES = 6, SENT_MAX = 512, CALLS_MAX = 256, RUNS = 300 };

/* A message on its way between neighbours. */
struct sent {
    int from;
    int to;
    bool is_answer;
    struct observer_question question;
    struct observer_answer answer;
    char text[OBSERVER_TEXT_MAX]; /* its message */
};

struct net {
    struct observer observers[NODES];
    const char *names[NODES];
    bool linked[NODES][NODES];
    bool mute[NODES]; /* hears nothing and says nothing */
    struct sent sent[SENT_MAX];
    size_t head;
    size_t tail;
    uint64_t now_ms;
    int told[CALLS_MAX];       /* how often call number i was answered */
    uint32_t codes[CALLS_MAX]; /* and how */
    char texts[CALLS_MAX][OBSERVER_TEXT_MAX];
    uint64_t told_ms[CALLS_MAX];
    int asked_here[NODES]; /* how often a node's own parts were asked */
};

static const uint8_t reply_bytes[] = "what it counted";

static struct public_key key_of(int node)
{
    struct public_key key = { .bytes = { (uint8_t)(node + 1) } };

    return key;
}

static int node_of(const struct public_key *key)
{
    return key->bytes[0] - 1;
}

/* The number of the link between two nodes, as `from` has it. */
static uint64_t link_of(int to)
{
    return (uint64_t)to + 100;
}

/* The neighbour by which `to` is nearest, by breadth first; -1 for none. */
static int net_next(const struct net *net, int from, int to)
{
    int first[NODES];
    int queue[NODES];
    int head = 0;
    int tail = 0;

    for (int i = 0; i < NODES; i++)
        first[i] = -1;
    for (int i = 0; i < NODES; i++) {
        if (net->linked[from][i]) {
            first[i] = i;
            queue[tail++] = i;
        }
    }
    while (head < tail) {
        int at = queue[head++];

        for (int i = 0; i < NODES; i++) {
            if (net->linked[at][i] && first[i] < 0 && i != from) {
                first[i] = first[at];
                queue[tail++] = i;
            }
        }
    }
    return first[to];
}

static struct observer_way net_way(const struct net *net, int from, int to)
{
    int next = from == to ? to : net_next(net, from, to);

    if (from == to)
        return (struct observer_way){ .kind = OBSERVER_SELF };
    if (next < 0)
        return (struct observer_way){ .kind = OBSERVER_NO_WAY };
    return (struct observer_way){
        .kind = OBSERVER_LINK, .link = link_of(next), .name = net->names[next]
    };
}

static void net_send(struct net *net, const struct sent *sent)
{
    struct sent *kept = &net->sent[net->tail++ % SENT_MAX];

    assert_true(net->tail - net->head <= SENT_MAX);
    *kept = *sent;
    if (sent->is_answer && sent->answer.code != MU_OK)
        snprintf(kept->text, sizeof(kept->text), "%s", sent->answer.message);
}

static void net_do(struct net *net, int node, const struct observer_effect *effect)
{
    size_t call;

    switch (effect->kind) {
    case OBSERVER_NOTHING:
        break;
    case OBSERVER_ASK_LINK:
        net_send(net, &(struct sent){ .from = node,
                              .to = (int)(effect->link - 100),
                              .question = effect->question });
        break;
    case OBSERVER_ASK_HERE: {
        const struct observer_answer answer = { .number = effect->question.number,
            .reply = { reply_bytes, sizeof(reply_bytes) } };
        struct observer_effect next;

        net->asked_here[node] += 1;
        assert_int_equal(node_of(&effect->question.node), node);
        observer_hear_answer(&net->observers[node], 0, &answer, &next);
        net_do(net, node, &next);
        break;
    }
    case OBSERVER_ANSWER_LINK:
        net_send(net, &(struct sent){ .from = node,
                              .to = (int)(effect->link - 100),
                              .is_answer = true,
                              .answer = effect->answer });
        break;
    case OBSERVER_ANSWER_CALL:
        call = (size_t)effect->call - 1;
        net->told[call] += 1;
        net->told_ms[call] = net->now_ms;
        net->codes[call] = effect->answer.code;
        if (effect->answer.code == MU_OK)
            assert_ptr_equal(effect->answer.reply.data, reply_bytes);
        else
            snprintf(net->texts[call], sizeof(net->texts[call]), "%s", effect->answer.message);
        break;
    }
}

static void net_deliver(struct net *net, const struct sent *sent)
{
    struct observer_effect effect;

    if (!net->linked[sent->from][sent->to] || net->mute[sent->to])
        return;
    if (sent->is_answer) {
        observer_hear_answer(
                &net->observers[sent->to], link_of(sent->from), &sent->answer, &effect);
    } else {
        const struct observer_stand stand = { .self = net->names[sent->to],
            .way = net_way(net, sent->to, node_of(&sent->question.node)),
            .now_ms = net->now_ms };

        observer_hear_question(&net->observers[sent->to], link_of(sent->from),
                net->names[sent->from], &stand, &sent->question, &effect);
    }
    net_do(net, sent->to, &effect);
}

static void net_run(struct net *net)
{
    while (net->head < net->tail) {
        struct sent sent = net->sent[net->head++ % SENT_MAX];

        sent.answer.message = sent.text;
        net_deliver(net, &sent);
    }
}

static void net_pass(struct net *net, uint64_t for_ms)
{
    struct observer_effect effect;

    for (uint64_t i = 0; i < for_ms; i += 10) {
        net->now_ms += 10;
        for (int node = 0; node < NODES; node++) {
            while (!net->mute[node] &&
                    observer_next_late(&net->observers[node], net->now_ms, &effect))
                net_do(net, node, &effect);
        }
        net_run(net);
    }
}

static void net_link(struct net *net, int one, int two)
{
    net->linked[one][two] = true;
    net->linked[two][one] = true;
}

static void net_cut(struct net *net, int one, int two)
{
    struct observer_effect effect;

    net->linked[one][two] = false;
    net->linked[two][one] = false;
    while (observer_next_lost(&net->observers[one], link_of(two), &effect))
        net_do(net, one, &effect);
    while (observer_next_lost(&net->observers[two], link_of(one), &effect))
        net_do(net, two, &effect);
}

/* Node `from` asks `to`; the call is number `call`. */
static void net_ask(struct net *net, size_t call, int from, int to, const char *endpoint)
{
    const struct observer_question question = {
        .node = key_of(to), .endpoint = endpoint, .timeout_ms = OBSERVE_MS, .hops = ROUTE_HOPS_MAX
    };
    const struct observer_stand stand = {
        .self = net->names[from], .way = net_way(net, from, to), .now_ms = net->now_ms
    };
    struct observer_effect effect;

    observer_ask(&net->observers[from], (void *)(call + 1), &stand, &question, &effect);
    net_do(net, from, &effect);
}

/* A chain: 0 - 1 - 2 - … */
static int open_chain(void **state)
{
    static struct net net;
    static const char *const names[NODES] = { "a.alice", "b.alice", "c.alice", "d.alice", "e.alice",
        "f.alice" };

    net = (struct net){ .now_ms = 1000 };
    for (int i = 0; i < NODES; i++)
        net.names[i] = names[i];
    for (int i = 1; i < NODES; i++)
        net_link(&net, i - 1, i);
    *state = &net;
    return 0;
}

static void assert_told(const struct net *net, size_t call, uint32_t code)
{
    assert_int_equal(net->told[call], 1);
    assert_int_equal(net->codes[call], code);
}

static void assert_idle(const struct net *net)
{
    for (int i = 0; i < NODES; i++)
        assert_true(observer_due(&net->observers[i]) == UINT64_MAX);
}

static void test_nodes_up_to_three_links_away_are_asked_hop_by_hop(void **state)
{
    struct net *net = *state;

    for (int to = 0; to <= ROUTE_HOPS_MAX; to++) {
        net_ask(net, (size_t)to, 0, to, "router.Meter");
        net_run(net);
        assert_told(net, (size_t)to, MU_OK);
        assert_int_equal(net->asked_here[to], 1);
    }
    assert_idle(net);
}

static void test_a_node_four_links_away_is_not_reached(void **state)
{
    struct net *net = *state;

    net_ask(net, 0, 0, ROUTE_HOPS_MAX + 1, "router.Meter");
    net_run(net);
    assert_told(net, 0, MU_UNAVAILABLE);
    assert_string_equal(net->texts[0], "no link leads there now");
    assert_int_equal(net->asked_here[ROUTE_HOPS_MAX + 1], 0);
}

static void test_a_node_of_another_owner_is_told_nothing(void **state)
{
    struct net *net = *state;

    net->names[1] = "b.mallory";
    net_ask(net, 0, 1, 0, "router.Calls"); /* it asks, and is not believed to be of the owner */
    net_run(net);
    assert_told(net, 0, MU_FAILED_PRECONDITION); /* its own node does not even try */
    net_send(net, &(struct sent){ .from = 1,
                          .to = 0,
                          .question = { .number = 9,
                                  .node = key_of(0),
                                  .endpoint = "router.Calls",
                                  .timeout_ms = 1000 } });
    net_run(net); /* whatever its own node thinks */
    assert_int_equal(net->asked_here[0], 0);
    assert_idle(net);
}

static void test_nothing_is_asked_by_way_of_a_node_of_another_owner(void **state)
{
    struct net *net = *state;

    net->names[1] = "b.mallory";
    net_ask(net, 0, 0, 2, "router.Calls");
    net_run(net);
    assert_told(net, 0, MU_FAILED_PRECONDITION);
    assert_int_equal(net->asked_here[2], 0);
    net->names[1] = "b.alice";
    net->names[2] = "c.mallory";
    net_ask(net, 1, 0, 3, "router.Calls");
    net_run(net);
    assert_told(net, 1, MU_FAILED_PRECONDITION);
    assert_int_equal(net->asked_here[3], 0);
}

static void test_only_what_reads_may_be_asked(void **state)
{
    static const char *const refused[] = { "node.Shutdown", "router.Policies", "router.Stats",
        "link.Leave", "greeter.Hello", "" };
    struct net *net = *state;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        net_ask(net, i, 0, 1, refused[i]);
        net_send(net, &(struct sent){ .from = 0,
                              .to = 1,
                              .question = { .number = 7,
                                      .node = key_of(1),
                                      .endpoint = refused[i],
                                      .timeout_ms = 1000 } });
        net_run(net);
        assert_told(net, i, MU_PERMISSION_DENIED);
    }
    assert_int_equal(net->asked_here[1], 0);
}

static void test_a_silent_node_is_named_before_who_asks_gives_up(void **state)
{
    struct net *net = *state;
    uint64_t began_ms = net->now_ms;

    net->mute[3] = true;
    net_ask(net, 0, 0, 3, "router.Meter");
    net_ask(net, 1, 0, 2, "router.Meter");
    net_run(net);
    assert_told(net, 1, MU_OK); /* the others are not kept waiting */
    net_pass(net, OBSERVE_MS);
    assert_told(net, 0, MU_DEADLINE_EXCEEDED);
    assert_true(net->told_ms[0] < began_ms + OBSERVE_MS);
    assert_idle(net);
}

static void test_a_link_that_is_lost_is_told_at_once(void **state)
{
    struct net *net = *state;

    net->mute[2] = true;
    net_ask(net, 0, 0, 2, "router.Meter");
    net_run(net);
    assert_int_equal(net->told[0], 0);
    net_cut(net, 1, 2);
    net_run(net);
    assert_told(net, 0, MU_UNAVAILABLE);
    assert_string_equal(net->texts[0], "the link on the way there was lost");
    assert_idle(net);
}

static void test_who_lost_its_link_is_not_answered_over_another_one(void **state)
{
    struct net *net = *state;

    net->mute[2] = true;
    net_ask(net, 0, 0, 2, "router.Meter");
    net_run(net);
    net_cut(net, 0, 1);
    assert_told(net, 0, MU_UNAVAILABLE);
    assert_true(observer_due(&net->observers[1]) == UINT64_MAX);
}

static void test_an_answer_of_who_was_not_asked_changes_nothing(void **state)
{
    struct net *net = *state;
    struct observer_answer answer = { .number = 1, .reply = { reply_bytes, 1 } };
    struct observer_effect effect;

    net->mute[1] = true;
    net_ask(net, 0, 0, 1, "router.Meter");
    observer_hear_answer(&net->observers[0], link_of(5), &answer, &effect);
    assert_int_equal(effect.kind, OBSERVER_NOTHING);
    answer.number = 2;
    observer_hear_answer(&net->observers[0], link_of(1), &answer, &effect);
    assert_int_equal(effect.kind, OBSERVER_NOTHING);
    net_pass(net, OBSERVE_MS);
    assert_told(net, 0, MU_DEADLINE_EXCEEDED);
    answer.number = 1; /* late */
    observer_hear_answer(&net->observers[0], link_of(1), &answer, &effect);
    assert_int_equal(effect.kind, OBSERVER_NOTHING);
}

static void test_more_questions_than_one_link_may_have_are_refused(void **state)
{
    struct net *net = *state;

    net->mute[1] = true;
    for (size_t i = 0; i <= OBSERVATIONS_LINK_MAX; i++)
        net_ask(net, i, 0, 1, "router.Meter");
    for (size_t i = 0; i < OBSERVATIONS_LINK_MAX; i++)
        assert_int_equal(net->told[i], 0);
    assert_told(net, OBSERVATIONS_LINK_MAX, MU_RESOURCE_EXHAUSTED);
    net_pass(net, OBSERVE_MS);
    for (size_t i = 0; i < OBSERVATIONS_LINK_MAX; i++)
        assert_told(net, i, MU_DEADLINE_EXCEEDED);
    assert_idle(net);
}

static void test_a_node_that_stops_answers_all_that_wait(void **state)
{
    struct net *net = *state;
    struct observer_effect effect;

    net->mute[1] = true;
    net_ask(net, 0, 0, 1, "router.Meter");
    net_ask(net, 1, 0, 1, "node.Logs");
    while (observer_next_of_all(&net->observers[0], "this node stops", &effect))
        net_do(net, 0, &effect);
    assert_told(net, 0, MU_UNAVAILABLE);
    assert_told(net, 1, MU_UNAVAILABLE);
    assert_string_equal(net->texts[0], "this node stops");
    assert_idle(net);
}

/* Whatever links there are, whoever is silent and whatever breaks. */
static void test_whoever_asks_is_answered_once_and_in_time(void **state)
{
    struct net *net = *state;
    const char *names[NODES];
    struct random random;

    memcpy(names, net->names, sizeof(names));
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        size_t calls = 0;

        random_init(&random, seed);
        *net = (struct net){ .now_ms = seed };
        memcpy(net->names, names, sizeof(names));
        for (int i = 0; i < NODES; i++) {
            net->mute[i] = i > 0 && random_below(&random, 5) == 0;
            for (int j = 0; j < i; j++) {
                if (random_below(&random, 3) == 0)
                    net_link(net, i, j);
            }
        }
        for (int step = 0; step < 40; step++) {
            int one = (int)random_below(&random, NODES);
            int two = (int)random_below(&random, NODES);

            if (random_below(&random, 4) == 0 && net->linked[one][two])
                net_cut(net, one, two);
            else if (!net->mute[one])
                net_ask(net, calls++, one, two, "router.Calls");
            if (random_below(&random, 2) == 0)
                net_run(net);
            net_pass(net, random_below(&random, 30));
        }
        net_pass(net, OBSERVE_MS);
        for (size_t i = 0; i < calls; i++) {
            if (net->told[i] != 1)
                fail_msg("seed %llu: call %zu was answered %d times", (unsigned long long)seed, i,
                        net->told[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nodes_up_to_three_links_away_are_asked_hop_by_hop, open_chain),
        cmocka_unit_test_setup(test_a_node_four_links_away_is_not_reached, open_chain),
        cmocka_unit_test_setup(test_a_node_of_another_owner_is_told_nothing, open_chain),
        cmocka_unit_test_setup(test_nothing_is_asked_by_way_of_a_node_of_another_owner, open_chain),
        cmocka_unit_test_setup(test_only_what_reads_may_be_asked, open_chain),
        cmocka_unit_test_setup(test_a_silent_node_is_named_before_who_asks_gives_up, open_chain),
        cmocka_unit_test_setup(test_a_link_that_is_lost_is_told_at_once, open_chain),
        cmocka_unit_test_setup(test_who_lost_its_link_is_not_answered_over_another_one, open_chain),
        cmocka_unit_test_setup(test_an_answer_of_who_was_not_asked_changes_nothing, open_chain),
        cmocka_unit_test_setup(test_more_questions_than_one_link_may_have_are_refused, open_chain),
        cmocka_unit_test_setup(test_a_node_that_stops_answers_all_that_wait, open_chain),
        cmocka_unit_test_setup(test_whoever_asks_is_answered_once_and_in_time, open_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
