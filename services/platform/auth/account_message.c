// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/account_message.h"

#include "services/platform/auth/family.h"
#include "services/platform/auth/passkey.h"

int account_message_init(
        struct account_message *message, struct book *book, const struct account *account)
{
    Mu__Auth__V1__Account *out = &message->message;
    size_t sessions = 0;
    size_t passkeys = 0;
    int r = family_count(book, account->name, &sessions);

    if (r == BOOK_OK)
        r = passkey_count(book, account->name, &passkeys);
    message->account = *account;
    mu__auth__v1__account__init(out);
    out->name = message->account.name;
    out->namespace_ = message->account.space;
    out->kind = (Mu__Auth__V1__Kind)account->kind;
    out->disabled = account->disabled;
    for (uint32_t i = 0; i < account->scope_count; i++)
        message->scopes[i] = message->account.scopes[i];
    out->scopes = message->scopes;
    out->n_scopes = account->scope_count;
    out->roles = message->roles;
    for (uint32_t role = 1; role != 0 && out->n_roles < ACCOUNT_ROLES; role <<= 1) {
        const char *name = (account->roles & role) != 0 ? account_role_name(role) : NULL;

        if (name != NULL)
            message->roles[out->n_roles++] = (char *)(uintptr_t)name;
    }
    out->created_s = account->created_s;
    out->login_s = account->login_s;
    out->no_password = account->password[0] == '\0';
    out->sessions = (uint32_t)sessions;
    out->passkeys = (uint32_t)passkeys;
    return r;
}
