// SPDX-License-Identifier: Apache-2.0
/* Passkeys: what a security key answers is believed to the byte, or not at all; for one challenge,
 * account, purpose and node. libfido2 is asked for a second opinion on each answer. */
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <stdio.h>
#include <string.h>

#include "services/platform/auth/passkey_answer.h"
#include "tests/unit/auth_book.h"
#include "tests/unit/authenticator.h"
#include "tests/unit/cmocka.h"
#include "transport/secure/base64url.h"

static const char origin[] = "mu://lamp";
static const uint8_t good_flags = AUTHENTICATOR_PRESENT | AUTHENTICATOR_VERIFIED;

/* ---- an account with a key, and what it answers ---- */

/* What is signed; the fields that a test leaves out are good. */
struct wish {
    const char *rp;
    const char *origin;
    const char *purpose;
    uint8_t flags;
    uint32_t counter;
};

struct desk {
    struct authenticator_key key;
    struct passkey passkey;
    struct challenges challenges;
    uint8_t challenge[CHALLENGE_SIZE];
    char client_data[512];
    struct authenticator_assertion assertion;
    struct passkey_answer answer;
};

static const struct wish good = { PASSKEY_RP, origin, "login", 0x05, 1 };

static void desk_open(struct desk *desk, bool is_es256)
{
    memset(desk, 0, sizeof(*desk));
    authenticator_make(&desk->key, is_es256);
    assert_true(passkey_key_read(
            &desk->passkey.key, (struct span){ desk->key.cose, desk->key.cose_size }));
    randombytes_buf(desk->challenge, sizeof(desk->challenge));
    challenge_give(&desk->challenges, "alice", CHALLENGE_LOGIN, desk->challenge, NOW_MS);
}

static void desk_close(struct desk *desk)
{
    authenticator_drop(&desk->key);
}

static void desk_sign(struct desk *desk, const struct wish *wish)
{
    struct authenticator_order order = {
        .rp = wish->rp, .flags = wish->flags, .counter = wish->counter
    };
    char challenge[64];

    base64url_write(
            (struct span){ desk->challenge, CHALLENGE_SIZE }, challenge, sizeof(challenge) - 1);
    snprintf(desk->client_data, sizeof(desk->client_data),
            "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":"
            "false,\"purpose\":\"%s\"}",
            challenge, wish->origin, wish->purpose);
    crypto_hash_sha256(
            order.client_data_hash, (const uint8_t *)desk->client_data, strlen(desk->client_data));
    authenticator_sign(&desk->key, &order, &desk->assertion);
    desk->answer = (struct passkey_answer){
        .id = { desk->key.id, sizeof(desk->key.id) },
        .client_data = { (const uint8_t *)desk->client_data, strlen(desk->client_data) },
        .authenticator_data = { desk->assertion.data, sizeof(desk->assertion.data) },
        .signature = { desk->assertion.signature, desk->assertion.signature_size },
    };
}

/* What comes of the answer, with a challenge that stays. */
static enum passkey_outcome desk_look(const struct desk *desk)
{
    struct challenges copy = desk->challenges;
    struct passkey_said said;
    struct passkey_expected expected = {
        .passkey = &desk->passkey, .purpose = CHALLENGE_LOGIN, .origin = origin
    };
    enum passkey_outcome outcome = passkey_read(&said, &desk->answer);

    if (outcome != PASSKEY_OK)
        return outcome;
    expected.challenge = challenge_take(&copy, "alice", CHALLENGE_LOGIN, said.challenge, NOW_MS);
    return passkey_check(&said, &desk->answer, &expected);
}

static enum passkey_outcome outcome_of(bool is_es256, const struct wish *wish)
{
    enum passkey_outcome outcome;
    struct desk desk;

    desk_open(&desk, is_es256);
    desk_sign(&desk, wish);
    outcome = desk_look(&desk);
    desk_close(&desk);
    return outcome;
}

/* ---- the second opinion ---- */

