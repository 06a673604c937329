// SPDX-License-Identifier: Apache-2.0
/* A disk without room, for real: a small tmpfs in a mount namespace of the test's own. Where the
 * system does not let a test have one, it is skipped. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "mu/store.h"
#include "tests/unit/registry_folder.h"

enum { DISK_VALUE = 3000 };

static bool disk_mount(const char *path)
{
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", path, "tmpfs", 0, "size=3m,mode=0700") == 0;
}

static struct mu_bytes disk_key(uint32_t *number)
{
    return (struct mu_bytes){ .data = (uint8_t *)number, .size = sizeof(*number) };
}

static void test_a_disk_without_room_is_full_and_loses_nothing(void **state)
{
    static uint8_t value[DISK_VALUE];
    struct mu_bytes bytes = { value, sizeof(value) };
    struct folder folder = { "" };
    struct mu_store *store;
    uint32_t count = 0;
    int r = 0;

    (void)state;
    folder_make(&folder);
    if (!disk_mount(folder.path)) {
        folder_remove(&folder);
        skip();
    }
    assert_int_equal(mu_store_open(&store, folder.path, 0), 0);
    while (r == 0) {
        for (uint32_t i = 0; i < 16; i++) {
            uint32_t number = count + i;

            memset(value, (int)(number & 0xff), sizeof(value));
            assert_int_equal(mu_store_put(store, disk_key(&number), bytes), MU_STORE_OK);
        }
        r = mu_store_commit(store);
        if (r == 0)
            count += 16;
    }
    assert_int_equal(r, MU_STORE_FULL);
    assert_true(count > 100);

    mu_store_close(store);
    assert_int_equal(mu_store_open(&store, folder.path, 0), 0);
    for (uint32_t number = 0; number < count; number++) {
        memset(value, (int)(number & 0xff), sizeof(value));
        assert_int_equal(mu_store_get(store, disk_key(&number), &bytes), MU_STORE_OK);
        assert_memory_equal(bytes.data, value, sizeof(value));
    }
    assert_int_equal(mu_store_get(store, disk_key(&count), &bytes), MU_STORE_NONE);
    mu_store_close(store);
    umount(folder.path);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_disk_without_room_is_full_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
