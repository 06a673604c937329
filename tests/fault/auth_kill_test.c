// SPDX-License-Identifier: Apache-2.0
/* A keeper of accounts and sessions is killed with SIGKILL, again and again. Whatever it had
 * answered is there afterwards, whole: the account, its passkey with the counter that it was seen
 * with, its session, the refresh token that was given out, and the entry of the audit log, whose
 * chain fits. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "services/platform/auth/account.h"
#include "services/platform/auth/audit.h"
#include "services/platform/auth/family.h"
#include "services/platform/auth/issued.h"
#include "services/platform/auth/passkey.h"
#include "tests/unit/auth_book.h"
#include "tests/unit/cmocka.h"

enum { KILLS = 40, ANSWERS_MAX = 30 /* before the kill */ };

/* What is told once it was committed. */
struct answer {
    uint32_t number;
    char refresh[REFRESH_TEXT_SIZE + 1];
};

static void name_of(uint32_t number, char name[ACCESS_SUBJECT_MAX + 1])
{
    snprintf(name, ACCESS_SUBJECT_MAX + 1, "account-%u", number);
}

/* ---- the child ---- */

static int put_passkey(struct book *book, const struct account *account, uint32_t counter)
{
    struct passkey passkey = {
        .label = "key-1", .id_size = 1, .key = { .algorithm = PASSKEY_EDDSA }, .counter = counter
    };

    memcpy(passkey.account, account->name, sizeof(passkey.account));
    return passkey_put(book, &passkey);
}

static int write_one(struct book *book, uint32_t number, struct answer *answer)
{
    struct account account = { .created_s = NOW_S };
    const struct audit_event event = { .event = "login", .by = "test", .about = account.name };
    struct issued issued = { .until_s = NOW_S + 1 };
    struct family family;
    char first[REFRESH_TEXT_SIZE + 1];
    int r;

    name_of(number, account.name);
    memcpy(issued.account, account.name, sizeof(issued.account));
    r = account_put(book, &account);
    if (r == BOOK_OK)
        r = put_passkey(book, &account, number);
    if (r == BOOK_OK)
        r = family_open(book, account.name, NOW_S, &family, first);
    if (r == BOOK_OK)
        r = family_refresh(book, first, NOW_S, &family, answer->refresh);
    if (r == BOOK_OK)
        r = issued_put(book, &issued, NOW_S);
    if (r == BOOK_OK)
        r = audit_append(book, &event, NOW_MS);
    return r == BOOK_OK ? book_commit(book) : r;
}

static _Noreturn void child_run(const char *path, uint32_t next, int answers)
{
    struct book book;

    if (book_open(&book, path) < 0)
        _exit(2);
    for (;; next++) {
        struct answer answer = { .number = next };

        if (write_one(&book, next, &answer) != BOOK_OK)
            _exit(3);
        if (write(answers, &answer, sizeof(answer)) != sizeof(answer))
            _exit(4);
    }
}

/* ---- what must be there ---- */

static void check_answer(struct book *book, const struct answer *answer)
{
    char name[ACCESS_SUBJECT_MAX + 1];
    struct account account;
    struct passkeys passkeys;
    struct audit_entry entry;
    struct family family;

    name_of(answer->number, name);
    assert_int_equal(account_get(book, name, &account), BOOK_OK);
    assert_int_equal(family_find(book, answer->refresh, &family), FAMILY_OK);
    assert_string_equal(family.account, name);
    assert_int_equal(family.generation, 2);
    assert_int_equal(passkey_load(book, name, &passkeys), BOOK_OK);
    assert_int_equal(passkeys.count, 1);
    assert_int_equal(passkeys.each[0].counter, answer->number);
    assert_int_equal(audit_get(book, answer->number + 1, &entry), BOOK_OK);
    assert_string_equal(entry.about, name);
}

/* Returns the number of the first change that is not there: what was not answered is there as a
 * whole or not at all. */
static uint32_t check(const char *path, const struct answer *answers, size_t count, uint32_t next)
{
    struct audit_verdict verdict;
    struct account account;
    struct book book;
    char name[ACCESS_SUBJECT_MAX + 1];
    size_t sessions;
    size_t passkeys;

    assert_int_equal(book_open(&book, path), 0);
    for (size_t i = 0; i < count; i++)
        check_answer(&book, &answers[i]);
    assert_int_equal(audit_verify(&book, 0, UINT64_MAX, &verdict), BOOK_OK);
    assert_int_equal(verdict.broken, 0);
    for (;; next++) {
        int r;

        name_of(next, name);
        r = account_get(&book, name, &account);
        assert_int_equal(family_count(&book, name, &sessions), 0);
        assert_int_equal(sessions, r == BOOK_OK ? 1 : 0);
        assert_int_equal(passkey_count(&book, name, &passkeys), 0);
        assert_int_equal(passkeys, sessions);
        if (r == BOOK_NONE)
            break;
    }
    assert_int_equal(verdict.verified, next);
    book_close(&book);
    return next;
}

static size_t run_and_kill(
        const char *path, uint32_t next, size_t wanted, struct answer answers[], size_t max)
{
    size_t count = 0;
    int ends[2];
    int status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child_run(path, next, ends[1]);
    close(ends[1]);
    while (count < wanted) {
        assert_int_equal(read(ends[0], &answers[count], sizeof(*answers)), sizeof(*answers));
        count += 1;
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (count < max && read(ends[0], &answers[count], sizeof(*answers)) == sizeof(*answers))
        count += 1;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return count;
}

static void test_what_was_answered_is_there_after_a_kill(void **state)
{
    static struct answer answers[4 * ANSWERS_MAX];
    struct folder folder = { "" };
    struct random random;
    uint32_t next = 0;

    (void)state;
    assert_true(sodium_init() >= 0);
    folder_make(&folder);
    random_init(&random, 3);
    for (int i = 0; i < KILLS; i++) {
        size_t count = run_and_kill(folder.path, next, 1 + random_below(&random, ANSWERS_MAX),
                answers, sizeof(answers) / sizeof(answers[0]));

        next = check(folder.path, answers, count, next + (uint32_t)count);
    }
    print_message("%u changes, none lost\n", next);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_answered_is_there_after_a_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
