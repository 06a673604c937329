// SPDX-License-Identifier: Apache-2.0
/* racer TOKEN COUNT - so many nodes ask for a certificate with one token, all at once. Prints how
 * many got one. */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "mu/link/v1/link.pb-c.h"
#include "services/network/link/links.h"
#include "transport/secure/request.h"

static struct token token;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the next three */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned admitted;
static unsigned refused;

struct racer {
    struct links *links;
    struct noise_pair link_static;
    struct handshake_self self;
    struct links_identity identity;
    struct key key;
    char name[32];
    bool answered;
};

static void ask(const struct link_peer *peer, void *user)
{
    struct racer *racer = user;
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__JoinAsk join = MU__LINK__V1__JOIN_ASK__INIT;
    uint8_t packed[REQUEST_SIZE_MAX + 64];
    uint8_t bytes[REQUEST_SIZE_MAX];
    struct request request;

    CHECK(request_join(&request, &racer->key, &token, racer->name) == 0);
    join.request.data = bytes;
    join.request.len = (size_t)(request_write(&request, bytes) - bytes);
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ASK;
    message.join_ask = &join;
    links_send(racer->links, peer->link,
            (struct span){ packed, mu__link__v1__peer_message__pack(&message, packed) });
}

static void answered(const struct link_peer *peer, struct span bytes, void *user)
{
    struct racer *racer = user;
    Mu__Link__V1__PeerMessage *message =
            mu__link__v1__peer_message__unpack(NULL, bytes.size, bytes.data);

    CHECK(message != NULL && message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER);
    links_undial(racer->links, peer->address); /* who has an answer does not ask again */
    pthread_mutex_lock(&lock);
    if (message->join_answer->chain.len > 0)
        admitted += racer->answered ? 0 : 1;
    else
        refused += racer->answered ? 0 : 1;
    racer->answered = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    mu__link__v1__peer_message__free_unpacked(message, NULL);
}

/* nng sets itself up on the first thread that uses it. Let that be this one. */
static void wake_nng(void)
{
    static const struct links_events none = { .up = NULL };
    static const struct links_options options = { .client = NULL };
    struct links *links;

    CHECK(links_new(&links, &options, &none, NULL) == 0);
    links_lock(links);
    CHECK(links_listen(links, "127.0.0.1:0") == 0);
    links_unlock(links);
    links_free(links);
}

static void racer_start(struct racer *racer, unsigned number)
{
    static const struct links_events events = { .up = ask, .message = answered };
    static const struct links_options options = { .client = NULL };
    struct handshake_psk psk = { .is_token = true, .network = token.network };
    uint8_t secret[NOISE_KEY_SIZE];

    snprintf(racer->name, sizeof(racer->name), "racer-%u.alice", number);
    CHECK(key_init(&racer->key) == 0);
    randombytes_buf(secret, sizeof(secret));
    noise_pair_init(&racer->link_static, secret);
    racer->self.link_static = &racer->link_static;
    racer->self.limits = links_limits;
    racer->identity.self = &racer->self;
    memcpy(psk.id, token.id.bytes, PSK_ID_SIZE);
    token_psk(&token, psk.key);
    CHECK(links_new(&racer->links, &options, &events, racer) == 0);
    links_lock(racer->links);
    links_set_identity(racer->links, &racer->identity);
    CHECK(links_dial(racer->links, token.addresses[0], &psk) == 0);
    links_unlock(racer->links);
}

int main(int argc, char **argv)
{
    unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    struct racer *racers = calloc(count + 1, sizeof(*racers));

    CHECK(racers != NULL && count > 0 && sodium_init() >= 0);
    CHECK(token_parse(&token, (struct span){ (const uint8_t *)argv[1], strlen(argv[1]) }, 0) ==
            TOKEN_OK);
    wake_nng();
    for (unsigned i = 0; i < count; i++)
        racer_start(&racers[i], i);
    pthread_mutex_lock(&lock);
    while (admitted + refused < count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    for (unsigned i = 0; i < count; i++) {
        links_free(racers[i].links);
        key_deinit(&racers[i].key);
    }
    free(racers);
    printf("%u\n", admitted);
    return EXIT_SUCCESS;
}
