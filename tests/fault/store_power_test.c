// SPDX-License-Identifier: Apache-2.0
/* Loss of power, simulated: all that the store writes is noted, together with when it asked for it
 * to be on the disk. Then disks are made up as they could be after a loss at any moment: what was
 * not yet asked for is there or not, in any combination, or torn at a sector. On each, what was
 * acknowledged before that moment must be found, and nothing that was never written.
 *
 * The calls into the kernel are replaced by functions of this program with the same names, which
 * LMDB finds first. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/random.h"
#include "mu/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

enum {
    IMAGES = 600,
    COMMITS = 120,
    KEYS = 40,
    GROUP_MAX = 6,       /* writes that share a commit */
    VALUE_MAX = 6000,    /* bytes */
    SECTOR = 512,        /* bytes that a disk writes whole */
    IMAGE_MAX = 4194304, /* bytes */
    ENTRIES_MAX = 20000
};

struct entry {
    enum { ENTRY_WRITE, ENTRY_SYNC, ENTRY_ACK } kind;
    size_t offset;
    size_t size;
    uint8_t *data;  /* owned */
    bool durable;   /* of a write: it is on the disk when it returns */
    uint32_t acked; /* commits, of an ack */
};

static struct entry entries[ENTRIES_MAX];
static size_t entry_count;
static bool noting;

static struct entry *entry_add(void)
{
    if (entry_count == ENTRIES_MAX)
        abort();
    return &entries[entry_count++];
}

static void entry_note_write(int fd, const void *data, size_t size, size_t offset)
{
    struct entry *entry;

    if (!noting || size == 0)
        return;
    entry = entry_add();
    entry->kind = ENTRY_WRITE;
    entry->offset = offset;
    entry->size = size;
    entry->data = malloc(size);
    memcpy(entry->data, data, size);
    entry->durable = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    entry_note_write(fd, data, size, (size_t)offset);
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    size_t offset = (size_t)lseek(fd, 0, SEEK_CUR);

    for (int i = 0; i < count; i++) {
        entry_note_write(fd, parts[i].iov_base, parts[i].iov_len, offset);
        offset += parts[i].iov_len;
    }
    return syscall(SYS_writev, fd, parts, count);
}

