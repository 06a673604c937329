// SPDX-License-Identifier: Apache-2.0
/* A process that writes is killed with SIGKILL wherever it happens to be, again and again. What it
 * had acknowledged before must be there. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/random.h"
#include "mu/store.h"
#include "tests/unit/registry_folder.h"

enum {
    KILLS = 100,
    GROUP_MAX = 8,    /* writes that share a commit */
    ACKS_MAX = 30,    /* acknowledgements read before the kill */
    VALUE_MAX = 9000, /* bytes: some values need pages of their own */
    STORE_SIZE = 268435456
};

static struct mu_bytes kill_key(uint32_t *number)
{
    return (struct mu_bytes){ .data = (uint8_t *)number, .size = sizeof(*number) };
}

/* The value that belongs to a number: its size and bytes follow from it. */
static struct mu_bytes kill_value(uint32_t number, uint8_t buffer[VALUE_MAX])
{
    struct mu_bytes value = { .data = buffer, .size = number * 2654435761u % VALUE_MAX };

    memset(buffer, (int)(number & 0xff), value.size);
    return value;
}

/* The child: writes number after number and acknowledges each group once it is committed. */
static _Noreturn void kill_write(const char *path, uint32_t next, int acks)
{
    static uint8_t buffer[VALUE_MAX];
    struct mu_store *store;
    struct random random;

    random_init(&random, next + 1);
    if (mu_store_open(&store, path, STORE_SIZE) < 0)
        _exit(2);
    for (;;) {
        for (uint32_t i = 1 + random_below(&random, GROUP_MAX); i > 0; i--, next++)
            if (mu_store_put(store, kill_key(&next), kill_value(next, buffer)) != MU_STORE_OK)
                _exit(3);
        if (mu_store_commit(store) != 0)
            _exit(4);
        if (write(acks, &next, sizeof(next)) != sizeof(next))
            _exit(5);
    }
}

/* Runs a child from `next` on, kills it after some acknowledgements, and returns the first number
 * that was not acknowledged. */
static uint32_t kill_round(const char *path, uint32_t next, struct random *random)
{
    uint32_t acked = next;
    int ends[2];
    int status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        kill_write(path, next, ends[1]);
    close(ends[1]);
    for (uint32_t i = 1 + random_below(random, ACKS_MAX); i > 0; i--)
        assert_int_equal(read(ends[0], &acked, sizeof(acked)), sizeof(acked));
    for (uint32_t i = random_below(random, 200000); i > 0; i--)
        __asm__ volatile("");
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (read(ends[0], &next, sizeof(next)) == sizeof(next))
        acked = next;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return acked;
}

/* Counts what is there, which must be each number once, without a gap from 0 on. */
static int kill_check_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    static uint8_t buffer[VALUE_MAX];
    uint32_t *count = user;
    struct mu_bytes expected;
    uint32_t number;

    assert_int_equal(key.size, sizeof(number));
    memcpy(&number, key.data, sizeof(number));
    expected = kill_value(number, buffer);
    assert_int_equal(value.size, expected.size);
    assert_memory_equal(value.data, expected.data, value.size);
    *count += 1;
    return 0;
}

static void test_nothing_acknowledged_is_lost_in_a_hundred_kills(void **state)
{
    struct folder folder = { "" };
    struct random random;
    uint32_t next = 0;

    (void)state;
    folder_make(&folder);
    random_init(&random, 20);
    for (int i = 0; i < KILLS; i++) {
        uint32_t acked = kill_round(folder.path, next, &random);
        struct mu_store *store;
        struct mu_bytes value;

        assert_int_equal(mu_store_open(&store, folder.path, STORE_SIZE), 0);
        for (uint32_t n = next; n < acked; n++)
            assert_int_equal(mu_store_get(store, kill_key(&n), &value), MU_STORE_OK);
        for (next = acked; mu_store_get(store, kill_key(&next), &value) == MU_STORE_OK; next++)
            ;
        mu_store_close(store);
    }

    struct mu_store *store;
    uint32_t count = 0;

    assert_int_equal(mu_store_open(&store, folder.path, STORE_SIZE), 0);
    assert_int_equal(mu_store_each(store, (struct mu_bytes){ NULL, 0 }, kill_check_one, &count), 0);
    assert_int_equal(count, next);
    print_message("%u writes, none lost\n", count);
    mu_store_close(store);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_acknowledged_is_lost_in_a_hundred_kills),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
