// SPDX-License-Identifier: Apache-2.0
/* What costs little comes first: preamble, length, and the tag under the pre-shared key, which is
 * two hashes. Only who gets past that makes this side compute a Diffie-Hellman (three of them and a
 * key pair, then one signature and those of the chain). An introduction is judged in the same
 * order.
 *
 * The X25519 key is not the node's identity: it lives as long as the process and only in its
 * memory. The node's Ed25519 key signed it, once for each role, so that what a responder said
 * cannot be said again by an initiator, and so that the key itself may be kept by another process.
 */
#include "transport/secure/handshake.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "transport/secure/big_endian.h"

enum {
    PREAMBLE_SIZE = HANDSHAKE_PREAMBLE_SIZE,
    LENGTH_SIZE = 2,
    FIRST_SIZE = NOISE_KEY_SIZE + AEAD_TAG_SIZE /* of the first message: it has no payload */
};
_Static_assert(HANDSHAKE_OUT_MAX >= LENGTH_SIZE + NOISE_OVERHEAD_MAX + INTRODUCTION_SIZE_MAX,
        "the largest message has its room");
_Static_assert(HANDSHAKE_MESSAGE_MAX >= NOISE_OVERHEAD_MAX + INTRODUCTION_SIZE_MAX,
        "and is never refused");
_Static_assert(HANDSHAKE_FIRST_SIZE == LENGTH_SIZE + FIRST_SIZE, "as those read it who count it");

static const uint8_t magic[4] = { 'M', 'u', 'L', '1' };
static const struct link_versions own_versions = { LINK_VERSION, LINK_VERSION };

/* ---- begin and end ---- */

static void handshake_init(struct handshake *handshake, const struct handshake_self *self,
        const uint8_t ephemeral_secret[NOISE_KEY_SIZE])
{
    *handshake = (struct handshake){ .self = self };
    memcpy(handshake->ephemeral_secret, ephemeral_secret, NOISE_KEY_SIZE);
}

/* Begins Noise: the preamble is what both sides must have seen alike. */
static void handshake_start_noise(
        struct handshake *handshake, enum noise_role role, const uint8_t preamble[PREAMBLE_SIZE])
{
    static const char context[] = "mu.link.v1";
    uint8_t prologue[sizeof(context) - 1 + PREAMBLE_SIZE];

    bytes_write(bytes_write(prologue, context, sizeof(context) - 1), preamble, PREAMBLE_SIZE);
    noise_init(&handshake->noise, &noise_xxpsk0, role, (struct span){ prologue, sizeof(prologue) },
            &(struct noise_keys){ .ephemeral_secret = handshake->ephemeral_secret,
                    .own_static = handshake->self->link_static,
                    .psks = (const uint8_t(*)[NOISE_KEY_SIZE]) & handshake->psk.key,
                    .psk_count = 1 });
    sodium_memzero(handshake->ephemeral_secret, NOISE_KEY_SIZE);
    sodium_memzero(handshake->psk.key, NOISE_KEY_SIZE);
}

static enum handshake_outcome handshake_close(
        struct handshake *handshake, enum handshake_cause cause)
{
    enum trust_outcome trust = handshake->trust;

    handshake_deinit(handshake);
    handshake->cause = cause;
    handshake->trust = trust;
    return HANDSHAKE_CLOSED;
}

void handshake_deinit(struct handshake *handshake)
{
    sodium_memzero(handshake, sizeof(*handshake));
    handshake->state = HANDSHAKE_OVER;
}

/* ---- writing ---- */

/* Appends Noise's next message with its length. False where the peer's key is of low order. */
static bool handshake_write(struct handshake *handshake, struct span payload)
{
    uint8_t *length = handshake->out + handshake->out_size;
    size_t size;

    if (noise_write(&handshake->noise, payload, length + LENGTH_SIZE, &size) != NOISE_OK)
        return false;
    be16_write(length, (uint16_t)size);
    handshake->out_size += LENGTH_SIZE + size;
    return true;
}

