// SPDX-License-Identifier: Apache-2.0
/* A client's end of a link against a node's: who is let in, and whom the client believes. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/remote.h"
#include "mu/link/v1/link.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/link_node.h"

enum { PATIENCE_MS = 30000 };

struct pair {
    struct world world;
    struct handshake_psk psk;
    struct link_node node;
    struct credentials credentials;
    const char *refusal; /* what the node says; NULL: it lets the client in */
};

static int receive(struct frame_reader *reader, void *user)
{
    (void)reader;
    (void)user;
    return 0;
}

static void closed(void *user)
{
    (void)user;
}

/* Answers ClientAsk, whose signature is to be right. */
static void answer(struct link_node *node, uint64_t link, struct span bytes)
{
    const struct pair *pair = node->user;
    Mu__Link__V1__PeerMessage *asked =
            mu__link__v1__peer_message__unpack(NULL, bytes.size, bytes.data);
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__ClientAnswer said = MU__LINK__V1__CLIENT_ANSWER__INIT;
    struct links_client client = { .name = "laptop", .until_s = (uint64_t)time(NULL) + 60 };
    uint8_t packed[256];

    assert_non_null(asked);
    assert_int_equal(asked->what_case, MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ASK);
    assert_int_equal(asked->client_ask->key.len, PUBLIC_KEY_SIZE);
    memcpy(client.key.bytes, asked->client_ask->key.data, PUBLIC_KEY_SIZE);
    assert_true(public_key_equal(&client.key, &pair->credentials.key.public));
    if (pair->refusal == NULL) {
        assert_null(links_admit(node->links, link, &client));
        assert_string_equal(links_admit(node->links, link, &client), "it asked before");
    } else {
        said.refusal = (char *)(uintptr_t)pair->refusal;
        said.code = MU_PERMISSION_DENIED;
    }
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ANSWER;
    message.client_answer = &said;
    links_send(node->links, link,
            (struct span){ packed, mu__link__v1__peer_message__pack(&message, packed) });
    mu__link__v1__peer_message__free_unpacked(asked, NULL);
}

/* A client with a token of the world's network, and a node that knows it: `at`, of that network or
 * of another one. */
static struct pair *pair_open(enum world_node at)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    struct token *token;

    assert_non_null(pair);
    token = &pair->credentials.token;
    link_world_init(&pair->world);
    token_init(token, &pair->world.roots[0].public, ROLE_CLIENT, (uint64_t)time(NULL) + 60);
    pair->psk = (struct handshake_psk){
        .is_token = true, .is_client = true, .network = token->network
    };
    memcpy(pair->psk.id, token->id.bytes, PSK_ID_SIZE);
    token_psk(token, pair->psk.key);
    assert_int_equal(key_init(&pair->credentials.key), 0);
    link_node_open(&pair->node, &pair->world, at, NULL);
    pair->node.on_message = answer;
    pair->node.user = pair;
    links_lock(pair->node.links);
    pair->node.identity.psks = &pair->psk;
    pair->node.identity.psk_count = 1;
    links_set_identity(pair->node.links, &pair->node.identity);
    links_unlock(pair->node.links);
    link_node_listen(&pair->node, pair->credentials.node);
    return pair;
}

static void pair_close(struct pair *pair)
{
    link_node_close(&pair->node);
    credentials_deinit(&pair->credentials);
    world_deinit(&pair->world);
    free(pair);
}

static struct remote *begin(struct pair *pair)
{
    static const struct carrier_events events = { .receive = receive, .closed = closed };
    struct remote *remote;

    assert_int_equal(remote_begin(&remote, &pair->credentials, &events, NULL), 0);
    return remote;
}

/* Expects the attempt to end so. */
static void expect(struct pair *pair, int error, const char *why)
{
    struct remote *remote = begin(pair);
    char said[REMOTE_WHY_MAX];

    assert_int_equal(remote_wait(remote, PATIENCE_MS), error);
    remote_why(remote, said);
    if (strstr(said, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", said, why);
    remote_drop(remote);
}

static void test_who_has_token_and_key_is_let_in_and_counted_apart_from_nodes(void **state)
{
    struct pair *pair = pair_open(WORLD_ALICE);
    struct remote *remote = begin(pair);
    struct link_info info;

    (void)state;
    assert_int_equal(remote_wait(remote, PATIENCE_MS), 0);
    info = link_node_info(&pair->node);
    assert_true(info.client);
    assert_string_equal(info.name, "laptop");
    links_lock(pair->node.links);
    assert_int_equal(links_count_client(pair->node.links, &pair->credentials.key.public), 1);
    links_unlock(pair->node.links);
    remote_drop(remote);
    link_node_wait(&pair->node, &pair->node.news.down, 1);
    pair_close(pair);
}

static void test_a_refusal_comes_with_its_reason(void **state)
{
    struct pair *pair = pair_open(WORLD_ALICE);

    (void)state;
    pair->refusal = "this client was revoked";
    expect(pair, -EACCES, "revoked");
    pair_close(pair);
}

/* It has the psk, and certificates of a network of its own. */
static void test_a_node_of_another_network_is_not_believed_and_hears_no_key(void **state)
{
    struct pair *pair = pair_open(WORLD_STRANGER);

    (void)state;
    expect(pair, -EPROTO, "");
    assert_int_equal(link_node_news(&pair->node).messages, 0);
    pair_close(pair);
}

static void test_a_root_that_the_token_does_not_name_is_not_believed(void **state)
{
    struct pair *pair = pair_open(WORLD_ALICE);

    (void)state;
    pair->credentials.token.root_hash[0] ^= 1;
    expect(pair, -EPROTO, "another network");
    assert_int_equal(link_node_news(&pair->node).messages, 0);
    pair_close(pair);
}

static void test_a_token_that_the_node_does_not_know_is_hung_up_on(void **state)
{
    struct pair *pair = pair_open(WORLD_ALICE);

    (void)state;
    pair->credentials.token.id.bytes[0] ^= 1;
    expect(pair, -ECONNRESET, "it hung up");
    pair_close(pair);
}

static void test_a_client_that_is_ended_is_gone_at_once(void **state)
{
    struct pair *pair = pair_open(WORLD_ALICE);
    struct remote *remote = begin(pair);

    (void)state;
    assert_int_equal(remote_wait(remote, PATIENCE_MS), 0);
    links_lock(pair->node.links);
    links_end_client(pair->node.links, &pair->credentials.key.public, "revoked");
    assert_int_equal(links_count_client(pair->node.links, &pair->credentials.key.public), 0);
    links_unlock(pair->node.links);
    link_node_wait(&pair->node, &pair->node.news.down, 1);
    remote_drop(remote);
    pair_close(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_has_token_and_key_is_let_in_and_counted_apart_from_nodes),
        cmocka_unit_test(test_a_refusal_comes_with_its_reason),
        cmocka_unit_test(test_a_node_of_another_network_is_not_believed_and_hears_no_key),
        cmocka_unit_test(test_a_root_that_the_token_does_not_name_is_not_believed),
        cmocka_unit_test(test_a_token_that_the_node_does_not_know_is_hung_up_on),
        cmocka_unit_test(test_a_client_that_is_ended_is_gone_at_once),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
