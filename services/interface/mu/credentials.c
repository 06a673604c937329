// SPDX-License-Identifier: Apache-2.0
/* The session is written before the token: it holds the refresh token, and of the old one there is
 * nothing to be had any more. */
#include "services/interface/mu/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/place.h"
#include "services/interface/mu/file.h"

enum { SESSION_SIZE_MAX = 16384, NODE_NAME_MAX = 160 };

void credentials_wipe(struct credentials *credentials)
{
    explicit_bzero(credentials, sizeof(*credentials));
}

/* The path of `name`, of the node that is meant. */
static int credentials_path(const struct cli *cli, const char *name, char path[PATH_MAX])
{
    char node[NODE_NAME_MAX] = "";
    struct place place = cli->place;
    int size;

    if (cli->node != NULL) {
        size = snprintf(node, sizeof(node), "@%s", cli->node);
        if (size >= (int)sizeof(node) || strchr(node, '/') != NULL)
            return err_new(-ENAMETOOLONG);
        if (place_find(&place, NULL) < 0)
            return err_new(-ENAMETOOLONG);
    }
    size = snprintf(path, PATH_MAX, "%s/%s%s", place.config, name, node);
    if (size < 0 || size >= PATH_MAX)
        return err_new(-ENAMETOOLONG);
    return 0;
}

/* ---- reading ---- */

/* Is it this user's, and nobody else's? */
static int credentials_look(const char *path)
{
    struct stat found;

    if (lstat(path, &found) < 0)
        return errno == EACCES ? -ENOENT : -errno; /* in a folder of somebody else's */
    if (!S_ISREG(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077) != 0)
        return err_new(-EACCES);
    return 0;
}

static bool take_text(const json_t *root, const char *name, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(root, name));
    int length = value != NULL ? snprintf(text, size, "%s", value) : -1;

    return length > 0 && (size_t)length < size;
}

static bool credentials_parse(const json_t *root, struct credentials *credentials)
{
    credentials->expires_s =
            (uint64_t)json_integer_value(json_object_get(root, "access_token_until_s"));
    credentials->until_s = (uint64_t)json_integer_value(json_object_get(root, "until_s"));
    return take_text(root, "account", credentials->account, sizeof(credentials->account)) &&
           take_text(root, "access_token", credentials->access, sizeof(credentials->access)) &&
           take_text(root, "refresh_token", credentials->refresh, sizeof(credentials->refresh));
}

int credentials_read(const struct cli *cli, struct credentials *credentials)
{
    CLEANUP(cleanup_free) char *text = NULL;
    char path[PATH_MAX];
    json_t *root;
    size_t size = 0;
    int r = credentials_path(cli, "session", path);

    if (r == 0)
        r = credentials_look(path);
    if (r == 0)
        r = file_read(path, SESSION_SIZE_MAX, &text, &size);
    if (r < 0)
        return r;
    root = json_loadb(text, size, 0, NULL);
    r = root != NULL && credentials_parse(root, credentials) ? 0 : err_new(-EBADMSG);
    json_decref(root);
    explicit_bzero(text, size);
    return r;
}

/* ---- writing ---- */

static int write_one(const char *path, const char *text, size_t size)
{
    char draft[PATH_MAX];
    CLEANUP(cleanup_close) int fd = -1;
    int r;

    if (snprintf(draft, sizeof(draft), "%s~", path) >= (int)sizeof(draft))
        return err_new(-ENAMETOOLONG);
    unlink(draft);
    r = file_reserve(draft, &fd);
    if (r == 0)
        r = file_fill(fd, draft, text, size);
    if (r == 0 && rename(draft, path) < 0)
        r = err_new(-errno);
    if (r < 0)
        unlink(draft);
    return r;
}

/* Makes the config folder, where it is not there. */
static int make_folder(const char *path)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    return err_trace(place_make(folder, 0700));
}

static int write_session(const struct cli *cli, const struct credentials *credentials)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:I, s:I}", "account", credentials->account,
            "access_token", credentials->access, "refresh_token", credentials->refresh,
            "access_token_until_s", (json_int_t)credentials->expires_s, "until_s",
            (json_int_t)credentials->until_s);
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(2)) : NULL;
    char path[PATH_MAX];
    int r = text != NULL ? credentials_path(cli, "session", path) : -ENOMEM;

    json_decref(root);
    if (r == 0)
        r = make_folder(path);
    if (r == 0)
        r = write_one(path, text, strlen(text));
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
    return r;
}

static int write_token(const struct cli *cli, const struct credentials *credentials)
{
    char line[MU_TOKEN_TEXT_SIZE + 1];
    char path[PATH_MAX];
    int size = snprintf(line, sizeof(line), "%s\n", credentials->access);
    int r = credentials_path(cli, "token", path);

    if (r == 0)
        r = write_one(path, line, (size_t)size);
    explicit_bzero(line, sizeof(line));
    return r;
}

int credentials_write(const struct cli *cli, const struct credentials *credentials)
{
    int r = write_session(cli, credentials);

    return r == 0 ? write_token(cli, credentials) : err_trace(r);
}

int credentials_remove(const struct cli *cli)
{
    static const char *const names[] = { "token", "session" };
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int r = credentials_path(cli, names[i], path);

        if (r == 0 && unlink(path) < 0 && errno != ENOENT)
            r = -errno;
        if (r < 0)
            return err_trace(r);
    }
    return 0;
}

int credentials_lock(const struct cli *cli, int *fdp)
{
    char path[PATH_MAX];
    int r = credentials_path(cli, "session.lock", path);
    int fd;

    if (r == 0)
        r = make_folder(path);
    if (r < 0)
        return r;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_new(-errno);
    if (flock(fd, LOCK_EX) < 0) {
        r = err_new(-errno);
        close(fd);
        return r;
    }
    *fdp = fd;
    return 0;
}
