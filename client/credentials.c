// SPDX-License-Identifier: Apache-2.0
/* Several programs of one user may come here first at the same time: the key file is made by one of
 * them and read by the others, and a token's file is replaced whole. */
#include "client/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/place.h"
#include "transport/secure/address.h"
#include "transport/secure/keyfile.h"

#define CREDENTIALS_KEY "client.key"

enum { CREDENTIALS_PATH_MAX = CREDENTIALS_FOLDER_MAX + ADDRESS_SIZE_MAX + 32 };

static uint64_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

/* ---- where they lie ---- */

static int folder_find(char folder[CREDENTIALS_FOLDER_MAX])
{
    const char *own = getenv("MU_CONFIG_HOME");
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int size;

    if (own != NULL && own[0] == '/')
        size = snprintf(folder, CREDENTIALS_FOLDER_MAX, "%s/client", own);
    else if (config != NULL && config[0] == '/')
        size = snprintf(folder, CREDENTIALS_FOLDER_MAX, "%s/mu/client", config);
    else
        size = snprintf(
                folder, CREDENTIALS_FOLDER_MAX, "%s/.config/mu/client", home != NULL ? home : "");
    return size < CREDENTIALS_FOLDER_MAX ? 0 : err_new(-ENAMETOOLONG);
}

static void token_path(const struct credentials *credentials, char path[CREDENTIALS_PATH_MAX])
{
    snprintf(path, CREDENTIALS_PATH_MAX, "%s/%s.token", credentials->folder, credentials->node);
}

/* ---- the key ---- */

static int key_make(const char *folder, struct key *key)
{
    struct key made;
    int r = key_init(&made);

    if (r < 0)
        return err_trace(r);
    r = keyfile_write(folder, CREDENTIALS_KEY, &made);
    if (r == 0)
        *key = made;
    else
        key_deinit(&made);
    return r;
}

static int key_find(struct credentials *credentials, char why[CREDENTIALS_WHY_MAX])
{
    int r = keyfile_read(credentials->folder, CREDENTIALS_KEY, &credentials->key);

    if (r == KEYFILE_MISSING) {
        r = key_make(credentials->folder, &credentials->key);
        if (r == KEYFILE_EXISTS) /* another program's, just now */
            r = keyfile_read(credentials->folder, CREDENTIALS_KEY, &credentials->key);
    }
    if (r == 0)
        return 0;
    snprintf(why, CREDENTIALS_WHY_MAX, "the client's key in %.120s %s", credentials->folder,
            r == KEYFILE_EXPOSED ? "can be read by others" : "cannot be used");
    return r < 0 ? err_trace(r) : err_new(r == KEYFILE_EXPOSED ? -EACCES : -EBADMSG);
}

/* ---- the token ---- */

static struct span trimmed(const char *text)
{
    static const char blanks[] = " \t\r\n";
    size_t size;

    text += strspn(text, blanks);
    size = strlen(text);
    while (size > 0 && strchr(blanks, text[size - 1]) != NULL)
        size -= 1;
    return (struct span){ (const uint8_t *)text, size };
}

static int token_take(
        struct credentials *credentials, const char *text, char why[CREDENTIALS_WHY_MAX])
{
    enum token_outcome outcome = token_parse(&credentials->token, trimmed(text), now_s());

    if (outcome == TOKEN_OK && token_is_client(&credentials->token))
        return 0;
    snprintf(why, CREDENTIALS_WHY_MAX, "the token: %s",
            outcome == TOKEN_OK ? "it lets nodes in, and no client: ask for a client token"
                                : token_text(outcome));
    return err_new(outcome == TOKEN_EXPIRED ? -EKEYEXPIRED : -EINVAL);
}

static int token_load(const struct credentials *credentials, char text[TOKEN_TEXT_SIZE_MAX + 2],
        char why[CREDENTIALS_WHY_MAX])
{
    char path[CREDENTIALS_PATH_MAX];
    CLEANUP(cleanup_close) int fd = -1;
    struct stat about;
    ssize_t size;

    token_path(credentials, path);
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        snprintf(why, CREDENTIALS_WHY_MAX,
                "no token of the node at %s is known here: it takes one, once", credentials->node);
        return err_new(-ENOKEY);
    }
    if (fd < 0 || fstat(fd, &about) < 0)
        return err_new(-errno);
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0 || about.st_uid != geteuid()) {
        snprintf(why, CREDENTIALS_WHY_MAX, "%.150s can be read by others", path);
        return err_new(-EACCES);
    }
    size = read(fd, text, TOKEN_TEXT_SIZE_MAX + 1);
    if (size < 0)
        return err_new(-errno);
    text[size] = '\0';
    return 0;
}

static int token_find(
        struct credentials *credentials, const char *given, char why[CREDENTIALS_WHY_MAX])
{
    char text[TOKEN_TEXT_SIZE_MAX + 2];
    int r;

    if (given != NULL) {
        credentials->fresh = true;
        return err_trace(token_take(credentials, given, why));
    }
    r = token_load(credentials, text, why);
    if (r == 0)
        r = token_take(credentials, text, why);
    sodium_memzero(text, sizeof(text));
    return err_trace(r);
}

/* ---- all of it ---- */

int credentials_find(struct credentials *credentials, const char *node, const char *given,
        char why[CREDENTIALS_WHY_MAX])
{
    struct credentials found = { .fresh = false };
    int r = 0;

    why[0] = '\0';
    if (sodium_init() < 0)
        return err_new(-ENOSYS);
    if (!address_is_valid((struct span){ (const uint8_t *)node, strlen(node) })) {
        snprintf(why, CREDENTIALS_WHY_MAX, "\"%.100s\" is no HOST:PORT", node);
        return err_new(-EINVAL);
    }
    memcpy(found.node, node, strlen(node) + 1);
    r = folder_find(found.folder);
    if (r == 0)
        r = token_find(&found, given, why);
    if (r == 0)
        r = place_make(found.folder, 0700);
    if (r == 0)
        r = key_find(&found, why);
    if (r < 0) {
        if (why[0] == '\0')
            snprintf(why, CREDENTIALS_WHY_MAX, "%.100s: %s", found.folder, strerror(-r));
        credentials_deinit(&found);
        return err_trace(r);
    }
    *credentials = found;
    return 0;
}

/* Writes a file of that name, whole. */
static int file_replace(const char *path, const char *text, size_t size)
{
    char temporary[CREDENTIALS_PATH_MAX + 24];
    CLEANUP(cleanup_close) int fd = -1;

    snprintf(temporary, sizeof(temporary), "%s.%08x", path, randombytes_random());
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_new(-errno);
    if (write(fd, text, size) == (ssize_t)size && fsync(fd) == 0 && rename(temporary, path) == 0)
        return 0;
    unlink(temporary);
    return err_new(-EIO);
}

int credentials_remember(struct credentials *credentials)
{
    char path[CREDENTIALS_PATH_MAX];
    char text[TOKEN_TEXT_SIZE_MAX + 1];
    size_t size;
    int r;

    if (!credentials->fresh)
        return 0;
    token_path(credentials, path);
    size = token_print(&credentials->token, text);
    text[size] = '\n';
    r = file_replace(path, text, size + 1);
    sodium_memzero(text, sizeof(text));
    credentials->fresh = r != 0;
    return err_trace(r);
}

void credentials_deinit(struct credentials *credentials)
{
    key_deinit(&credentials->key);
    token_wipe(&credentials->token);
    credentials->fresh = false;
}
