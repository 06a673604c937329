// SPDX-License-Identifier: Apache-2.0
/* Bearers who try: whatever is done to tokens, what is believed of one is never more than what was
 * given to whoever holds it. Random, from a seed that is printed; compared with a plain model of
 * what each token allows. */
#include <stdio.h>

#include "base/random.h"
#include "tests/unit/access_fixture.h"
#include "tests/unit/cmocka.h"
#include "transport/secure/access_chain.h"
#include "transport/secure/base64url.h"

enum { PREFIX = 5, ROUNDS = 400, FORGERIES = 4000, NAMES = 6 };

static struct key authority_key;
static struct access_authority authority;
static struct random chance;

/* What a token allows, kept beside it: endpoints by number, an end, calls (0: any number). */
struct model {
    bool allows[NAMES];
    uint64_t expires_s;
    uint32_t budget;
};

static const char *const endpoints[NAMES] = { "store.Get", "store.Put", "store.mu.Health",
    "greeter.Hello", "greeter.Bye", "clock.Now" };

/* Each with what it matches of them, by hand. */
static const struct {
    const char *pattern;
    bool matches[NAMES];
} patterns[] = {
    { ">", { true, true, true, true, true, true } },
    { "store.>", { true, true, true } },
    { "store.*", { true, true } },
    { "store.Get", { true } },
    { "*.Put", { false, true } },
    { "*.*", { true, true, false, true, true, true } },
    { "greeter.*", { false, false, false, true, true } },
    { "greeter.Bye", { false, false, false, false, true } },
    { "store.mu.Health", { false, false, true } },
    { "clock.Now", { false, false, false, false, false, true } },
};

enum { PATTERNS = sizeof(patterns) / sizeof(patterns[0]) };

static int set_up(void **state)
{
    const char *given = getenv("MU_SEED");
    uint64_t seed;

    (void)state;
    CHECK(sodium_init() >= 0);
    randombytes_buf(&seed, sizeof(seed));
    if (given != NULL)
        seed = strtoull(given, NULL, 10);
    print_message("MU_SEED=%llu\n", (unsigned long long)seed);
    random_init(&chance, seed);
    fixture_key(&authority_key, 5);
    authority = fixture_authority(&authority_key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    key_deinit(&authority_key);
    return 0;
}

/* Some random patterns; what they match is or-ed into `matches`. */
static void pick_scopes(struct access_scopes *scopes, bool matches[NAMES])
{
    uint32_t count = 1 + random_below(&chance, 3);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t which = random_below(&chance, PATTERNS);

        fixture_scope(scopes, patterns[which].pattern);
        for (int name = 0; name < NAMES; name++)
            matches[name] = matches[name] || patterns[which].matches[name];
    }
}

static void issue(char *line, struct model *model)
{
    struct access_grant grant = fixture_grant();
    struct access_id id;

    grant.scopes.count = 0;
    *model = (struct model){ .expires_s = NOW_S + 1 + random_below(&chance, ACCESS_LIFE_MAX_S) };
    pick_scopes(&grant.scopes, model->allows);
    model->budget = random_below(&chance, 2) * (1 + random_below(&chance, 100));
    grant.expires_s = model->expires_s;
    grant.budget = model->budget;
    assert_int_equal(access_issue(&grant, &authority_key, line, &id), ACCESS_OK);
}

/* Is the token believed, and as what the model says: no more, and no less. */
static void check(const char *line, const struct model *model)
{
    struct access access;

    assert_int_equal(access_read(&access, fixture_text(line), &authority, NOW_S), ACCESS_OK);
    for (int i = 0; i < NAMES; i++)
        assert_int_equal(access_covers(&access, fixture_text(endpoints[i])), model->allows[i]);
    assert_int_equal(access.expires_s, model->expires_s);
    if (model->budget == 0)
        assert_int_equal(access.budget_count, 0);
    else
        assert_int_equal(access.budgets[access.budget_count - 1].calls, model->budget);
}

/* Tries a random narrowing, mostly one that widens. Where it is taken, the model says that it may
 * be. */
