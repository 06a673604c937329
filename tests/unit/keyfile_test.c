// SPDX-License-Identifier: Apache-2.0
/* Keys under a passphrase, and keys on disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/identity_golden.h"
#include "tests/unit/registry_folder.h"
#include "transport/secure/keyfile.h"

/* Cheap, so that thousands of openings can be tried. */
static const struct seal_cost cheap = { .passes = 1, .memory_kib = 8 };

static struct folder folder;
static struct key key;

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

static struct span span_of(const uint8_t *sealed)
{
    return (struct span){ sealed, SEALED_KEY_SIZE };
}

static void path_of(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", folder.path, name);
}

static mode_t mode_of(const char *name)
{
    char path[128];
    struct stat about;

    path_of(path, name);
    assert_int_equal(lstat(path, &about), 0);
    return about.st_mode & 07777;
}

static unsigned files_in_folder(void)
{
    DIR *open_folder = opendir(folder.path);
    unsigned count = 0;

    assert_non_null(open_folder);
    for (struct dirent *entry = readdir(open_folder); entry != NULL; entry = readdir(open_folder))
        count += entry->d_type == DT_DIR ? 0 : 1;
    closedir(open_folder);
    return count;
}

static void file_put(const char *name, const void *bytes, size_t size, mode_t mode)
{
    char path[128];
    int fd;

    path_of(path, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static size_t file_get(const char *name, uint8_t *bytes, size_t max)
{
    char path[128];
    int fd;
    ssize_t size;

    path_of(path, name);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    size = read(fd, bytes, max);
    close(fd);
    assert_true(size >= 0);
    return (size_t)size;
}

static void test_a_sealed_key_opens_with_its_passphrase_alone(void **state)
{
    static const char *const wrong[] = { "", "correct hors", "correct horse ", "Correct horse" };
    uint8_t sealed[SEALED_KEY_SIZE];
    struct public_key peeked;
    struct key opened = { .secret = NULL };

    (void)state;
    assert_int_equal(seal_key(sealed, &key, text("correct horse"), &cheap), 0);
    assert_int_equal(seal_peek(&peeked, span_of(sealed)), SEAL_OK);
    assert_true(public_key_equal(&peeked, &key.public));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(seal_open(&opened, span_of(sealed), text(wrong[i])), SEAL_WRONG);
    assert_null(opened.secret);
    assert_int_equal(seal_open(&opened, span_of(sealed), text("correct horse")), 0);
    assert_true(public_key_equal(&opened.public, &key.public));
    assert_memory_equal(opened.secret, key.secret, 64);
    key_deinit(&opened);
}

static void test_a_key_is_never_sealed_the_same_way_twice(void **state)
{
    uint8_t one[SEALED_KEY_SIZE];
    uint8_t two[SEALED_KEY_SIZE];

    (void)state;
    assert_int_equal(seal_key(one, &key, text("x"), &cheap), 0);
    assert_int_equal(seal_key(two, &key, text("x"), &cheap), 0);
    assert_memory_not_equal(one + 48, two + 48, 16);
    assert_memory_not_equal(one + 64, two + 64, 24);
    assert_memory_not_equal(one + 88, two + 88, 48);
}

static void test_no_bit_of_a_sealed_key_can_be_changed(void **state)
{
    uint8_t sealed[SEALED_KEY_SIZE];
    struct key opened;

    (void)state;
    assert_int_equal(seal_key(sealed, &key, text("x"), &cheap), 0);
    for (size_t bit = 0; bit < sizeof(sealed) * 8; bit++) {
        if (bit / 8 == 13 && bit % 8 > 0)
            continue; /* 128 MiB and more: allowed, and slow */
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(seal_open(&opened, span_of(sealed), text("x")) > 0);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 0; size < sizeof(sealed); size++)
        assert_int_equal(seal_open(&opened, (struct span){ sealed, size }, text("x")), SEAL_BAD);
}

/* What the file says is held against the limits before anything is computed or allocated. */
static void test_a_hostile_head_takes_neither_memory_nor_time(void **state)
{
    static const struct {
        uint32_t passes;
        uint32_t memory_kib;
        int outcome;
    } rows[] = {
        { 0, 8, SEAL_GREEDY },
        { SEAL_PASSES_MAX, 8, SEAL_WRONG },
        { SEAL_PASSES_MAX + 1, 8, SEAL_GREEDY },
        { UINT32_MAX, 8, SEAL_GREEDY },
        { 1, 7, SEAL_GREEDY },
        { 1, 0, SEAL_GREEDY },
        { 1, SEAL_MEMORY_KIB_MAX + 1, SEAL_GREEDY },
        { 1, UINT32_MAX, SEAL_GREEDY },
    };
    uint8_t sealed[SEALED_KEY_SIZE];
    struct rusage before;
    struct rusage after;
    struct key opened;

    (void)state;
    assert_int_equal(seal_key(sealed, &key, text("x"), &cheap), 0);
    getrusage(RUSAGE_SELF, &before);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < 4; k++) {
            sealed[8 + k] = (uint8_t)(rows[i].passes >> (24 - 8 * k));
            sealed[12 + k] = (uint8_t)(rows[i].memory_kib >> (24 - 8 * k));
        }
        assert_int_equal(seal_open(&opened, span_of(sealed), text("x")), rows[i].outcome);
    }
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 16384); /* KiB */
}