static bool fido_verifies(const struct desk *desk)
{
    const uint8_t *bytes = desk->passkey.key.bytes;
    fido_assert_t *assert = fido_assert_new();
    es256_pk_t *es256 = es256_pk_new();
    eddsa_pk_t *eddsa = eddsa_pk_new();
    bool fits = es256 != NULL && eddsa != NULL &&
                assert !=
                        NULL &&fido_assert_set_clientdata(assert, desk->answer.client_data.data,
                                desk->answer.client_data.size) ==
                        FIDO_OK &&fido_assert_set_rp(assert, PASSKEY_RP) ==
                        FIDO_OK &&fido_assert_set_count(assert, 1) ==
                        FIDO_OK &&fido_assert_set_uv(assert, FIDO_OPT_TRUE) ==
                        FIDO_OK &&fido_assert_set_up(assert, FIDO_OPT_TRUE) ==
                        FIDO_OK &&fido_assert_set_authdata_raw(assert, 0,
                                desk->answer.authenticator_data.data,
                                desk->answer.authenticator_data.size) ==
                        FIDO_OK &&fido_assert_set_sig(assert, 0, desk->answer.signature.data,
                                desk->answer.signature.size) == FIDO_OK;

    if (fits && desk->key.is_es256)
        fits = es256_pk_from_ptr(es256, bytes, 64) == FIDO_OK &&
               fido_assert_verify(assert, 0, COSE_ES256, es256) == FIDO_OK;
    else if (fits)
        fits = eddsa_pk_from_ptr(eddsa, bytes, 32) == FIDO_OK &&
               fido_assert_verify(assert, 0, COSE_EDDSA, eddsa) == FIDO_OK;
    fido_assert_free(&assert);
    es256_pk_free(&es256);
    eddsa_pk_free(&eddsa);
    return fits;
}

/* ---- answers ---- */

static void test_a_right_answer_is_believed_here_and_by_libfido2(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) { /* signatures of all lengths */
        struct desk desk;

        desk_open(&desk, i % 4 != 0);
        desk_sign(&desk, &good);
        assert_int_equal(desk_look(&desk), PASSKEY_OK);
        assert_true(fido_verifies(&desk));
        desk_close(&desk);
    }
}

static void flip_all(struct desk *desk, const uint8_t *bytes, size_t size)
{
    uint8_t *writable = (uint8_t *)(uintptr_t)bytes;

    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            writable[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(desk_look(desk), PASSKEY_OK);
            assert_false(fido_verifies(desk));
            writable[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_int_equal(desk_look(desk), PASSKEY_OK);
}

static void test_no_bit_of_an_answer_or_of_a_key_can_be_another(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct desk desk;

        desk_open(&desk, kind == 0);
        desk_sign(&desk, &good);
        flip_all(&desk, desk.answer.client_data.data, desk.answer.client_data.size);
        flip_all(&desk, desk.answer.authenticator_data.data, desk.answer.authenticator_data.size);
        flip_all(&desk, desk.answer.signature.data, desk.answer.signature.size);
        flip_all(&desk, desk.passkey.key.bytes, kind == 0 ? 64 : 32);
        desk_close(&desk);
    }
}

static void test_no_part_of_an_answer_can_be_cut_or_longer(void **state)
{
    struct desk desk;

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct span *parts[] = { &desk.answer.client_data, &desk.answer.authenticator_data,
            &desk.answer.signature, &desk.answer.id };

        desk_open(&desk, kind == 0);
        desk_sign(&desk, &good);
        for (int part = 0; part < 4; part++) {
            struct span whole = *parts[part];

            for (size_t size = 0; size < whole.size; size++) {
                parts[part]->size = size;
                if (part < 3 || size == 0) /* which key it is, is looked up by all of its id */
                    assert_int_not_equal(desk_look(&desk), PASSKEY_OK);
            }
            *parts[part] = whole;
        }
        desk_close(&desk);
    }
}

static void test_an_answer_is_for_one_purpose_node_and_rp(void **state)
{
    struct wish wish = good;

    (void)state;
    for (int is_es256 = 0; is_es256 < 2; is_es256++) {
        wish = good;
        wish.purpose = "prove";
        assert_int_equal(outcome_of(is_es256, &wish), PASSKEY_PURPOSE);
        wish.purpose = "logi";
        assert_int_equal(outcome_of(is_es256, &wish), PASSKEY_PURPOSE);
        wish = good;
        wish.origin = "mu://lamp.other";
        assert_int_equal(outcome_of(is_es256, &wish), PASSKEY_ORIGIN);
        wish = good;
        wish.rp = "example.org";
        assert_int_equal(outcome_of(is_es256, &wish), PASSKEY_RP_OTHER);
    }
}

