// SPDX-License-Identifier: Apache-2.0
/* Accounts, the keys that sign their tokens, and the rules about them: what is kept, and what is
 * refused and changes nothing. */
#include <string.h>

#include "services/platform/auth/account.h"
#include "services/platform/auth/rulebook.h"
#include "services/platform/auth/signing.h"
#include "tests/unit/auth_book.h"
#include "tests/unit/cmocka.h"

static struct account account_named(const char *name)
{
    struct account account = { .kind = ACCOUNT_PERSON, .created_s = NOW_S };

    snprintf(account.name, sizeof(account.name), "%s", name);
    return account;
}

/* ---- accounts ---- */

static void test_an_account_is_the_same_after_a_restart(void **state)
{
    struct shelf *shelf = *state;
    char *scopes[] = { (char[]){ "shop.*" }, (char[]){ "greeter.Hello" } };
    char *roles[] = { (char[]){ "auditor" } };
    struct account account = account_named("alice@example.org");
    struct account found;
    size_t bad;

    account.kind = ACCOUNT_AGENT;
    account.disabled = true;
    account.login_s = NOW_S + 5;
    snprintf(account.password, sizeof(account.password), "$argon2id$x");
    assert_true(account_set_scopes(&account, scopes, 2, &bad));
    assert_true(account_set_roles(&account, roles, 1, &bad));
    assert_int_equal(account_put(&shelf->book, &account), BOOK_OK);
    assert_int_equal(book_commit(&shelf->book), BOOK_OK);
    shelf_reopen(shelf);
    assert_int_equal(account_get(&shelf->book, account.name, &found), BOOK_OK);
    assert_memory_equal(&found, &account, sizeof(account));
}

static void test_what_was_not_committed_is_not_there(void **state)
{
    struct shelf *shelf = *state;
    struct account account = account_named("alice");

    assert_int_equal(account_put(&shelf->book, &account), BOOK_OK);
    shelf_reopen(shelf);
    assert_int_equal(account_get(&shelf->book, "alice", &account), BOOK_NONE);
}

static void test_names_scopes_and_roles_that_are_none_change_nothing(void **state)
{
    static const char *const names[] = { "", "Alice", "-a", ".a", "a b", "a/b", "a\n", "ä" };
    char *scopes[] = { (char[]){ "shop.*" }, (char[]){ "shop" } };
    char *roles[] = { (char[]){ "admin" }, (char[]){ "root" } };
    struct account account = account_named("alice");
    const struct account before = account;
    char *many[ACCOUNT_SCOPES_MAX + 1];
    char longest[ACCESS_SUBJECT_MAX + 2];
    size_t bad = 9;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(account_name_is_valid(names[i]));
    memset(longest, 'a', sizeof(longest));
    longest[ACCESS_SUBJECT_MAX + 1] = '\0';
    assert_false(account_name_is_valid(longest));
    longest[ACCESS_SUBJECT_MAX] = '\0';
    assert_true(account_name_is_valid(longest));
    assert_false(account_set_scopes(&account, scopes, 2, &bad));
    assert_int_equal(bad, 1);
    for (size_t i = 0; i <= ACCOUNT_SCOPES_MAX; i++)
        many[i] = scopes[0];
    assert_false(account_set_scopes(&account, many, ACCOUNT_SCOPES_MAX + 1, &bad));
    assert_int_equal(bad, ACCOUNT_SCOPES_MAX);
    assert_false(account_set_roles(&account, roles, 2, &bad));
    assert_memory_equal(&account, &before, sizeof(account));
    assert_true(account_set_scopes(&account, many, ACCOUNT_SCOPES_MAX, &bad));
}