static bool handshake_introduce(struct handshake *handshake, uint64_t wall_ms)
{
    const struct handshake_self *self = handshake->self;
    enum noise_role role = handshake->noise.role;
    uint8_t certificates[CHAIN_SIZE_MAX];
    uint8_t payload[INTRODUCTION_SIZE_MAX];
    struct introduction introduction = {
        .versions = own_versions,
        .limits = self->limits,
        .boot_id = self->boot_id,
        .wall_ms = wall_ms,
    };
    size_t size;

    if (role == NOISE_RESPONDER || (self->chain != NULL && !handshake->psk.is_token)) {
        memcpy(introduction.signature, self->signatures[role], SIGNATURE_SIZE);
        introduction.certificate_count = (uint8_t)self->chain->count;
        introduction.certificates = (struct span){ certificates,
            (size_t)(chain_write(self->chain, certificates) - certificates) };
    }
    size = (size_t)(introduction_write(&introduction, payload) - payload);
    return handshake_write(handshake, (struct span){ payload, size });
}

void handshake_init_initiator(struct handshake *handshake, const struct handshake_self *self,
        const struct handshake_psk *psk, const uint8_t ephemeral_secret[NOISE_KEY_SIZE])
{
    uint8_t *at = handshake->out;

    CHECK(psk->is_token || psk->trust != NULL);
    handshake_init(handshake, self, ephemeral_secret);
    handshake->psk = *psk;
    handshake->state = HANDSHAKE_AT_MESSAGE;
    at = bytes_write(at, magic, sizeof(magic));
    *at++ = LINK_VERSION;
    *at++ = LINK_SUITE;
    at = be16_write(at, 0);
    bytes_write(at, psk->id, PSK_ID_SIZE);
    handshake->out_size = PREAMBLE_SIZE;
    handshake_start_noise(handshake, NOISE_INITIATOR, handshake->out);
    CHECK(handshake_write(handshake, (struct span){ 0 })); /* nothing of the peer's is in it */
}

void handshake_init_responder(struct handshake *handshake, const struct handshake_self *self,
        const struct handshake_psk *psks, size_t psk_count,
        const uint8_t ephemeral_secret[NOISE_KEY_SIZE])
{
    CHECK(self->chain != NULL);
    handshake_init(handshake, self, ephemeral_secret);
    handshake->psks = psks;
    handshake->psk_count = psk_count;
    handshake->state = HANDSHAKE_AT_PREAMBLE;
}

/* ---- judging ---- */

/* Judges for who joins with a token: it trusts nobody yet, but its network's id names the root. */
static enum trust_outcome handshake_trust_new(const struct handshake_psk *psk,
        const struct chain *chain, uint64_t now_s, struct identity *identity)
{
    struct trust trust;
    enum trust_outcome outcome = TRUST_FOREIGN_ROOT;

    trust_init(&trust, chain_root(chain));
    if (network_id_equal(&trust.network, &psk->network))
        outcome = trust_check(&trust, chain, now_s, identity);
    trust_deinit(&trust);
    return outcome;
}

/* Finds out who shows these certificates and signed this handshake's key with the first one's. */
static enum handshake_cause handshake_identify(struct handshake *handshake,
        const struct introduction *introduction, uint64_t now_s, struct handshake_peer *peer)
{
    const struct handshake_psk *psk = &handshake->psk;
    const struct chain *own = handshake->self->chain;
    bool initiator = handshake->noise.role == NOISE_INITIATOR;
    uint8_t statement[STATEMENT_SIZE];
    struct chain chain;

    if (chain_read(&chain, introduction->certificate_count, introduction->certificates) !=
            CERTIFICATE_OK)
        return HANDSHAKE_BAD_CERTIFICATE;
    handshake->trust = psk->is_token ? handshake_trust_new(psk, &chain, now_s, &peer->identity)
                                     : trust_check(psk->trust, &chain, now_s, &peer->identity);
    if (handshake->trust != TRUST_OK)
        return HANDSHAKE_UNTRUSTED;
    introduction_statement(statement, initiator ? NOISE_RESPONDER : NOISE_INITIATOR,
            handshake->noise.remote_static, &peer->identity.network);
    if (!key_verify(&peer->identity.key, KEY_FOR_LINK_STATIC,
                (struct span){ statement, sizeof(statement) }, introduction->signature))
        return HANDSHAKE_BAD_SIGNATURE;
    if (own != NULL && public_key_equal(&peer->identity.key, &own->certificates[0].subject))
        return HANDSHAKE_WITH_SELF;
    peer->chain = chain;
    peer->root = *chain_root(&chain);
    return HANDSHAKE_GOES_ON;
}

