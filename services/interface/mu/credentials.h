/* credentials.h - what `mu login` got, in the config folder, for this user's eyes only:
 *
 *   session   all of it: the account, both tokens, their ends. What counts
 *   token     the access token, one line, for programs of libmu's
 *
 * Of a node elsewhere its address is part of the names. A file that others could read or write is
 * not believed. */
#pragma once

#include <limits.h>

#include "mu/token.h"
#include "services/interface/mu/cli.h"

enum {
    CREDENTIALS_NAME_MAX = 65,    /* bytes with the final NUL */
    CREDENTIALS_REFRESH_MAX = 128 /* bytes with the final NUL */
};

struct credentials {
    char account[CREDENTIALS_NAME_MAX];
    char access[MU_TOKEN_TEXT_SIZE];
    char refresh[CREDENTIALS_REFRESH_MAX];
    uint64_t expires_s; /* of the access token */
    uint64_t until_s;   /* of the session */
};

/* Reads them. Returns 0; -ENOENT where nobody logged in; -EACCES where others can read or write the
 * file; -EBADMSG where it is none; -errno. */
int credentials_read(const struct cli *cli, struct credentials *credentials);

/* Keeps them, whole, on the disk. Returns 0 or -errno. */
int credentials_write(const struct cli *cli, const struct credentials *credentials);

/* Forgets them. Returns 0, also where there are none; or -errno. */
int credentials_remove(const struct cli *cli);

/* Keeps every other mu from renewing them, until `*fdp` is closed: a refresh token is good once.
 * Returns 0 or -errno. */
int credentials_lock(const struct cli *cli, int *fdp);

/* For CLEANUP. */
void credentials_wipe(struct credentials *credentials);
