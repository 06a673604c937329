/* account.h - `mu account`: what its commands share. */
#pragma once

#include "services/interface/mu/users.h"

/* Prints one account for people, as a table of one with -o json, by its name with -o name. Returns
 * EXIT_OK or an exit status. */
int account_print(struct cli *cli, const Mu__Auth__V1__Account *account);

/* Says a secret that is shown once: to standard output alone, so that it can be piped. */
void account_print_secret(const struct cli *cli, const char *account, const char *secret);
