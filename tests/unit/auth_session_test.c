// SPDX-License-Identifier: Apache-2.0
/* Sessions: refresh tokens that are good once, the access tokens that go with them, and how often
 * somebody may be wrong about a password. */
#include <string.h>

#include "base/random.h"
#include "services/platform/auth/family.h"
#include "services/platform/auth/issued.h"
#include "services/platform/auth/throttle.h"
#include "tests/unit/auth_book.h"
#include "tests/unit/cmocka.h"

typedef char refresh_text[REFRESH_TEXT_SIZE + 1];

/* ---- sessions ---- */

static void test_a_refresh_token_is_good_once_and_gives_the_next(void **state)
{
    struct shelf *shelf = *state;
    struct family family;
    refresh_text one;
    refresh_text two;
    refresh_text three;

    assert_int_equal(family_open(&shelf->book, "alice", NOW_S, &family, one), FAMILY_OK);
    assert_int_equal(family_refresh(&shelf->book, one, NOW_S + 1, &family, two), FAMILY_OK);
    assert_string_not_equal(one, two);
    assert_int_equal(book_commit(&shelf->book), BOOK_OK);
    shelf_reopen(shelf);
    assert_int_equal(family_refresh(&shelf->book, two, NOW_S + 2, &family, three), FAMILY_OK);
    assert_string_equal(family.account, "alice");
    assert_int_equal(family.generation, 3);
}

static void test_each_token_that_was_used_gives_the_session_away(void **state)
{
    struct shelf *shelf = *state;
    struct family family;
    refresh_text texts[12];
    refresh_text none;

    assert_int_equal(family_open(&shelf->book, "alice", NOW_S, &family, texts[0]), FAMILY_OK);
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(
                family_refresh(&shelf->book, texts[i], NOW_S, &family, texts[i + 1]), FAMILY_OK);
    for (size_t i = 0; i < 11; i++) {
        memset(&family, 0, sizeof(family));
        assert_int_equal(
                family_refresh(&shelf->book, texts[i], NOW_S, &family, none), FAMILY_REUSED);
        assert_string_equal(family.account, "alice");
    }
    assert_int_equal(family_close(&shelf->book, &family), 0);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(family_refresh(&shelf->book, texts[i], NOW_S, &family, none), FAMILY_NONE);
}

static void test_a_token_that_was_never_given_out_is_nobodys(void **state)
{
    struct shelf *shelf = *state;
    struct family family;
    struct random random;
    refresh_text text;
    refresh_text wrong;
    refresh_text none;

    assert_int_equal(family_open(&shelf->book, "alice", NOW_S, &family, text), FAMILY_OK);
    random_init(&random, 7);
    for (int i = 0; i < 2000; i++) {
        memcpy(wrong, text, sizeof(wrong));
        wrong[random_below(&random, REFRESH_TEXT_SIZE)] = (char)(1 + random_below(&random, 255));
        if (strcmp(wrong, text) != 0)
            assert_int_equal(
                    family_refresh(&shelf->book, wrong, NOW_S, &family, none), FAMILY_NONE);
    }
    assert_int_equal(family_refresh(&shelf->book, "", NOW_S, &family, none), FAMILY_NONE);
    text[REFRESH_TEXT_SIZE - 1] = '\0';
    assert_int_equal(family_refresh(&shelf->book, text, NOW_S, &family, none), FAMILY_NONE);
}

static void test_a_session_ends_with_its_time_and_with_its_refreshes(void **state)
{
    struct shelf *shelf = *state;
    struct family family;
    refresh_text texts[2];

    assert_int_equal(family_open(&shelf->book, "alice", NOW_S, &family, texts[0]), FAMILY_OK);
    assert_int_equal(
            family_refresh(&shelf->book, texts[0], NOW_S + SESSION_LIFE_S, &family, texts[1]),
            FAMILY_ENDED);
    for (uint32_t i = 1; i < SESSION_REFRESHES_MAX; i++)
        assert_int_equal(family_refresh(&shelf->book, texts[(i - 1) % 2],
                                 NOW_S + SESSION_LIFE_S - 1, &family, texts[i % 2]),
                FAMILY_OK);
    assert_int_equal(family_refresh(&shelf->book, texts[(SESSION_REFRESHES_MAX - 1) % 2], NOW_S + 1,
                             &family, texts[0]),
            FAMILY_ENDED);
}

static void test_the_oldest_of_too_many_sessions_ends(void **state)
{
    struct shelf *shelf = *state;
    struct family family;
    refresh_text texts[ACCOUNT_SESSIONS_MAX + 1];
    refresh_text next;
    size_t count;

    for (size_t i = 0; i <= ACCOUNT_SESSIONS_MAX; i++)
        assert_int_equal(
                family_open(&shelf->book, "alice", NOW_S + i, &family, texts[i]), FAMILY_OK);
    assert_int_equal(family_open(&shelf->book, "alicia", NOW_S, &family, next), FAMILY_OK);
    assert_int_equal(family_count(&shelf->book, "alice", &count), 0);
    assert_int_equal(count, ACCOUNT_SESSIONS_MAX);
    assert_int_equal(family_find(&shelf->book, texts[0], &family), FAMILY_NONE);
    assert_int_equal(family_find(&shelf->book, texts[1], &family), FAMILY_OK);
    assert_int_equal(family_close_all(&shelf->book, "alice"), 0);
    for (size_t i = 0; i <= ACCOUNT_SESSIONS_MAX; i++)
        assert_int_equal(family_find(&shelf->book, texts[i], &family), FAMILY_NONE);
    assert_int_equal(family_find(&shelf->book, next, &family), FAMILY_OK);
}