/* Judges the peer's introduction; `handshake->peer` is set where nothing is wrong with it. */
static enum handshake_cause handshake_judge(
        struct handshake *handshake, struct span payload, uint64_t wall_ms)
{
    bool responder = handshake->noise.role == NOISE_RESPONDER;
    struct handshake_peer peer = { .joining = false };
    struct introduction introduction;
    enum handshake_cause cause = HANDSHAKE_GOES_ON;

    if (introduction_read(&introduction, payload) != INTRODUCTION_OK)
        return HANDSHAKE_BAD_INTRODUCTION;
    if (!link_versions_hold(own_versions, introduction.versions, LINK_VERSION))
        return HANDSHAKE_DOWNGRADED;
    peer.joining = introduction.certificate_count == 0;
    peer.client = peer.joining && handshake->psk.is_client;
    if (peer.joining && !responder)
        return HANDSHAKE_NO_CERTIFICATE;
    if (!peer.joining && responder && handshake->psk.is_token)
        return HANDSHAKE_MISUSED_TOKEN;
    if (!peer.joining)
        cause = handshake_identify(handshake, &introduction, wall_ms / 1000, &peer);
    if (cause != HANDSHAKE_GOES_ON)
        return cause;
    peer.limits = introduction.limits;
    peer.boot_id = introduction.boot_id;
    peer.clock_ahead_ms = (int64_t)(introduction.wall_ms - wall_ms);
    memcpy(peer.psk_id, handshake->psk.id, PSK_ID_SIZE);
    handshake->peer = peer;
    return HANDSHAKE_GOES_ON;
}

/* ---- reading ---- */

static const struct handshake_psk *handshake_find_psk(
        const struct handshake *handshake, const uint8_t id[PSK_ID_SIZE])
{
    for (size_t i = 0; i < handshake->psk_count; i++)
        if (memcmp(handshake->psks[i].id, id, PSK_ID_SIZE) == 0)
            return &handshake->psks[i];
    return NULL;
}

static enum handshake_outcome handshake_read_preamble(
        struct handshake *handshake, const uint8_t preamble[PREAMBLE_SIZE])
{
    const struct handshake_psk *psk;

    if (memcmp(preamble, magic, sizeof(magic)) != 0 || be16_read(preamble + 6) != 0)
        return handshake_close(handshake, HANDSHAKE_BAD_PREAMBLE);
    if (preamble[4] != LINK_VERSION)
        return handshake_close(handshake, HANDSHAKE_OTHER_VERSION);
    if (preamble[5] != LINK_SUITE)
        return handshake_close(handshake, HANDSHAKE_OTHER_SUITE);
    psk = handshake_find_psk(handshake, preamble + 8);
    if (psk == NULL)
        return handshake_close(handshake, HANDSHAKE_UNKNOWN_PSK);
    CHECK(psk->is_token || psk->trust != NULL);
    handshake->psk = *psk;
    handshake->psks = NULL;
    handshake_start_noise(handshake, NOISE_RESPONDER, preamble);
    handshake->state = HANDSHAKE_AT_MESSAGE;
    return HANDSHAKE_MORE;
}

/* Judges what was read, unless it was the first message, which says nothing; and answers. */
static enum handshake_outcome handshake_answer(
        struct handshake *handshake, struct span payload, uint64_t wall_ms)
{
    enum handshake_cause cause = HANDSHAKE_GOES_ON;

    if (handshake->noise.message > 1)
        cause = handshake_judge(handshake, payload, wall_ms);
    if (cause != HANDSHAKE_GOES_ON)
        return handshake_close(handshake, cause);
    if (noise_writes(&handshake->noise) && !handshake_introduce(handshake, wall_ms))
        return handshake_close(handshake, HANDSHAKE_FORGED);
    if (!noise_is_done(&handshake->noise))
        return HANDSHAKE_MORE;
    memcpy(handshake->link_id, handshake->noise.hash, NOISE_HASH_SIZE);
    handshake->state = HANDSHAKE_DONE;
    return HANDSHAKE_ESTABLISHED;
}