static void narrow(char *line, struct model *model)
{
    struct access_narrowing less = { .budget = 0 };
    char narrower[ACCESS_TEXT_MAX + 1];
    struct model after = *model;
    enum access_outcome outcome;

    if (random_below(&chance, 2) == 0) {
        memset(after.allows, 0, sizeof(after.allows));
        pick_scopes(&less.scopes, after.allows);
    }
    if (random_below(&chance, 2) == 0)
        after.expires_s = less.expires_s = NOW_S + 1 + random_below(&chance, ACCESS_LIFE_MAX_S);
    if (random_below(&chance, 2) == 0)
        after.budget = less.budget = 1 + random_below(&chance, 100);
    outcome = access_narrow(&less, fixture_text(line), narrower);
    if (outcome != ACCESS_OK)
        return;
    for (int i = 0; i < NAMES; i++)
        assert_true(model->allows[i] || !after.allows[i]);
    assert_true(after.expires_s <= model->expires_s);
    assert_true(model->budget == 0 || (after.budget != 0 && after.budget <= model->budget));
    memcpy(line, narrower, sizeof(narrower));
    *model = after;
}

static void test_a_narrowed_token_allows_what_its_bearer_left_and_no_more(void **state)
{
    char line[ACCESS_TEXT_MAX + 1];
    char sealed[ACCESS_TEXT_MAX + 1];
    struct model model;
    int taken = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        issue(line, &model);
        check(line, &model);
        for (int i = 0; i < 8; i++) {
            char before[ACCESS_TEXT_MAX + 1];

            memcpy(before, line, sizeof(before));
            narrow(line, &model);
            taken += strcmp(before, line) != 0;
            check(line, &model);
        }
        assert_int_equal(access_seal(fixture_text(line), sealed), ACCESS_OK);
        check(sealed, &model);
    }
    assert_true(taken > ROUNDS);
}

static size_t decode(const char *line, uint8_t *bytes)
{
    size_t size;

    assert_true(base64url_read(fixture_text(line + PREFIX), bytes, ACCESS_BYTES_MAX, &size));
    return size;
}

static enum access_outcome judge(const uint8_t *bytes, size_t size)
{
    char line[PREFIX + (ACCESS_BYTES_MAX + 64) * 4 / 3 + 8] = "mut1.";
    struct access access;

    base64url_write((struct span){ bytes, size }, line + PREFIX, sizeof(line) - PREFIX - 1);
    return access_read(&access, fixture_text(line), &authority, NOW_S);
}

/* A token that was narrowed some times. */
static size_t some_token(uint8_t *bytes, uint32_t narrowings, bool sealed)
{
    char line[ACCESS_TEXT_MAX + 1];
    char next[ACCESS_TEXT_MAX + 1];
    struct access_grant grant = fixture_grant();
    struct access_id id;

    assert_int_equal(access_issue(&grant, &authority_key, line, &id), ACCESS_OK);
    for (uint32_t i = 0; i < narrowings; i++) {
        struct access_narrowing less = { .budget = 100 - i };

        assert_int_equal(access_narrow(&less, fixture_text(line), next), ACCESS_OK);
        memcpy(line, next, sizeof(line));
    }
    if (sealed) {
        assert_int_equal(access_seal(fixture_text(line), next), ACCESS_OK);
        memcpy(line, next, sizeof(line));
    }
    return decode(line, bytes);
}

static void test_no_byte_of_a_token_can_be_changed(void **state)
{
    uint8_t bytes[ACCESS_BYTES_MAX];

    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        size_t size = some_token(bytes, kind / 2 * 2, kind % 2 == 1);

        assert_int_equal(judge(bytes, size), ACCESS_OK);
        for (size_t i = 0; i < size; i++) {
            uint8_t was = bytes[i];

            bytes[i] ^= (uint8_t)(1u << random_below(&chance, 8));
            assert_int_not_equal(judge(bytes, size), ACCESS_OK);
            bytes[i] = (uint8_t)random_next(&chance);
            if (bytes[i] != was)
                assert_int_not_equal(judge(bytes, size), ACCESS_OK);
            bytes[i] = was;
        }
        for (size_t cut = 0; cut < size; cut++)
            assert_int_not_equal(judge(bytes, cut), ACCESS_OK);
        bytes[size] = 0;
        assert_int_not_equal(judge(bytes, size + 1), ACCESS_OK);
    }
}

