/* client/credentials.h - by what a client is let in by a node elsewhere: its own key, made when it
 * is first needed, and the token of that node, remembered once it was let in with it. Both lie in
 * `client` below ${MU_CONFIG_HOME:-${XDG_CONFIG_HOME:-~/.config}/mu}, for their owner alone to
 * read. */
#pragma once

#include "transport/secure/key.h"
#include "transport/secure/token.h"

enum {
    CREDENTIALS_FOLDER_MAX = 400, /* bytes with the final NUL */
    CREDENTIALS_WHY_MAX = 192     /* bytes of a reason with the final NUL */
};

struct credentials {
    char node[ADDRESS_SIZE_MAX + 1]; /* `host:port` */
    char folder[CREDENTIALS_FOLDER_MAX];
    struct key key; /* owned */
    struct token token;
    bool fresh; /* the token was given, and is to be remembered once it was good */
};

/* Finds those for the node at `node`, with the token `given` or, where that is NULL, the one that
 * is remembered. Success gives them to the caller, who deinits them. Returns 0, or with a reason in
 * `why`: -EINVAL (an address, or a token, that is none), -ENOKEY (no token is remembered),
 * -EKEYEXPIRED, -EACCES (others can read a file), or another -errno. */
int credentials_find(struct credentials *credentials, const char *node, const char *given,
        char why[CREDENTIALS_WHY_MAX]);

/* Remembers the token, where it is fresh. Returns 0 or -errno. */
int credentials_remember(struct credentials *credentials);

/* Wipes them. Safe on zeroes, and safe twice. */
void credentials_deinit(struct credentials *credentials);