static enum handshake_outcome handshake_read_message(
        struct handshake *handshake, struct span message, uint64_t wall_ms)
{
    uint8_t payload[HANDSHAKE_MESSAGE_MAX];
    size_t size;

    if (noise_read(&handshake->noise, message, payload, &size) != NOISE_OK)
        return handshake_close(handshake, HANDSHAKE_FORGED);
    return handshake_answer(handshake, (struct span){ payload, size }, wall_ms);
}

/* Takes the next part from the front of `rest`, if it is there. */
static enum handshake_outcome handshake_take(
        struct handshake *handshake, struct span *rest, uint64_t wall_ms)
{
    bool at_preamble = handshake->state == HANDSHAKE_AT_PREAMBLE;
    size_t head = at_preamble ? 0 : LENGTH_SIZE;
    struct span part = { .size = PREAMBLE_SIZE };

    if (rest->size < head)
        return HANDSHAKE_MORE;
    if (!at_preamble) {
        part.size = be16_read(rest->data);
        if (part.size > HANDSHAKE_MESSAGE_MAX ||
                (handshake->noise.message == 0 && part.size != FIRST_SIZE))
            return handshake_close(handshake, HANDSHAKE_BAD_LENGTH);
    }
    if (rest->size - head < part.size)
        return HANDSHAKE_MORE;
    part.data = rest->data + head;
    rest->data += head + part.size;
    rest->size -= head + part.size;
    return at_preamble ? handshake_read_preamble(handshake, part.data)
                       : handshake_read_message(handshake, part, wall_ms);
}

enum handshake_outcome handshake_read(
        struct handshake *handshake, struct span in, uint64_t wall_ms, size_t *usedp)
{
    enum handshake_outcome outcome = HANDSHAKE_MORE;
    struct span rest = in;
    size_t before;

    *usedp = 0;
    if (handshake->state == HANDSHAKE_OVER)
        return HANDSHAKE_CLOSED;
    CHECK(handshake->state != HANDSHAKE_DONE);
    handshake->out_size = 0;
    do {
        before = rest.size;
        outcome = handshake_take(handshake, &rest, wall_ms);
    } while (outcome == HANDSHAKE_MORE && rest.size > 0 && rest.size < before);
    *usedp = in.size - rest.size;
    return outcome;
}

struct span handshake_out(const struct handshake *handshake)
{
    return (struct span){ handshake->out, handshake->out_size };
}

void handshake_split(
        struct handshake *handshake, struct record_writer *writer, struct record_reader *reader)
{
    struct noise_cipher send;
    struct noise_cipher receive;

    CHECK(handshake->state == HANDSHAKE_DONE);
    noise_split(&handshake->noise, &send, &receive);
    noise_deinit(&handshake->noise);
    handshake->state = HANDSHAKE_OVER;
    record_writer_init(writer, &send);
    record_reader_init(reader, &receive);
}

const char *handshake_cause_name(enum handshake_cause cause)
{
    static const char *const names[HANDSHAKE_CAUSES] = {
        [HANDSHAKE_GOES_ON] = "goes on",
        [HANDSHAKE_BAD_PREAMBLE] = "bad preamble",
        [HANDSHAKE_OTHER_VERSION] = "another version",
        [HANDSHAKE_OTHER_SUITE] = "another suite",
        [HANDSHAKE_UNKNOWN_PSK] = "unknown pre-shared key",
        [HANDSHAKE_BAD_LENGTH] = "bad length",
        [HANDSHAKE_FORGED] = "forged message",
        [HANDSHAKE_BAD_INTRODUCTION] = "bad introduction",
        [HANDSHAKE_DOWNGRADED] = "downgraded",
        [HANDSHAKE_NO_CERTIFICATE] = "no certificate",
        [HANDSHAKE_MISUSED_TOKEN] = "misused token",
        [HANDSHAKE_BAD_CERTIFICATE] = "bad certificate",
        [HANDSHAKE_UNTRUSTED] = "untrusted",
        [HANDSHAKE_BAD_SIGNATURE] = "bad signature",
        [HANDSHAKE_WITH_SELF] = "a link with itself",
    };

    return names[cause];
}