static void test_somebody_must_have_touched_the_device_and_been_verified(void **state)
{
    struct wish wish = good;

    (void)state;
    wish.flags = AUTHENTICATOR_PRESENT;
    assert_int_equal(outcome_of(true, &wish), PASSKEY_UNVERIFIED);
    wish.flags = AUTHENTICATOR_VERIFIED;
    assert_int_equal(outcome_of(true, &wish), PASSKEY_ABSENT);
    wish.flags = good_flags | 0x40;
    assert_int_equal(outcome_of(true, &wish), PASSKEY_SHAPE);
    wish.flags = good_flags | 0x18; /* a passkey that may be copied to other devices of its user */
    assert_int_equal(outcome_of(true, &wish), PASSKEY_OK);
}

static void test_the_counter_goes_on_or_was_never_there(void **state)
{
    static const struct {
        uint32_t kept;
        uint32_t said;
        enum passkey_outcome outcome;
    } table[] = {
        { 0, 0, PASSKEY_OK },
        { 0, 1, PASSKEY_OK },
        { 7, 8, PASSKEY_OK },
        { 7, UINT32_MAX, PASSKEY_OK },
        { 7, 7, PASSKEY_COUNTER },
        { 7, 6, PASSKEY_COUNTER },
        { 7, 0, PASSKEY_COUNTER },
        { UINT32_MAX, 1, PASSKEY_COUNTER },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct wish wish = good;
        struct desk desk;

        wish.counter = table[i].said;
        desk_open(&desk, false);
        desk.passkey.counter = table[i].kept;
        desk_sign(&desk, &wish);
        assert_int_equal(desk_look(&desk), table[i].outcome);
        desk_close(&desk);
    }
}

static void test_another_key_does_not_sign_for_this_one(void **state)
{
    struct desk desk;
    struct desk other;

    (void)state;
    desk_open(&desk, true);
    desk_open(&other, true);
    desk_sign(&desk, &good);
    desk.passkey.key = other.passkey.key;
    assert_int_equal(desk_look(&desk), PASSKEY_FORGED);
    desk_close(&other);
    desk_close(&desk);
}

static void test_client_data_has_one_spelling(void **state)
{
    static const char *const others[] = {
        "{\"type\":\"webauthn.create\",\"challenge\":\"",
        "{ \"type\":\"webauthn.get\",\"challenge\":\"",
        "{\"challenge\":\"",
        "",
    };
    struct desk desk;

    (void)state;
    desk_open(&desk, false);
    desk_sign(&desk, &good);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char text[600];
        const char *rest = desk.client_data + strlen("{\"type\":\"webauthn.get\",\"challenge\":\"");

        snprintf(text, sizeof(text), "%s%s", others[i], rest);
        desk.answer.client_data = (struct span){ (const uint8_t *)text, strlen(text) };
        assert_int_equal(desk_look(&desk), PASSKEY_SHAPE);
    }
    desk_close(&desk);
}

static void test_nothing_stands_behind_client_data_though_it_was_signed(void **state)
{
    struct wish wish = good;

    (void)state;
    wish.purpose = "login\"} {\"a\":\"";
    assert_int_equal(outcome_of(true, &wish), PASSKEY_SHAPE);
    wish.purpose = "lo\\u0067in";
    assert_int_equal(outcome_of(true, &wish), PASSKEY_SHAPE);
}

/* Opens a desk with a signature of ES256 that has room for `more` bytes, and copies it. */
static void desk_open_short(struct desk *desk, size_t more, uint8_t *signature)
{
    for (;;) {
        desk_open(desk, true);
        desk_sign(desk, &good);
        if (desk->answer.signature.size + more <= PASSKEY_SIGNATURE_SIZE_MAX)
            break;
        desk_close(desk);
    }
    memcpy(signature, desk->assertion.signature, desk->assertion.signature_size);
}

static void test_a_signature_has_one_spelling(void **state)
{
    uint8_t text[PASSKEY_SIGNATURE_SIZE_MAX];
    struct desk desk;
    size_t size;

    (void)state;
    desk_open_short(&desk, 1, text); /* a byte behind the two numbers, counted with them */
    size = desk.answer.signature.size;
    text[1] += 1;
    text[size] = 0;
    desk.answer.signature = (struct span){ text, size + 1 };
    assert_int_equal(desk_look(&desk), PASSKEY_FORGED);
    desk_close(&desk);
    do { /* a zero in front of a number that needs none */
        desk_open_short(&desk, 1, text);
        size = desk.answer.signature.size;
        if (text[3] == 32)
            break;
        desk_close(&desk);
    } while (true);
    memmove(text + 5, text + 4, size - 4);
    text[1] += 1;
    text[3] += 1;
    text[4] = 0;
    desk.answer.signature = (struct span){ text, size + 1 };
    assert_int_equal(desk_look(&desk), PASSKEY_FORGED);
    desk_close(&desk);
}