/* No disk waits for these: the loss is made up. */
int fdatasync(int fd)
{
    (void)fd;
    if (noting)
        entry_add()->kind = ENTRY_SYNC;
    return 0;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

/* ---- what is written ---- */

/* What each key held after each commit: the number of the write, 0 for nothing. */
static uint32_t expected[COMMITS + 1][KEYS];

static struct mu_bytes power_key(uint32_t *key)
{
    return (struct mu_bytes){ .data = (uint8_t *)key, .size = sizeof(*key) };
}

/* The value of a write begins with its number and follows from it. */
static struct mu_bytes power_value(uint32_t number, uint8_t buffer[VALUE_MAX])
{
    struct mu_bytes value = { .data = buffer,
        .size = sizeof(number) + number * 2654435761u % (VALUE_MAX - 16) };

    memset(buffer, (int)(number & 0xff), value.size);
    memcpy(buffer, &number, sizeof(number));
    return value;
}

static void power_write(const char *path)
{
    static uint8_t buffer[VALUE_MAX];
    struct mu_store *store;
    struct random random;
    uint32_t number = 0;

    random_init(&random, 8);
    noting = true;
    assert_int_equal(mu_store_open(&store, path, 0), 0);
    for (uint32_t commit = 1; commit <= COMMITS; commit++) {
        memcpy(expected[commit], expected[commit - 1], sizeof(expected[0]));
        for (uint32_t i = 1 + random_below(&random, GROUP_MAX); i > 0; i--) {
            uint32_t key = random_below(&random, KEYS);

            if (random_below(&random, 4) == 0) {
                assert_true(mu_store_delete(store, power_key(&key)) >= 0);
                expected[commit][key] = 0;
            } else {
                number += 1;
                assert_int_equal(
                        mu_store_put(store, power_key(&key), power_value(number, buffer)), 0);
                expected[commit][key] = number;
            }
        }
        assert_int_equal(mu_store_commit(store), 0);
        *entry_add() = (struct entry){ .kind = ENTRY_ACK, .acked = commit };
    }
    noting = false;
    mu_store_close(store);
}

/* ---- what a disk could look like ---- */

/* The last sync before `moment`: all writes before it are on the disk. */
static size_t power_last_sync(size_t moment)
{
    while (moment > 0 && entries[moment - 1].kind != ENTRY_SYNC)
        moment -= 1;
    return moment;
}

/* Puts a write on the disk, sector by sector where it is torn. Returns how far the disk reaches. */
static size_t power_apply(
        uint8_t *image, const struct entry *entry, bool torn, struct random *random)
{
    assert_true(entry->offset + entry->size <= IMAGE_MAX);
    for (size_t at = 0; at < entry->size; at += SECTOR) {
        size_t size = entry->size - at < SECTOR ? entry->size - at : SECTOR;

        if (!torn || random_below(random, 2) == 0)
            memcpy(image + entry->offset + at, entry->data + at, size);
    }
    return entry->offset + entry->size;
}

/* Makes up a disk after a loss at `moment`. Returns its size. */
static size_t power_lose(uint8_t *image, size_t moment, struct random *random)
{
    size_t sync = power_last_sync(moment);
    uint32_t style = random_below(random, 4);
    size_t size = 0;

    memset(image, 0, IMAGE_MAX);
    for (size_t i = 0; i < moment; i++) {
        const struct entry *entry = &entries[i];
        bool kept = i < sync || entry->durable;
        size_t end = 0;

        if (entry->kind != ENTRY_WRITE)
            continue;
        if (kept)
            end = power_apply(image, entry, false, random);
        else if (style == 1 || (style >= 2 && random_below(random, 2) == 0))
            end = power_apply(image, entry, style == 3, random);
        size = end > size ? end : size;
    }
    return size;
}

static void power_put_image(const char *folder, const uint8_t *image, size_t size)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/data.mdb", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(image, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bool power_holds(struct mu_store *store, const uint32_t wanted[KEYS])
{
    static uint8_t buffer[VALUE_MAX];

    for (uint32_t key = 0; key < KEYS; key++) {
        struct mu_bytes found;
        struct mu_bytes value;
        int r = mu_store_get(store, power_key(&key), &found);

        assert_true(r >= 0);
        if ((r == MU_STORE_NONE) != (wanted[key] == 0))
            return false;
        if (wanted[key] == 0)
            continue;
        value = power_value(wanted[key], buffer);
        if (found.size != value.size || memcmp(found.data, value.data, value.size) != 0)
            return false;
    }
    return true;
}

/* The store holds the last acknowledged state, or the one that was being committed. */
static void power_check(const char *folder, uint32_t acked, size_t moment)
{
    struct mu_store *store;
    bool good;

    if (acked == 0 && power_last_sync(moment) == 0)
        return; /* not even made: nothing was promised */
    assert_int_equal(mu_store_open(&store, folder, 0), 0);
    good = power_holds(store, expected[acked]) ||
           (acked < COMMITS && power_holds(store, expected[acked + 1]));
    if (!good)
        fail_msg("after a loss at entry %zu the state of commit %u is not there", moment, acked);
    mu_store_close(store);
}

static void test_nothing_acknowledged_is_lost_with_the_power(void **state)
{
    uint8_t *image = malloc(IMAGE_MAX);
    struct folder written = { "" };
    struct folder lost = { "" };
    struct random random;

    (void)state;
    folder_make(&written);
    folder_make(&lost);
    power_write(written.path);
    random_init(&random, 9);
    for (int i = 0; i < IMAGES; i++) {
        size_t moment = 1 + random_below(&random, (uint32_t)entry_count);
        uint32_t acked = 0;

        for (size_t k = 0; k < moment; k++)
            if (entries[k].kind == ENTRY_ACK)
                acked = entries[k].acked;
        power_put_image(lost.path, image, power_lose(image, moment, &random));
        power_check(lost.path, acked, moment);
    }
    for (size_t i = 0; i < entry_count; i++)
        free(entries[i].data);
    free(image);
    folder_remove(&written);
    folder_remove(&lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_acknowledged_is_lost_with_the_power),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