static void test_scopes_are_covered_by_an_accounts_own_only(void **state)
{
    char *own[] = { (char[]){ "shop.*" }, (char[]){ "greeter.Hello" } };
    char *less[] = { (char[]){ "shop.List" }, (char[]){ "greeter.Hello" } };
    char *more[] = { (char[]){ "shop.List" }, (char[]){ "greeter.*" } };
    struct account account = account_named("alice");
    size_t bad;

    (void)state;
    assert_true(account_covers(&account, less, 0));
    assert_false(account_covers(&account, less, 1));
    assert_true(account_set_scopes(&account, own, 2, &bad));
    assert_true(account_covers(&account, less, 2));
    assert_false(account_covers(&account, more, 2));
}

static int count_one(const struct account *account, void *user)
{
    (void)account;
    *(size_t *)user += 1;
    return 0;
}

static void test_there_is_room_for_so_many_accounts_and_not_one_more(void **state)
{
    struct shelf *shelf = *state;
    struct account account = account_named("");
    size_t count = 0;

    for (unsigned i = 0; i < ACCOUNTS_MAX; i++) {
        snprintf(account.name, sizeof(account.name), "a%04u", i);
        assert_int_equal(account_put(&shelf->book, &account), BOOK_OK);
    }
    account.disabled = true;
    assert_int_equal(account_put(&shelf->book, &account), BOOK_OK); /* which is there */
    snprintf(account.name, sizeof(account.name), "one-more");
    assert_int_equal(account_put(&shelf->book, &account), BOOK_FULL);
    assert_int_equal(account_each(&shelf->book, "", count_one, &count), 0);
    assert_int_equal(count, ACCOUNTS_MAX);
    count = 0;
    assert_int_equal(account_each(&shelf->book, "a4000", count_one, &count), 0);
    assert_int_equal(count, ACCOUNTS_MAX - 4001);
    assert_int_equal(account_delete(&shelf->book, "a0000"), BOOK_OK);
    assert_int_equal(account_put(&shelf->book, &account), BOOK_OK);
}

/* ---- passwords ---- */

static void test_a_password_is_known_by_its_hash_and_nobody_has_none(void **state)
{
    struct passwords passwords;
    char hash[PASSWORD_HASH_SIZE];
    char secret[PASSWORD_SECRET_SIZE];
    char other[PASSWORD_SECRET_SIZE];

    (void)state;
    passwords_init(&passwords);
    password_generate(secret);
    password_generate(other);
    assert_string_not_equal(secret, other);
    assert_int_equal(strlen(secret), PASSWORD_SECRET_SIZE - 1);
    assert_int_equal(password_hash(&passwords, secret, hash), PASSWORD_OK);
    assert_null(strstr(hash, secret));
    assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
    assert_int_equal(strlen(passwords.nobody), strlen(hash)); /* and takes as long */
    assert_int_equal(strncmp(passwords.nobody, hash, strcspn(hash, ",")), 0);
    assert_int_equal(password_verify(&passwords, secret, hash), PASSWORD_OK);
    assert_int_equal(password_verify(&passwords, other, hash), PASSWORD_WRONG);
    assert_int_equal(password_verify(&passwords, "", ""), PASSWORD_WRONG);
    assert_int_equal(password_verify(&passwords, secret, ""), PASSWORD_WRONG);
    passwords_deinit(&passwords);
}

static void test_hashes_over_their_number_are_refused_at_once(void **state)
{
    struct passwords passwords;
    char hash[PASSWORD_HASH_SIZE];

    (void)state;
    passwords_init(&passwords);
    passwords.running = PASSWORD_HASHES_MAX;
    passwords.waiting = PASSWORD_WAITERS_MAX;
    assert_int_equal(password_hash(&passwords, "password", hash), PASSWORD_BUSY);
    assert_int_equal(password_verify(&passwords, "password", ""), PASSWORD_BUSY);
    passwords.running = PASSWORD_HASHES_MAX - 1;
    assert_int_equal(password_hash(&passwords, "password", hash), PASSWORD_OK);
    passwords_deinit(&passwords);
}

/* ---- signing keys ---- */