static int look_for_secret(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const uint8_t *secret = user;

    assert_null(memmem(key.data, key.size, secret, 32));
    assert_null(memmem(value.data, value.size, secret, 32));
    return 0;
}

static void test_no_refresh_token_stands_in_the_store(void **state)
{
    struct shelf *shelf = *state;
    struct family family;
    uint8_t token[48];
    refresh_text text;
    size_t size;

    assert_int_equal(family_open(&shelf->book, "alice", NOW_S, &family, text), FAMILY_OK);
    assert_int_equal(sodium_base642bin(token, sizeof(token), text + 5, REFRESH_TEXT_SIZE - 5, NULL,
                             &size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
            0);
    assert_int_equal(mu_store_each(shelf->book.store, (struct mu_bytes){ 0 }, look_for_secret,
                             token + FAMILY_ID_SIZE),
            0);
}

/* ---- access tokens ---- */

static struct issued issued_number(uint32_t number, const char *account, uint8_t family)
{
    struct issued issued = { .until_s = NOW_S + ACCESS_LIFE_MAX_S };

    memcpy(issued.id.bytes, &number, sizeof(number));
    snprintf(issued.account, sizeof(issued.account), "%s", account);
    memset(issued.family, family, sizeof(issued.family));
    return issued;
}

static int count_revoked(const struct issued *issued, void *user)
{
    *(size_t *)user += issued->revoked;
    return 0;
}

static size_t revoked_count(struct shelf *shelf)
{
    size_t count = 0;

    assert_int_equal(issued_each(&shelf->book, count_revoked, &count), 0);
    return count;
}

static void test_what_is_voided_is_the_token_the_session_or_the_account(void **state)
{
    struct shelf *shelf = *state;
    struct issued issued;

    for (uint32_t i = 0; i < 12; i++) {
        issued = issued_number(i, i < 8 ? "alice" : "alicia", (uint8_t)(i % 2));
        assert_int_equal(issued_put(&shelf->book, &issued, NOW_S), BOOK_OK);
    }
    issued = issued_number(9, "", 0);
    assert_int_equal(issued_find(&shelf->book, &issued.id, &issued), BOOK_OK);
    assert_string_equal(issued.account, "alicia");
    assert_int_equal(issued_revoke(&shelf->book, &issued), BOOK_OK);
    assert_int_equal(revoked_count(shelf), 1);
    issued = issued_number(1, "", 1);
    assert_int_equal(issued_revoke_all(&shelf->book, "alice", issued.family), BOOK_OK);
    assert_int_equal(revoked_count(shelf), 5);
    assert_int_equal(issued_revoke_all(&shelf->book, "alice", NULL), BOOK_OK);
    assert_int_equal(revoked_count(shelf), 9);
    issued = issued_number(77, "", 0);
    assert_int_equal(issued_find(&shelf->book, &issued.id, &issued), BOOK_NONE);
}

static void test_tokens_that_ended_make_room(void **state)
{
    struct shelf *shelf = *state;
    struct issued issued;

    for (uint32_t i = 0; i < ACCOUNT_TOKENS_MAX; i++) {
        issued = issued_number(i, "alice", 0);
        assert_int_equal(issued_put(&shelf->book, &issued, NOW_S), BOOK_OK);
    }
    issued = issued_number(ACCOUNT_TOKENS_MAX, "alice", 0);
    assert_int_equal(issued_put(&shelf->book, &issued, NOW_S + ACCESS_LIFE_MAX_S - 1), BOOK_FULL);
    issued_revoke_all(&shelf->book, "alice", NULL);
    assert_int_equal(revoked_count(shelf), ACCOUNT_TOKENS_MAX);
    assert_int_equal(issued_put(&shelf->book, &issued, NOW_S + ACCESS_LIFE_MAX_S), BOOK_OK);
    assert_int_equal(revoked_count(shelf), 0);
    assert_int_equal(issued_sweep(&shelf->book, NOW_S + ACCESS_LIFE_MAX_S), 0);
    assert_int_equal(issued_find(&shelf->book, &issued.id, &issued), BOOK_NONE);
}

/* ---- wrong passwords ---- */

static const uint8_t hash_key[16] = { 1, 2, 3 };

static void test_five_wrong_passwords_and_then_one_every_twelve_seconds(void **state)
{
    struct throttle throttle;
    uint64_t now_ms = NOW_MS;
    uint32_t wait_ms;

    (void)state;
    throttle_init(&throttle, hash_key, now_ms);
    for (int i = 0; i < LOGIN_TRIES_MAX; i++)
        assert_int_equal(throttle_take(&throttle, "alice", now_ms, &wait_ms), THROTTLE_OK);
    assert_int_equal(throttle_take(&throttle, "alice", now_ms, &wait_ms), THROTTLE_FIRST);
    assert_int_equal(wait_ms, LOGIN_TRY_AGAIN_MS);
    assert_int_equal(throttle_take(&throttle, "alice", now_ms + 1, &wait_ms), THROTTLE_AGAIN);
    assert_int_equal(throttle_take(&throttle, "bob", now_ms, &wait_ms), THROTTLE_OK);
    now_ms += LOGIN_TRY_AGAIN_MS - 1;
    assert_int_equal(throttle_take(&throttle, "alice", now_ms, &wait_ms), THROTTLE_AGAIN);
    assert_int_equal(wait_ms, 1);
    now_ms += 1;
    assert_int_equal(throttle_take(&throttle, "alice", now_ms, &wait_ms), THROTTLE_OK);
    assert_int_equal(throttle_take(&throttle, "alice", now_ms, &wait_ms), THROTTLE_FIRST);
}

static void test_a_right_password_costs_nothing(void **state)
{
    struct throttle throttle;
    uint32_t wait_ms;

    (void)state;
    throttle_init(&throttle, hash_key, NOW_MS);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(throttle_take(&throttle, "alice", NOW_MS, &wait_ms), THROTTLE_OK);
        throttle_return(&throttle, "alice", NOW_MS);
    }
}