static void test_nothing_is_sealed_that_nobody_would_open(void **state)
{
    static const struct seal_cost bad[] = { { 0, 8 }, { SEAL_PASSES_MAX + 1, 8 }, { 1, 7 },
        { 1, SEAL_MEMORY_KIB_MAX + 1 } };
    uint8_t sealed[SEALED_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(seal_key(sealed, &key, text("x"), &bad[i]), SEAL_GREEDY);
        assert_int_equal(
                keyfile_write_sealed(folder.path, "root", &key, text("x"), &bad[i]), KEYFILE_BAD);
    }
    assert_int_equal(files_in_folder(), 0);
}

static void test_passphrases_have_a_limit(void **state)
{
    static uint8_t phrase[PASSPHRASE_SIZE_MAX + 1];
    uint8_t sealed[SEALED_KEY_SIZE];
    struct key opened;

    (void)state;
    for (size_t size = 0; size <= PASSPHRASE_SIZE_MAX; size += PASSPHRASE_SIZE_MAX) {
        struct span passphrase = { phrase, size };

        assert_int_equal(seal_key(sealed, &key, passphrase, &cheap), 0);
        assert_int_equal(seal_open(&opened, span_of(sealed), passphrase), 0);
        key_deinit(&opened);
    }
    assert_int_equal(seal_open(&opened, span_of(sealed), (struct span){ phrase, sizeof(phrase) }),
            SEAL_WRONG);
}

/* Sealed once with argon2id at 1 pass and 8 KiB under "mu": it opens for ever. */
static void test_the_golden_sealed_key_opens(void **state)
{
    uint8_t sealed[SEALED_KEY_SIZE];
    struct key opened;
    size_t size;

    (void)state;
    assert_int_equal(sodium_hex2bin(sealed, sizeof(sealed), GOLDEN_SEALED_KEY,
                             strlen(GOLDEN_SEALED_KEY), NULL, &size, NULL),
            0);
    assert_int_equal(size, sizeof(sealed));
    assert_int_equal(seal_open(&opened, span_of(sealed), text("mu")), 0);
    assert_true(public_key_equal(&opened.public, &key.public));
    key_deinit(&opened);
}

static void test_a_key_file_comes_back_and_only_its_owner_may_read_it(void **state)
{
    struct key read;

    (void)state;
    assert_int_equal(keyfile_write(folder.path, "node.key", &key), 0);
    assert_int_equal(mode_of("node.key"), 0600);
    assert_int_equal(files_in_folder(), 1);
    assert_int_equal(keyfile_read(folder.path, "node.key", &read), 0);
    assert_memory_equal(read.secret, key.secret, 64);
    key_deinit(&read);
}

static void test_a_sealed_key_file_comes_back_with_its_passphrase(void **state)
{
    struct key read;

    (void)state;
    assert_int_equal(keyfile_write_sealed(folder.path, "root.key", &key, text("x"), &cheap), 0);
    assert_int_equal(mode_of("root.key"), 0600);
    assert_int_equal(keyfile_read_sealed(folder.path, "root.key", text("y"), &read), KEYFILE_WRONG);
    assert_int_equal(keyfile_read_sealed(folder.path, "root.key", text("x"), &read), 0);
    assert_memory_equal(read.secret, key.secret, 64);
    key_deinit(&read);
    assert_int_equal(keyfile_read(folder.path, "root.key", &read), KEYFILE_BAD);
}

static void test_a_key_is_never_overwritten(void **state)
{
    uint8_t before[128];
    uint8_t after[128];
    size_t size;
    struct key other;

    (void)state;
    assert_int_equal(keyfile_write(folder.path, "node.key", &key), 0);
    size = file_get("node.key", before, sizeof(before));
    assert_int_equal(key_init(&other), 0);
    assert_int_equal(keyfile_write(folder.path, "node.key", &other), KEYFILE_EXISTS);
    assert_int_equal(keyfile_write_sealed(folder.path, "node.key", &other, text("x"), &cheap),
            KEYFILE_EXISTS);
    assert_int_equal(file_get("node.key", after, sizeof(after)), size);
    assert_memory_equal(before, after, size);
    assert_int_equal(files_in_folder(), 1); /* nothing is left beside it */
    key_deinit(&other);
}