/* ---- keys ---- */

static void test_only_keys_of_the_two_kinds_in_their_one_form_are_read(void **state)
{
    struct authenticator_key key;
    struct passkey_key read;
    uint8_t cose[AUTHENTICATOR_COSE_MAX + 1] = { 0 };

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        authenticator_make(&key, kind == 0);
        memcpy(cose, key.cose, key.cose_size);
        assert_true(passkey_key_read(&read, (struct span){ cose, key.cose_size }));
        assert_false(passkey_key_read(&read, (struct span){ cose, key.cose_size + 1 }));
        for (size_t size = 0; size < key.cose_size; size++)
            assert_false(passkey_key_read(&read, (struct span){ cose, size }));
        for (size_t i = 0; i < 10; i++) { /* what kind it is */
            cose[i] ^= 1;
            assert_false(passkey_key_read(&read, (struct span){ cose, key.cose_size }));
            cose[i] ^= 1;
        }
        memset(cose + 10, 0, 32); /* no point of the curve; of Ed25519 one of a small group */
        assert_false(passkey_key_read(&read, (struct span){ cose, key.cose_size }));
        authenticator_drop(&key);
    }
}

/* ---- challenges ---- */

static void fill(uint8_t bytes[CHALLENGE_SIZE], uint32_t number)
{
    memset(bytes, 0, CHALLENGE_SIZE);
    memcpy(bytes, &number, sizeof(number));
}

static void test_a_challenge_is_good_once_and_for_its_time(void **state)
{
    struct challenges *challenges = calloc(1, sizeof(*challenges));
    uint8_t bytes[CHALLENGE_SIZE];

    (void)state;
    fill(bytes, 1);
    challenge_give(challenges, "alice", CHALLENGE_LOGIN, bytes, NOW_MS);
    assert_int_equal(challenge_take(challenges, "alice", CHALLENGE_LOGIN, bytes,
                             NOW_MS + CHALLENGE_LIFE_MS - 1),
            CHALLENGE_OK);
    assert_int_equal(
            challenge_take(challenges, "alice", CHALLENGE_LOGIN, bytes, NOW_MS), CHALLENGE_NONE);
    challenge_give(challenges, "alice", CHALLENGE_LOGIN, bytes, NOW_MS);
    assert_int_equal(
            challenge_take(challenges, "alice", CHALLENGE_LOGIN, bytes, NOW_MS + CHALLENGE_LIFE_MS),
            CHALLENGE_LATE);
    assert_int_equal(
            challenge_take(challenges, "alice", CHALLENGE_LOGIN, bytes, NOW_MS), CHALLENGE_NONE);
    free(challenges);
}

static void test_a_challenge_is_of_one_account_and_for_one_purpose(void **state)
{
    struct challenges *challenges = calloc(1, sizeof(*challenges));
    uint8_t bytes[CHALLENGE_SIZE];

    (void)state;
    fill(bytes, 1);
    for (int given = 0; given < CHALLENGE_PURPOSES; given++) {
        for (int asked = 0; asked < CHALLENGE_PURPOSES; asked++) {
            challenge_give(challenges, "alice", (enum challenge_purpose)given, bytes, NOW_MS);
            assert_int_equal(challenge_take(challenges, "alice", (enum challenge_purpose)asked,
                                     bytes, NOW_MS),
                    given == asked ? CHALLENGE_OK : CHALLENGE_OTHER);
        }
        challenge_give(challenges, "alice", (enum challenge_purpose)given, bytes, NOW_MS);
        assert_int_equal(
                challenge_take(challenges, "bob", (enum challenge_purpose)given, bytes, NOW_MS),
                CHALLENGE_OTHER);
    }
    free(challenges);
}