static void test_no_character_of_a_token_can_be_changed(void **state)
{
    static const char letters[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char line[ACCESS_TEXT_MAX + 1];
    struct model model;
    struct access access;

    (void)state;
    issue(line, &model);
    for (size_t i = 0; line[i] != '\0'; i++) {
        char was = line[i];

        do
            line[i] = letters[random_below(&chance, sizeof(letters) - 1)];
        while (line[i] == was);
        assert_int_not_equal(
                access_read(&access, fixture_text(line), &authority, NOW_S), ACCESS_OK);
        line[i] = (char)0xe1;
        assert_int_not_equal(
                access_read(&access, fixture_text(line), &authority, NOW_S), ACCESS_OK);
        line[i] = was;
    }
    check(line, &model);
}

/* Makes a chain out of the blocks of two: any of them in any order, with the end of either. */
static void splice(struct access_chain *spliced, const struct access_chain *one,
        const struct access_chain *two)
{
    *spliced = (struct access_chain){ .count = 1 + random_below(&chance, ACCESS_BLOCKS_MAX) };
    for (uint32_t i = 0; i < spliced->count; i++) {
        const struct access_chain *from = random_below(&chance, 2) == 0 ? one : two;

        spliced->blocks[i] = from->blocks[random_below(&chance, from->count)];
        if (random_below(&chance, 8) == 0)
            spliced->blocks[i].signature = two->blocks[0].signature;
        if (random_below(&chance, 8) == 0)
            spliced->blocks[i].next = two->blocks[0].next;
        if (random_below(&chance, 8) == 0)
            spliced->blocks[i].body = one->blocks[0].body;
    }
    spliced->proof = random_below(&chance, 2) == 0 ? one->proof : two->proof;
    if (spliced->proof.size == 0)
        spliced->seal =
                random_below(&chance, 2) == 0 && one->seal.size != 0 ? one->seal : two->seal;
}

static void test_blocks_of_tokens_cannot_be_dropped_moved_or_mixed(void **state)
{
    uint8_t bytes[3][ACCESS_BYTES_MAX];
    struct access_chain chains[3];
    size_t sizes[2] = { 0 };
    int whole = 0;

    (void)state;
    for (int try = 0; try < FORGERIES; try++) {
        size_t size;
        bool same;

        if (try % 16 == 0) {
            for (int i = 0; i < 2; i++) {
                sizes[i] = some_token(bytes[i], random_below(&chance, 1 + ACCESS_NARROWINGS_MAX),
                        random_below(&chance, 2) == 0);
                assert_int_equal(access_chain_read(&chains[i], (struct span){ bytes[i], sizes[i] }),
                        ACCESS_OK);
            }
        }
        splice(&chains[2], &chains[0], &chains[1]);
        size = access_chain_write(&chains[2], bytes[2], sizeof(bytes[2]));
        same = (size == sizes[0] && memcmp(bytes[2], bytes[0], size) == 0) ||
               (size == sizes[1] && memcmp(bytes[2], bytes[1], size) == 0);
        assert_int_equal(judge(bytes[2], size) == ACCESS_OK, same);
        whole += same;
    }
    print_message("%d of %d splicings were whole tokens again\n", whole, FORGERIES);
}

static void test_the_secret_of_a_narrowed_token_signs_nothing_of_the_wider_one(void **state)
{
    uint8_t bytes[ACCESS_BYTES_MAX];
    uint8_t again[ACCESS_BYTES_MAX];
    uint8_t signature[SIGNATURE_SIZE];
    struct access_chain chain;
    struct key key;
    size_t size = some_token(bytes, 2, false);

    (void)state;
    assert_int_equal(access_chain_read(&chain, (struct span){ bytes, size }), ACCESS_OK);
    assert_int_equal(key_init_seed(&key, chain.proof.data), 0);
    for (; chain.count > 1; chain.count--) {
        struct access_chain shorter = chain;

        shorter.count -= 1;
        assert_int_not_equal(
                judge(again, access_chain_write(&shorter, again, sizeof(again))), ACCESS_OK);
        access_chain_sign(&shorter, &key, KEY_FOR_ACCESS_SEAL, signature);
        shorter.proof = (struct span){ NULL, 0 };
        shorter.seal = (struct span){ signature, sizeof(signature) };
        assert_int_not_equal(
                judge(again, access_chain_write(&shorter, again, sizeof(again))), ACCESS_OK);
    }
    key_deinit(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_a_narrowed_token_allows_what_its_bearer_left_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_byte_of_a_token_can_be_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_no_character_of_a_token_can_be_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_blocks_of_tokens_cannot_be_dropped_moved_or_mixed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_secret_of_a_narrowed_token_signs_nothing_of_the_wider_one, set_up,
                tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
