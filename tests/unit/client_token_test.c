// SPDX-License-Identifier: Apache-2.0
/* What bearers of access tokens do with them through libmu. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "mu/token.h"
#include "tests/unit/cmocka.h"
#include "transport/secure/access.h"

enum { NOW_S = 1800000000 };

struct bearer {
    struct key authority;
    char token[MU_TOKEN_TEXT_SIZE];
};

static int set_up(void **state)
{
    const struct access_grant grant = { .subject = "alice",
        .audience = "desk.*",
        .scopes = { .count = 2, .patterns = { "shop.*", "greeter.Hello" } },
        .issued_s = NOW_S,
        .expires_s = NOW_S + 600,
        .budget = 10 };
    struct bearer *bearer = calloc(1, sizeof(*bearer));
    struct access_id id;

    CHECK(bearer != NULL && sodium_init() >= 0);
    CHECK(key_init(&bearer->authority) == 0);
    CHECK(access_issue(&grant, &bearer->authority, bearer->token, &id) == ACCESS_OK);
    *state = bearer;
    return 0;
}

static int tear_down(void **state)
{
    struct bearer *bearer = *state;

    key_deinit(&bearer->authority);
    free(bearer);
    return 0;
}

static enum access_outcome read_as_router(
        const struct bearer *bearer, const char *text, struct access *access)
{
    struct access_authority authority = { .key_count = 1, .keys = { bearer->authority.public } };

    return access_read(
            access, (struct span){ (const uint8_t *)text, strlen(text) }, &authority, NOW_S + 1);
}

static void test_a_token_says_what_was_granted(void **state)
{
    const struct bearer *bearer = *state;
    struct mu_token token;

    assert_int_equal(mu_token_look(&token, bearer->token), 0);
    assert_string_equal(token.subject, "alice");
    assert_string_equal(token.audience, "desk.*");
    assert_int_equal(token.issued_s, NOW_S);
    assert_int_equal(token.expires_s, NOW_S + 600);
    assert_int_equal(token.calls, 10);
    assert_int_equal(token.narrowings, 0);
    assert_false(token.sealed);
    assert_int_equal(token.scope_count, 2);
    assert_string_equal(token.scopes[0], "shop.*");
    assert_string_equal(token.scopes[1], "greeter.Hello");
}

static void test_a_narrower_token_is_believed_and_says_less(void **state)
{
    static const char *const scopes[] = { "shop.List" };
    const struct bearer *bearer = *state;
    const struct mu_token_narrowing less = {
        .scopes = scopes, .scope_count = 1, .expires_s = NOW_S + 60, .calls = 3, .seal = true
    };
    char narrower[MU_TOKEN_TEXT_SIZE];
    struct mu_token token;
    struct access access;

    assert_int_equal(mu_token_narrow(bearer->token, &less, narrower), 0);
    assert_int_equal(mu_token_look(&token, narrower), 0);
    assert_int_equal(token.expires_s, NOW_S + 60);
    assert_int_equal(token.calls, 3);
    assert_int_equal(token.narrowings, 1);
    assert_true(token.sealed);
    assert_int_equal(token.scope_count, 1);
    assert_string_equal(token.scopes[0], "shop.List");
    assert_int_equal(read_as_router(bearer, narrower, &access), ACCESS_OK);
    assert_int_equal(access.expires_s, NOW_S + 60);
}

static void test_what_is_no_narrowing_is_refused_and_nothing_is_written(void **state)
{
    static const char *const more[] = { "shop.List", "greeter.Bye" };
    static const char *const none[] = { "shop" };
    const struct bearer *bearer = *state;
    const struct {
        struct mu_token_narrowing less;
        int error;
    } cases[] = {
        { { .seal = false }, -EINVAL },
        { { .scopes = more, .scope_count = 2 }, -EPERM },
        { { .scopes = none, .scope_count = 1 }, -EINVAL },
        { { .expires_s = NOW_S + 601 }, -EPERM },
        { { .calls = 11 }, -EPERM },
        { { .scopes = more, .scope_count = MU_TOKEN_SCOPES_MAX + 1 }, -EINVAL },
    };
    const struct mu_token_narrowing one = { .calls = 1 };
    char narrower[MU_TOKEN_TEXT_SIZE] = "as it was";

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(mu_token_narrow(bearer->token, &cases[i].less, narrower), cases[i].error);
        assert_string_equal(narrower, "as it was");
    }
    assert_int_equal(mu_token_narrow("mut1.nothing", &one, narrower), -EINVAL);
    assert_int_equal(mu_token_narrow("", &one, narrower), -EINVAL);
}

static void test_a_sealed_token_and_one_narrowed_often_are_narrowed_no_more(void **state)
{
    const struct bearer *bearer = *state;
    const struct mu_token_narrowing seal = { .seal = true };
    struct mu_token_narrowing less = { .calls = 9 };
    char texts[2][MU_TOKEN_TEXT_SIZE];
    struct mu_token token;

    assert_int_equal(mu_token_narrow(bearer->token, &seal, texts[0]), 0);
    assert_int_equal(mu_token_look(&token, texts[0]), 0);
    assert_true(token.sealed);
    assert_int_equal(token.narrowings, 0);
    assert_int_equal(mu_token_narrow(texts[0], &less, texts[1]), -EROFS);
    memcpy(texts[0], bearer->token, sizeof(texts[0]));
    for (unsigned i = 0; i < MU_TOKEN_NARROWINGS_MAX; i++, less.calls--)
        assert_int_equal(mu_token_narrow(texts[i % 2], &less, texts[(i + 1) % 2]), 0);
    assert_int_equal(mu_token_narrow(texts[MU_TOKEN_NARROWINGS_MAX % 2], &less, texts[1]), -E2BIG);
}

static void test_what_is_no_token_says_nothing(void **state)
{
    const struct bearer *bearer = *state;
    char text[MU_TOKEN_TEXT_SIZE];
    struct mu_token token;

    assert_int_equal(mu_token_look(&token, ""), -EINVAL);
    assert_int_equal(mu_token_look(&token, "mut1."), -EINVAL);
    assert_int_equal(mu_token_look(&token, "muc1.AAAA"), -EINVAL);
    memcpy(text, bearer->token, sizeof(text));
    text[strlen(text) / 2] = '\0';
    assert_int_equal(mu_token_look(&token, text), -EINVAL);
}

#define AS_BEARER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AS_BEARER(test_a_token_says_what_was_granted),
        AS_BEARER(test_a_narrower_token_is_believed_and_says_less),
        AS_BEARER(test_what_is_no_narrowing_is_refused_and_nothing_is_written),
        AS_BEARER(test_a_sealed_token_and_one_narrowed_often_are_narrowed_no_more),
        AS_BEARER(test_what_is_no_token_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
