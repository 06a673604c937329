// SPDX-License-Identifier: Apache-2.0
/* A new file is written beside its place, synced, and moved there by a rename that refuses to
 * replace; then the folder is synced. So a crash leaves the key whole or a file with a name of its
 * own, and two who write at once get one winner. */
#include "transport/secure/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* A node's key file. */
enum { AT_ZERO = 4, AT_SEED = 8, AT_PUBLIC = 40, PLAIN_KEY_SIZE = 72 };

enum { FILE_SIZE_MAX = SEALED_KEY_SIZE, TEMPORARY_NAME_MAX = 32 };

static const uint8_t magic[4] = { 'M', 'u', 'K', '1' };

static int folder_open(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 ? fd : err_new(-errno);
}

/* Writes and syncs a file that nobody else can open. */
static int file_fill(int folder_fd, const char *name, struct span bytes)
{
    CLEANUP(cleanup_close)
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    ssize_t written;

    if (fd < 0)
        return err_new(-errno);
    written = write(fd, bytes.data, bytes.size);
    if (written < 0)
        return err_new(-errno);
    if ((size_t)written != bytes.size)
        return err_new(-ENOSPC);
    return fsync(fd) == 0 ? 0 : err_new(-errno);
}

static int file_create(const char *folder, const char *name, struct span bytes)
{
    CLEANUP(cleanup_close) int folder_fd = folder_open(folder);
    char temporary[TEMPORARY_NAME_MAX];
    int r;

    if (folder_fd < 0)
        return err_trace(folder_fd);
    snprintf(temporary, sizeof(temporary), ".key-%08x%08x", randombytes_random(),
            randombytes_random());
    r = file_fill(folder_fd, temporary, bytes);
    if (r == 0 && renameat2(folder_fd, temporary, folder_fd, name, RENAME_NOREPLACE) < 0)
        r = errno == EEXIST ? KEYFILE_EXISTS : err_new(-errno);
    if (r != 0) {
        unlinkat(folder_fd, temporary, 0);
        return err_trace(r);
    }
    return fsync(folder_fd) == 0 ? 0 : err_new(-errno);
}

/* Reads the whole file into `bytes` of FILE_SIZE_MAX + 1, one more than any key file has. */
static int file_load(const char *folder, const char *name, uint8_t *bytes, size_t *sizep)
{
    CLEANUP(cleanup_close) int folder_fd = folder_open(folder);
    CLEANUP(cleanup_close) int fd = -1;
    struct stat about;
    ssize_t size;

    if (folder_fd < 0)
        return err_trace(folder_fd);
    fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? KEYFILE_MISSING : err_new(-errno);
    if (fstat(fd, &about) < 0)
        return err_new(-errno);
    if (!S_ISREG(about.st_mode))
        return KEYFILE_BAD;
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0 || about.st_uid != geteuid())
        return KEYFILE_EXPOSED;
    size = read(fd, bytes, FILE_SIZE_MAX + 1);
    if (size < 0)
        return err_new(-errno);
    *sizep = (size_t)size;
    return 0;
}

int keyfile_write(const char *folder, const char *name, const struct key *key)
{
    uint8_t bytes[PLAIN_KEY_SIZE] = { 0 };
    int r;

    memcpy(bytes, magic, sizeof(magic));
    key_seed(key, bytes + AT_SEED);
    memcpy(bytes + AT_PUBLIC, key->public.bytes, PUBLIC_KEY_SIZE);
    r = file_create(folder, name, (struct span){ bytes, sizeof(bytes) });
    sodium_memzero(bytes, sizeof(bytes));
    return err_trace(r);
}

/* The public key stands in the file to tell a damaged seed from a good one. */
static int plain_read(struct key *key, struct span bytes)
{
    static const uint8_t zero[AT_SEED - AT_ZERO];
    struct key read;
    int r;

    if (bytes.size != PLAIN_KEY_SIZE || memcmp(bytes.data, magic, sizeof(magic)) != 0 ||
            memcmp(bytes.data + AT_ZERO, zero, sizeof(zero)) != 0)
        return KEYFILE_BAD;
    r = key_init_seed(&read, bytes.data + AT_SEED);
    if (r < 0)
        return err_trace(r);
    if (memcmp(read.public.bytes, bytes.data + AT_PUBLIC, PUBLIC_KEY_SIZE) != 0) {
        key_deinit(&read);
        return KEYFILE_BAD;
    }
    *key = read;
    return 0;
}

int keyfile_read(const char *folder, const char *name, struct key *key)
{
    uint8_t bytes[FILE_SIZE_MAX + 1];
    size_t size;
    int r = file_load(folder, name, bytes, &size);

    if (r == 0)
        r = plain_read(key, (struct span){ bytes, size });
    sodium_memzero(bytes, sizeof(bytes));
    return err_trace(r);
}

int keyfile_write_sealed(const char *folder, const char *name, const struct key *key,
        struct span passphrase, const struct seal_cost *cost)
{
    uint8_t sealed[SEALED_KEY_SIZE];
    int r = seal_key(sealed, key, passphrase, cost);

    if (r != 0)
        return r < 0 ? err_trace(r) : KEYFILE_BAD;
    return err_trace(file_create(folder, name, (struct span){ sealed, sizeof(sealed) }));
}

int keyfile_read_sealed(
        const char *folder, const char *name, struct span passphrase, struct key *key)
{
    uint8_t bytes[FILE_SIZE_MAX + 1];
    size_t size;
    int r = file_load(folder, name, bytes, &size);

    if (r != 0)
        return err_trace(r);
    r = seal_open(key, (struct span){ bytes, size }, passphrase);
    if (r <= 0)
        return err_trace(r);
    return r == SEAL_WRONG ? KEYFILE_WRONG : KEYFILE_BAD;
}
