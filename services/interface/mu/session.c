// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/credentials.h"
#include "services/interface/mu/instant.h"

/* Says in cli->why that the session `what`, and for which reason. */
static int session_reject(struct cli *cli, const char *what, const char *reason)
{
    snprintf(cli->why, sizeof(cli->why), "the session of `mu login` %s: %.160s", what, reason);
    return err_new(-EKEYREJECTED);
}

int session_keep(const struct cli *cli, const Mu__Auth__V1__SessionReply *reply)
{
    CLEANUP(credentials_wipe) struct credentials credentials = { .expires_s = reply->expires_s,
        .until_s = reply->session_until_s };

    snprintf(credentials.account, sizeof(credentials.account), "%s", reply->account);
    snprintf(credentials.access, sizeof(credentials.access), "%s", reply->access_token);
    snprintf(credentials.refresh, sizeof(credentials.refresh), "%s", reply->refresh_token);
    return err_trace(credentials_write(cli, &credentials));
}

static bool session_is_fresh(const struct credentials *credentials)
{
    return credentials->expires_s > instant_now_s() + SESSION_SPARE_S;
}

/* Asks for the next tokens, over a connection that presents none. */
static int session_renew(struct cli *cli, struct credentials *credentials)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__SessionReply *reply = NULL;
    Mu__Auth__V1__RefreshRequest request = MU__AUTH__V1__REFRESH_REQUEST__INIT;
    struct cli owner = *cli;
    struct mu_status status;
    int r;

    owner.as_owner = true;
    owner.client = NULL;
    owner.nobody = NULL;
    request.refresh_token = credentials->refresh;
    bus_ask(&owner, "auth.Refresh", &request.base, &mu__auth__v1__session_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, &status);
    bus_close(&owner);
    if (status.code == MU_UNAUTHENTICATED)
        return session_reject(cli, "is over", status.message);
    if (reply == NULL)
        return session_reject(cli, "cannot be renewed now", status.message);
    r = session_keep(cli, reply);
    if (r < 0)
        return session_reject(cli, "cannot be kept", strerror(-r));
    snprintf(credentials->access, sizeof(credentials->access), "%s", reply->access_token);
    return 0;
}

/* The same, but that another mu may have done so meanwhile: with `old` where that token is the
 * session's no more, else where the session's is fresh. */
static int session_renew_once(struct cli *cli, struct credentials *credentials, const char *old)
{
    CLEANUP(cleanup_close) int lock = -1;
    int r = credentials_lock(cli, &lock);

    if (r == 0)
        r = credentials_read(cli, credentials);
    if (r < 0)
        return session_reject(cli, "cannot be read", strerror(-r));
    if (old != NULL ? strcmp(credentials->access, old) != 0 : session_is_fresh(credentials))
        return 0;
    return session_renew(cli, credentials);
}

int session_again(struct cli *cli)
{
    CLEANUP(credentials_wipe) struct credentials credentials = { .expires_s = 0 };
    int r;

    if (cli->as_owner || cli->user[0] == '\0' || getenv("MU_TOKEN_USER") != NULL)
        return err_new(-EKEYREJECTED);
    r = session_renew_once(cli, &credentials, cli->user);
    if (r == 0)
        snprintf(cli->user, sizeof(cli->user), "%s", credentials.access);
    return r;
}

int session_settle(struct cli *cli)
{
    CLEANUP(credentials_wipe) struct credentials credentials = { .expires_s = 0 };
    const char *given = getenv("MU_TOKEN_USER");
    int r;

    cli->user[0] = '\0';
    if (cli->as_owner)
        return 0;
    if (given != NULL) {
        if (snprintf(cli->user, sizeof(cli->user), "%s", given) >= (int)sizeof(cli->user))
            return session_reject(cli, "is not asked for", "$MU_TOKEN_USER holds no token");
        return 0;
    }
    r = credentials_read(cli, &credentials);
    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    if (r == -EACCES)
        return session_reject(cli, "is not believed", "others could read or write its file");
    if (r < 0)
        return session_reject(cli, "cannot be read", strerror(-r));
    if (!session_is_fresh(&credentials))
        r = session_renew_once(cli, &credentials, NULL);
    if (r == 0)
        snprintf(cli->user, sizeof(cli->user), "%s", credentials.access);
    return r;
}