static void test_a_key_that_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666 };
    uint8_t bytes[128];
    size_t size;
    char path[128];
    struct key read;

    (void)state;
    assert_int_equal(keyfile_write(folder.path, "node.key", &key), 0);
    size = file_get("node.key", bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        file_put("open.key", bytes, size, modes[i]);
        assert_int_equal(keyfile_read(folder.path, "open.key", &read), KEYFILE_EXPOSED);
        assert_int_equal(
                keyfile_read_sealed(folder.path, "open.key", text("x"), &read), KEYFILE_EXPOSED);
    }
    path_of(path, "open.key");
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(keyfile_read(folder.path, "open.key", &read), 0);
    key_deinit(&read);
}

static void test_a_key_of_somebody_else_is_refused(void **state)
{
    char path[128];
    struct key read;

    (void)state;
    if (geteuid() != 0)
        skip(); /* only root gives files away */
    assert_int_equal(keyfile_write(folder.path, "node.key", &key), 0);
    path_of(path, "node.key");
    assert_int_equal(chown(path, 65534, 65534), 0);
    assert_int_equal(keyfile_read(folder.path, "node.key", &read), KEYFILE_EXPOSED);
}

static void test_no_bit_of_a_key_file_can_be_changed(void **state)
{
    uint8_t bytes[128] = { 0 };
    size_t size;
    struct key read;

    (void)state;
    assert_int_equal(keyfile_write(folder.path, "node.key", &key), 0);
    size = file_get("node.key", bytes, sizeof(bytes));
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        file_put("bad.key", bytes, size, 0600);
        assert_int_equal(keyfile_read(folder.path, "bad.key", &read), KEYFILE_BAD);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < sizeof(bytes); cut++) {
        if (cut == size)
            continue;
        file_put("bad.key", bytes, cut, 0600);
        assert_int_equal(keyfile_read(folder.path, "bad.key", &read), KEYFILE_BAD);
    }
}

static void test_what_is_no_file_is_refused(void **state)
{
    char path[128];
    char target[128];
    struct key read;

    (void)state;
    assert_int_equal(keyfile_read(folder.path, "none.key", &read), KEYFILE_MISSING);
    assert_int_equal(
            keyfile_read_sealed(folder.path, "none.key", text("x"), &read), KEYFILE_MISSING);
    assert_int_equal(keyfile_read("/nonexistent", "node.key", &read), -ENOENT);
    assert_int_equal(keyfile_write("/nonexistent", "node.key", &key), -ENOENT);
    path_of(path, "pipe.key");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(keyfile_read(folder.path, "pipe.key", &read), KEYFILE_BAD);
    path_of(path, "folder.key");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(keyfile_read(folder.path, "folder.key", &read), KEYFILE_BAD);
    assert_int_equal(keyfile_write(folder.path, "node.key", &key), 0);
    path_of(target, "node.key");
    path_of(path, "link.key");
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(keyfile_read(folder.path, "link.key", &read), -ELOOP);
    assert_int_equal(keyfile_write(folder.path, "link.key", &key), KEYFILE_EXISTS);
}

static void test_a_disk_that_is_full_leaves_nothing_behind(void **state)
{
    struct rlimit limit = { 40, RLIM_INFINITY }; /* bytes of a file: it is cut */
    struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

    (void)state;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(keyfile_write(folder.path, "node.key", &key), -ENOSPC);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(files_in_folder(), 0);
}

static int set_up(void **state)
{
    uint8_t seed[KEY_SEED_SIZE];

    (void)state;
    memset(seed, 1, sizeof(seed));
    folder_make(&folder);
    return key_init_seed(&key, seed);
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    key_deinit(&key);
    return 0;
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_FOLDER(test_a_sealed_key_opens_with_its_passphrase_alone),
        IN_A_FOLDER(test_a_key_is_never_sealed_the_same_way_twice),
        IN_A_FOLDER(test_no_bit_of_a_sealed_key_can_be_changed),
        IN_A_FOLDER(test_a_hostile_head_takes_neither_memory_nor_time),
        IN_A_FOLDER(test_nothing_is_sealed_that_nobody_would_open),
        IN_A_FOLDER(test_passphrases_have_a_limit),
        IN_A_FOLDER(test_the_golden_sealed_key_opens),
        IN_A_FOLDER(test_a_key_file_comes_back_and_only_its_owner_may_read_it),
        IN_A_FOLDER(test_a_sealed_key_file_comes_back_with_its_passphrase),
        IN_A_FOLDER(test_a_key_is_never_overwritten),
        IN_A_FOLDER(test_a_key_that_others_may_read_is_refused),
        IN_A_FOLDER(test_a_key_of_somebody_else_is_refused),
        IN_A_FOLDER(test_no_bit_of_a_key_file_can_be_changed),
        IN_A_FOLDER(test_what_is_no_file_is_refused),
        IN_A_FOLDER(test_a_disk_that_is_full_leaves_nothing_behind),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