static void test_an_old_key_is_believed_until_its_last_token_has_ended(void **state)
{
    struct shelf *shelf = *state;
    struct signing signing = { 0 };
    struct public_key first;
    uint64_t until_s;
    uint32_t gone;

    assert_int_equal(signing_load(&shelf->book, &signing), BOOK_NONE);
    assert_int_equal(signing_rotate(&shelf->book, &signing, NOW_S), BOOK_OK);
    assert_int_equal(signing_load(&shelf->book, &signing), BOOK_OK);
    first = signing.keys[0].key.public;
    assert_int_equal(signing_rotate(&shelf->book, &signing, NOW_S + 100), BOOK_OK);
    signing_deinit(&signing);
    assert_int_equal(book_commit(&shelf->book), BOOK_OK);
    shelf_reopen(shelf);
    assert_int_equal(signing_load(&shelf->book, &signing), BOOK_OK);
    assert_int_equal(signing.count, 2);
    assert_int_equal(signing.keys[0].until_s, 0);
    assert_false(public_key_equal(&signing.keys[0].key.public, &first));
    assert_true(public_key_equal(&signing.keys[1].key.public, &first));
    until_s = signing.keys[1].until_s;
    assert_true(until_s >= NOW_S + 100 + ACCESS_LIFE_MAX_S);
    assert_int_equal(signing_sweep(&shelf->book, &signing, until_s - 1, &gone), BOOK_OK);
    assert_int_equal(gone, 0);
    assert_int_equal(signing_sweep(&shelf->book, &signing, until_s, &gone), BOOK_OK);
    assert_int_equal(gone, 1);
    signing_deinit(&signing);
    assert_int_equal(signing_load(&shelf->book, &signing), BOOK_OK);
    assert_int_equal(signing.count, 1);
    assert_false(public_key_equal(&signing.keys[0].key.public, &first));
    signing_deinit(&signing);
}

static void test_keys_are_not_rotated_over_their_number(void **state)
{
    struct shelf *shelf = *state;
    struct signing signing = { 0 };

    for (int i = 0; i < ACCESS_KEYS_MAX; i++) {
        assert_int_equal(signing_rotate(&shelf->book, &signing, NOW_S), BOOK_OK);
        signing_deinit(&signing);
        assert_int_equal(signing_load(&shelf->book, &signing), BOOK_OK);
    }
    assert_int_equal(signing_rotate(&shelf->book, &signing, NOW_S), BOOK_FULL);
    signing_deinit(&signing);
}

/* ---- rules ---- */

static void add(struct shelf *shelf, struct rulebook *rules, uint32_t priority, bool deny,
        const char *who, const char *endpoints)
{
    struct rule rule;

    assert_int_equal(rulebook_make(&rule, who, endpoints, "because"), RULEBOOK_OK);
    rule.priority = priority;
    rule.deny = deny;
    assert_int_equal(rulebook_add(&shelf->book, rules, &rule), BOOK_OK);
    assert_int_equal(rulebook_load(&shelf->book, rules), 0);
}

static uint64_t decide(const struct rulebook *rules, const char *subject, const char *endpoint)
{
    const struct rule_call call = { .subject = subject,
        .service = "",
        .endpoint = { (const uint8_t *)endpoint, strlen(endpoint) } };
    const struct rule *rule = rules_decide(rules->each, rules->count, &call);

    return rule != NULL ? rule->id : 0;
}

static void test_rules_stand_in_the_order_in_which_they_are_asked(void **state)
{
    struct shelf *shelf = *state;
    struct rulebook *rules = calloc(1, sizeof(*rules));

    assert_non_null(rules);
    add(shelf, rules, 0, false, "user:alice", "shop.*");
    add(shelf, rules, 5, true, "*", "shop.Buy");
    add(shelf, rules, 0, true, "user:al*", "shop.List");
    assert_int_equal(book_commit(&shelf->book), BOOK_OK);
    shelf_reopen(shelf);
    assert_int_equal(rulebook_load(&shelf->book, rules), 0);
    assert_int_equal(rules->each[0].id, 2);
    assert_int_equal(rules->each[1].id, 3);
    assert_int_equal(rules->each[2].id, 1);
    assert_int_equal(decide(rules, "alice", "shop.Buy"), 2);
    assert_int_equal(decide(rules, "alice", "shop.List"), 3);
    assert_int_equal(decide(rules, "alice", "shop.Show"), 1);
    assert_int_equal(decide(rules, "bob", "shop.Show"), 0);
    free(rules);
}

