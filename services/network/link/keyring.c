// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "transport/secure/keyfile.h"
#include "transport/secure/node_id.h"

enum {
    KEY_ID_AT = 3,                  /* of the base32 in a node's id, behind `mu:` */
    KEY_NAME_MAX = NODE_ID_SIZE + 8 /* "….key" with its NUL */
};

static const char suffix[] = ".key";

static void key_name(const struct public_key *key, char name[KEY_NAME_MAX])
{
    char id[NODE_ID_SIZE + 1];

    node_id_print(key, id);
    snprintf(name, KEY_NAME_MAX, "%s%s", id + KEY_ID_AT, suffix);
}

int keyring_put(const char *folder, const struct key *key)
{
    char name[KEY_NAME_MAX];
    int r;

    if (key->secret == NULL)
        return KEYRING_OK;
    key_name(&key->public, name);
    r = keyfile_write(folder, name, key);
    if (r == KEYFILE_EXISTS) /* the same key, as its name says */
        return KEYRING_OK;
    return r == -ENOSPC || r == -EDQUOT ? KEYRING_FULL : err_fold(r);
}

int keyring_get(const char *folder, const struct public_key *public, struct key *key)
{
    char name[KEY_NAME_MAX];
    struct key read;
    int r;

    key_name(public, name);
    r = keyfile_read(folder, name, &read);
    if (r == KEYFILE_EXPOSED)
        return KEYRING_EXPOSED;
    if (r != 0)
        return r < 0 ? err_trace(r) : err_new(-EBADMSG);
    if (!public_key_equal(&read.public, public)) {
        key_deinit(&read);
        return err_new(-EBADMSG);
    }
    *key = read;
    return KEYRING_OK;
}

/* Overwrites a key before its name goes. Not every disk writes in place, but those that do forget
 * it. */
static void key_remove(int folder_fd, const char *name)
{
    static const uint8_t zeroes[128];
    CLEANUP(cleanup_close)
    int fd = openat(folder_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat about;

    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
            (size_t)about.st_size <= sizeof(zeroes) &&
            write(fd, zeroes, (size_t)about.st_size) == about.st_size)
        fsync(fd);
    if (unlinkat(folder_fd, name, 0) < 0)
        log_warn("the key file %s, which is not used any more, stays: %s", name, strerror(errno));
}

/* True for a key file that is none of those that are kept. */
static bool key_is_over(const char *name, const struct public_key *kept, size_t count)
{
    char other[KEY_NAME_MAX];
    size_t size = strlen(name);

    if (size <= sizeof(suffix) - 1 || strcmp(name + size - (sizeof(suffix) - 1), suffix) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        key_name(&kept[i], other);
        if (strcmp(name, other) == 0)
            return false;
    }
    return true;
}

void keyring_sweep(const char *folder, const struct public_key *kept, size_t count)
{
    DIR *entries = opendir(folder);

    if (entries == NULL)
        return;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (key_is_over(entry->d_name, kept, count))
            key_remove(dirfd(entries), entry->d_name);
    }
    fsync(dirfd(entries));
    closedir(entries);
}
