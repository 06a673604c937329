/* services/platform/auth/account_message.h - an account, as it is told: all but its password. */
#pragma once

#include "mu/auth/v1/auth.pb-c.h"
#include "services/platform/auth/account.h"

enum { ACCOUNT_ROLES = 2 };

struct account_message {
    Mu__Auth__V1__Account message;
    struct account account; /* whose texts it borrows */
    char *scopes[ACCOUNT_SCOPES_MAX];
    char *roles[ACCOUNT_ROLES];
};

/* Fills it; `*message` must stay where it is. The sessions are counted in the book. 0 or -errno. */
int account_message_init(
        struct account_message *message, struct book *book, const struct account *account);