static void test_all_accounts_together_have_a_limit_too(void **state)
{
    struct throttle throttle;
    uint32_t wait_ms = 0;
    char name[16];

    (void)state;
    throttle_init(&throttle, hash_key, NOW_MS);
    for (unsigned i = 0; i < LOGIN_TRIES_ALL_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(throttle_take(&throttle, name, NOW_MS, &wait_ms), THROTTLE_OK);
    }
    assert_int_equal(throttle_take(&throttle, "alice", NOW_MS, &wait_ms), THROTTLE_AGAIN);
    assert_int_equal(wait_ms, LOGIN_TRY_ALL_AGAIN_MS);
    assert_int_equal(throttle_take(&throttle, "alice", NOW_MS + LOGIN_TRY_ALL_AGAIN_MS, &wait_ms),
            THROTTLE_OK);
}

/* Whatever is tried, in an hour of it no name gets over five a minute, nor all over fifty. */
static void test_no_pattern_of_tries_gets_more(void **state)
{
    enum { NAMES = 300, HOUR_MS = 3600000 };
    static uint32_t taken_of[NAMES];
    struct throttle throttle;
    struct random random;
    uint64_t end_ms = (uint64_t)NOW_MS + HOUR_MS;
    uint32_t taken = 0;
    uint32_t wait_ms;

    (void)state;
    throttle_init(&throttle, hash_key, NOW_MS);
    random_init(&random, 11);
    for (uint64_t now_ms = NOW_MS; now_ms < end_ms; now_ms += random_below(&random, 40)) {
        uint32_t which = random_below(&random, 2) == 0 ? 0 : random_below(&random, NAMES);
        char name[16];

        snprintf(name, sizeof(name), "n%u", which);
        if (throttle_take(&throttle, name, now_ms, &wait_ms) == THROTTLE_OK) {
            taken += 1;
            taken_of[which] += 1;
        }
    }
    assert_in_range(taken, 1, LOGIN_TRIES_ALL_MAX + HOUR_MS / LOGIN_TRY_ALL_AGAIN_MS);
    for (size_t i = 0; i < NAMES; i++)
        assert_in_range(taken_of[i], 0, LOGIN_TRIES_MAX + HOUR_MS / LOGIN_TRY_AGAIN_MS);
}

#define ON_A_SHELF(test) cmocka_unit_test_setup_teardown(test, shelf_set_up, shelf_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_SHELF(test_a_refresh_token_is_good_once_and_gives_the_next),
        ON_A_SHELF(test_each_token_that_was_used_gives_the_session_away),
        ON_A_SHELF(test_a_token_that_was_never_given_out_is_nobodys),
        ON_A_SHELF(test_a_session_ends_with_its_time_and_with_its_refreshes),
        ON_A_SHELF(test_the_oldest_of_too_many_sessions_ends),
        ON_A_SHELF(test_no_refresh_token_stands_in_the_store),
        ON_A_SHELF(test_what_is_voided_is_the_token_the_session_or_the_account),
        ON_A_SHELF(test_tokens_that_ended_make_room),
        cmocka_unit_test(test_five_wrong_passwords_and_then_one_every_twelve_seconds),
        cmocka_unit_test(test_a_right_password_costs_nothing),
        cmocka_unit_test(test_all_accounts_together_have_a_limit_too),
        cmocka_unit_test(test_no_pattern_of_tries_gets_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
