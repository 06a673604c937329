/* session.h - whose the command line's calls are: the account's that `mu login` was told, or
 * nobody's, which on this machine is the node's owner. */
#pragma once

#include "mu/auth/v1/auth.pb-c.h"
#include "services/interface/mu/cli.h"

enum { SESSION_SPARE_S = 30 }; /* that an access token has left at least when it is presented */

/* Fills cli->user with the token to be presented, renewed where it is about to end; with "" where
 * nobody logged in, or the command is the owner's. $MU_TOKEN_USER goes before mu login, "" for the
 * owner. Returns 0, or -EKEYREJECTED with cli->why in
 * words: who logged in has no rights any more, and is not taken for the owner instead. */
int session_settle(struct cli *cli);

/* The node does not believe cli->user, although it has not ended: renews it, as after a change of
 * the account's rights. As session_settle; cli->why stays where there is nothing to renew. */
int session_again(struct cli *cli);

/* Keeps what `auth` answered. Returns 0 or -errno. */
int session_keep(const struct cli *cli, const Mu__Auth__V1__SessionReply *reply);
