// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/link_by_hand.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "services/network/link/links.h"
#include "tests/unit/cmocka.h"
#include "transport/secure/big_endian.h"

enum { PING_SIZE = 16 };

static void say(const struct link_by_hand *peer, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(peer->fd, bytes.data, bytes.size, MSG_NOSIGNAL);

        assert_true(sent > 0);
        bytes.data += sent;
        bytes.size -= (size_t)sent;
    }
}

/* Reads more. False where there is no more. */
static bool hear(struct link_by_hand *peer)
{
    ssize_t got = read(peer->fd, peer->bytes + peer->size, sizeof(peer->bytes) - peer->size);

    if (got <= 0)
        return false;
    peer->size += (size_t)got;
    return true;
}

static void drop(struct link_by_hand *peer, size_t size)
{
    peer->size -= size;
    memmove(peer->bytes, peer->bytes + size, peer->size);
}

static void dial(struct link_by_hand *peer, const char *address)
{
    struct sockaddr_in name = { .sin_family = AF_INET };

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons((uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10));
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->fd >= 0);
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&name, sizeof(name)), 0);
}

static void shake(struct link_by_hand *peer, const struct handshake_self *self,
        const struct handshake_psk *psk)
{
    uint8_t secret[NOISE_KEY_SIZE];
    struct handshake handshake;
    enum handshake_outcome outcome = HANDSHAKE_MORE;
    size_t used;

    randombytes_buf(secret, sizeof(secret));
    handshake_init_initiator(&handshake, self, psk, secret);
    say(peer, handshake_out(&handshake));
    while (outcome == HANDSHAKE_MORE) {
        assert_true(hear(peer));
        outcome = handshake_read(&handshake, (struct span){ peer->bytes, peer->size },
                (uint64_t)time(NULL) * 1000, &used);
        drop(peer, used);
        say(peer, handshake_out(&handshake));
    }
    assert_int_equal(outcome, HANDSHAKE_ESTABLISHED);
    handshake_split(&handshake, &peer->writer, &peer->reader);
    handshake_deinit(&handshake);
}

void link_by_hand_open(struct link_by_hand *peer, const struct world *world, enum world_node as,
        const char *address)
{
    struct handshake_self self = world->nodes[as].self;
    enum record_outcome outcome;
    struct record record;
    size_t used;

    memset(peer, 0, sizeof(*peer));
    self.limits = links_limits;
    dial(peer, address);
    shake(peer, &self, &world->psks[WORLD_CURRENT]);
    while ((outcome = record_open(&peer->reader, peer->bytes, peer->size, &record, &used)) ==
            RECORD_MORE)
        assert_true(hear(peer));
    assert_int_equal(outcome, RECORD_OPENED);
    assert_int_equal(record.type, RECORD_PING);
    drop(peer, used);
}

void link_by_hand_close(struct link_by_hand *peer)
{
    close(peer->fd);
    record_writer_deinit(&peer->writer);
    record_reader_deinit(&peer->reader);
}

void link_by_hand_ping(struct link_by_hand *peer, uint64_t mark)
{
    uint8_t body[PING_SIZE];
    struct record record = { .type = RECORD_PING, .body = { body, sizeof(body) } };
    uint8_t bytes[RECORD_HEAD_SIZE + PING_SIZE + AEAD_TAG_SIZE];

    peer->pings += 1;
    be64_write(be64_write(body, peer->pings), mark);
    assert_true(record_seal(&peer->writer, &record, bytes));
    say(peer, (struct span){ bytes, sizeof(bytes) });
}

void link_by_hand_wait_end(struct link_by_hand *peer)
{
    while (hear(peer))
        peer->size = 0;
}