static void test_a_rules_number_is_never_anothers(void **state)
{
    struct shelf *shelf = *state;
    struct rulebook *rules = calloc(1, sizeof(*rules));

    assert_non_null(rules);
    add(shelf, rules, 0, true, "*", "a.B");
    assert_int_equal(rulebook_remove(&shelf->book, 1), BOOK_OK);
    assert_int_equal(rulebook_remove(&shelf->book, 1), BOOK_NONE);
    assert_int_equal(rulebook_load(&shelf->book, rules), 0);
    assert_null(rulebook_find(rules, 1));
    add(shelf, rules, 0, true, "*", "a.B");
    assert_int_equal(rules->each[0].id, 2);
    free(rules);
}

static void test_rules_that_are_none_and_one_too_many_are_refused(void **state)
{
    struct shelf *shelf = *state;
    struct rulebook *rules = calloc(1, sizeof(*rules));
    char reason[RULE_REASON_MAX + 2];
    struct rule rule;

    assert_non_null(rules);
    assert_int_equal(rulebook_make(&rule, "alice", "a.B", ""), RULEBOOK_WHO);
    assert_int_equal(rulebook_make(&rule, "", "a.B", ""), RULEBOOK_WHO);
    assert_int_equal(rulebook_make(&rule, "user:", "a.B", ""), RULEBOOK_WHO);
    assert_int_equal(rulebook_make(&rule, "*", "a", ""), RULEBOOK_ENDPOINTS);
    assert_int_equal(rulebook_make(&rule, "*", "a.B", "one\ntwo"), RULEBOOK_REASON);
    memset(reason, 'x', sizeof(reason));
    reason[RULE_REASON_MAX + 1] = '\0';
    assert_int_equal(rulebook_make(&rule, "*", "a.B", reason), RULEBOOK_REASON);
    reason[RULE_REASON_MAX] = '\0';
    assert_int_equal(rulebook_make(&rule, "*", "a.B", reason), RULEBOOK_OK);
    for (int i = 0; i < RULES_MAX; i++)
        assert_int_equal(rulebook_add(&shelf->book, rules, &rule), BOOK_OK);
    assert_int_equal(rulebook_load(&shelf->book, rules), 0);
    assert_int_equal(rulebook_add(&shelf->book, rules, &rule), BOOK_FULL);
    free(rules);
}

#define ON_A_SHELF(test) cmocka_unit_test_setup_teardown(test, shelf_set_up, shelf_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_SHELF(test_an_account_is_the_same_after_a_restart),
        ON_A_SHELF(test_what_was_not_committed_is_not_there),
        ON_A_SHELF(test_names_scopes_and_roles_that_are_none_change_nothing),
        ON_A_SHELF(test_scopes_are_covered_by_an_accounts_own_only),
        ON_A_SHELF(test_there_is_room_for_so_many_accounts_and_not_one_more),
        ON_A_SHELF(test_a_password_is_known_by_its_hash_and_nobody_has_none),
        ON_A_SHELF(test_hashes_over_their_number_are_refused_at_once),
        ON_A_SHELF(test_an_old_key_is_believed_until_its_last_token_has_ended),
        ON_A_SHELF(test_keys_are_not_rotated_over_their_number),
        ON_A_SHELF(test_rules_stand_in_the_order_in_which_they_are_asked),
        ON_A_SHELF(test_a_rules_number_is_never_anothers),
        ON_A_SHELF(test_rules_that_are_none_and_one_too_many_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
