/* client/user_token.h - the access token by which a client's calls are a user's. */
#pragma once

#include "client/connection.h"
#include "transport/secure/identity_limits.h"

enum { USER_TOKEN_SIZE = ACCESS_TEXT_MAX + 1 }; /* bytes with the final NUL */

/* Finds it: `given`, else the environment's MU_TOKEN_USER, else what stands in `config`/token
 * (NULL: nowhere). An empty one says that there is none: then `text` is empty. Returns 0; -EACCES
 * where others can read the file; -EINVAL for one that is too long; other -errno of reading; `why`
 * (CREDENTIALS_WHY_MAX) says it in words. */
int user_token_find(char text[USER_TOKEN_SIZE], const char *given, const char *config, char *why);

/* Presents the client's token, if it has one, in front of all calls of a new connection. False
 * where it cannot be: the connection is of no use then. With the lock. */
bool user_token_present_again(struct mu_client *client);

/* Wipes and forgets it. Safe twice. */
void user_token_forget(struct mu_client *client);