static void test_who_asks_often_puts_out_his_own_challenges_alone(void **state)
{
    struct challenges *challenges = calloc(1, sizeof(*challenges));
    uint8_t bytes[CHALLENGE_SIZE];

    (void)state;
    fill(bytes, 0);
    challenge_give(challenges, "bob", CHALLENGE_LOGIN, bytes, NOW_MS);
    for (uint32_t i = 1; i <= 1000; i++) {
        fill(bytes, i);
        challenge_give(challenges, "alice", CHALLENGE_LOGIN, bytes, NOW_MS + i);
    }
    for (uint32_t i = 1; i <= 1000; i++) {
        fill(bytes, i);
        assert_int_equal(challenge_take(challenges, "alice", CHALLENGE_LOGIN, bytes, NOW_MS + 1000),
                i > 1000 - CHALLENGES_ACCOUNT_MAX ? CHALLENGE_OK : CHALLENGE_NONE);
    }
    fill(bytes, 0);
    assert_int_equal(
            challenge_take(challenges, "bob", CHALLENGE_LOGIN, bytes, NOW_MS), CHALLENGE_OK);
    free(challenges);
}

static void test_of_too_many_challenges_the_oldest_is_void(void **state)
{
    struct challenges *challenges = calloc(1, sizeof(*challenges));
    uint8_t bytes[CHALLENGE_SIZE];
    char name[32];

    (void)state;
    for (uint32_t i = 0; i <= CHALLENGES_MAX; i++) {
        fill(bytes, i);
        snprintf(name, sizeof(name), "account-%u", i);
        challenge_give(challenges, name, CHALLENGE_LOGIN, bytes, NOW_MS + i);
    }
    for (uint32_t i = 0; i <= CHALLENGES_MAX; i++) {
        fill(bytes, i);
        snprintf(name, sizeof(name), "account-%u", i);
        assert_int_equal(challenge_take(challenges, name, CHALLENGE_LOGIN, bytes, NOW_MS),
                i == 0 ? CHALLENGE_NONE : CHALLENGE_OK);
    }
    free(challenges);
}

static void test_an_account_that_changes_hands_leaves_no_challenge(void **state)
{
    struct challenges *challenges = calloc(1, sizeof(*challenges));
    uint8_t bytes[CHALLENGE_SIZE];

    (void)state;
    fill(bytes, 1);
    challenge_give(challenges, "alice", CHALLENGE_ADD, bytes, NOW_MS);
    challenge_forget(challenges, "alice");
    assert_int_equal(
            challenge_take(challenges, "alice", CHALLENGE_ADD, bytes, NOW_MS), CHALLENGE_NONE);
    free(challenges);
}

/* ---- records ---- */

static struct passkey passkey_number(uint32_t number)
{
    struct passkey passkey = { .account = "alice", .id_size = 64, .made_ms = NOW_MS + number };
    struct authenticator_key key;

    authenticator_make(&key, number % 2 == 0);
    assert_true(passkey_key_read(&passkey.key, (struct span){ key.cose, key.cose_size }));
    authenticator_drop(&key);
    snprintf(passkey.label, sizeof(passkey.label), "key %u", number);
    memset(passkey.id, (int)number, passkey.id_size);
    return passkey;
}

static void test_an_account_has_so_many_passkeys_and_they_last(void **state)
{
    struct shelf *shelf = *state;
    struct passkey passkey;
    struct passkeys passkeys;

    for (uint32_t i = PASSKEYS_MAX; i > 0; i--) {
        passkey = passkey_number(i);
        assert_int_equal(passkey_put(&shelf->book, &passkey), BOOK_OK);
    }
    passkey = passkey_number(PASSKEYS_MAX + 1);
    assert_int_equal(passkey_put(&shelf->book, &passkey), BOOK_FULL);
    assert_int_equal(book_commit(&shelf->book), BOOK_OK);
    shelf_reopen(shelf);
    assert_int_equal(passkey_load(&shelf->book, "alice", &passkeys), BOOK_OK);
    assert_int_equal(passkeys.count, PASSKEYS_MAX);
    assert_string_equal(passkeys.each[0].label, "key 1");
    passkeys.each[0].counter = 9; /* one that is there can be put at the limit */
    assert_int_equal(passkey_put(&shelf->book, &passkeys.each[0]), BOOK_OK);
    assert_int_equal(passkey_delete(&shelf->book, &passkeys.each[1]), BOOK_OK);
    assert_int_equal(passkey_put(&shelf->book, &passkey), BOOK_OK);
    assert_int_equal(passkey_load(&shelf->book, "alic", &passkeys), BOOK_OK);
    assert_int_equal(passkeys.count, 0);
    assert_int_equal(passkey_delete_all(&shelf->book, "alice"), BOOK_OK);
    assert_int_equal(passkey_load(&shelf->book, "alice", &passkeys), BOOK_OK);
    assert_int_equal(passkeys.count, 0);
}

static void test_the_longest_id_and_label_fit_and_longer_ones_are_none(void **state)
{
    struct shelf *shelf = *state;
    struct passkey passkey = passkey_number(1);
    struct passkeys passkeys;
    char label[PASSKEY_LABEL_MAX + 2];

    memset(label, 'x', sizeof(label));
    label[PASSKEY_LABEL_MAX + 1] = '\0';
    assert_false(passkey_label_is_valid(label));
    label[PASSKEY_LABEL_MAX] = '\0';
    assert_true(passkey_label_is_valid(label));
    assert_false(passkey_label_is_valid(""));
    assert_false(passkey_label_is_valid("a\nb"));
    assert_false(passkey_label_is_valid("\xff"));
    memcpy(passkey.label, label, sizeof(passkey.label));
    passkey.id_size = PASSKEY_ID_MAX;
    assert_int_equal(passkey_put(&shelf->book, &passkey), BOOK_OK);
    assert_int_equal(passkey_load(&shelf->book, "alice", &passkeys), BOOK_OK);
    assert_int_equal(passkeys.each[0].id_size, PASSKEY_ID_MAX);
    assert_string_equal(passkeys.each[0].label, label);
}

static void test_what_is_made_up_is_the_same_each_time_and_over_restarts(void **state)
{
    struct shelf *shelf = *state;
    struct passkeys first;
    struct passkeys again;
    bool made;
    int kinds = 0;

    assert_int_equal(passkey_make_secret(&shelf->book, &made), BOOK_OK);
    assert_true(made);
    assert_int_equal(book_commit(&shelf->book), BOOK_OK);
    for (int i = 0; i < 200; i++) {
        char name[32];

        snprintf(name, sizeof(name), "nobody-%d", i);
        assert_int_equal(passkey_make_up(&shelf->book, name, &first), BOOK_OK);
        shelf_reopen(shelf);
        assert_int_equal(passkey_make_secret(&shelf->book, &made), BOOK_OK);
        assert_false(made);
        assert_int_equal(passkey_make_up(&shelf->book, name, &again), BOOK_OK);
        assert_in_range(first.count, 1, 2);
        assert_int_equal(first.count, again.count);
        for (uint32_t k = 0; k < first.count; k++) {
            assert_in_range(first.each[k].id_size, 16, 64);
            assert_int_equal(first.each[k].id_size, again.each[k].id_size);
            assert_memory_equal(first.each[k].id, again.each[k].id, 64);
            kinds |= 1 << (first.each[k].key.algorithm - PASSKEY_ES256);
        }
    }
    assert_int_equal(kinds, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_right_answer_is_believed_here_and_by_libfido2),
        cmocka_unit_test(test_no_bit_of_an_answer_or_of_a_key_can_be_another),
        cmocka_unit_test(test_no_part_of_an_answer_can_be_cut_or_longer),
        cmocka_unit_test(test_an_answer_is_for_one_purpose_node_and_rp),
        cmocka_unit_test(test_somebody_must_have_touched_the_device_and_been_verified),
        cmocka_unit_test(test_the_counter_goes_on_or_was_never_there),
        cmocka_unit_test(test_another_key_does_not_sign_for_this_one),
        cmocka_unit_test(test_client_data_has_one_spelling),
        cmocka_unit_test(test_nothing_stands_behind_client_data_though_it_was_signed),
        cmocka_unit_test(test_a_signature_has_one_spelling),
        cmocka_unit_test(test_only_keys_of_the_two_kinds_in_their_one_form_are_read),
        cmocka_unit_test(test_a_challenge_is_good_once_and_for_its_time),
        cmocka_unit_test(test_a_challenge_is_of_one_account_and_for_one_purpose),
        cmocka_unit_test(test_who_asks_often_puts_out_his_own_challenges_alone),
        cmocka_unit_test(test_of_too_many_challenges_the_oldest_is_void),
        cmocka_unit_test(test_an_account_that_changes_hands_leaves_no_challenge),
        cmocka_unit_test_setup_teardown(
                test_an_account_has_so_many_passkeys_and_they_last, shelf_set_up, shelf_tear_down),
        cmocka_unit_test_setup_teardown(test_the_longest_id_and_label_fit_and_longer_ones_are_none,
                shelf_set_up, shelf_tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_is_made_up_is_the_same_each_time_and_over_restarts, shelf_set_up,
                shelf_tear_down),
    };

    fido_init(0);
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
