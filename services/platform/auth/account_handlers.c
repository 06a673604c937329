// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/platform/auth/account_message.h"
#include "services/platform/auth/caller.h"
#include "services/platform/auth/family.h"
#include "services/platform/auth/handlers.h"
#include "services/platform/auth/issued.h"
#include "services/platform/auth/passkey.h"
#include "services/platform/auth/secret.h"

enum { ACCOUNTS_PAGE_MAX = 128 };

static const char first_account[] = "admin";

/* ---- what all of them do ---- */

/* Reads the account, or answers the call. With the lock. */
static bool find(struct auth *auth, struct mu_call *call, const char *name, struct account *account)
{
    int r = account_get(&auth->book, name, account);

    if (r == BOOK_NONE)
        mu_call_refuse(call, MU_NOT_FOUND, "there is no account \"%.64s\"", name);
    else if (r != BOOK_OK)
        auth_fail(call, r);
    return r == BOOK_OK;
}

static void answer(struct auth *auth, struct mu_call *call, const struct account *account)
{
    Mu__Auth__V1__AccountReply reply = MU__AUTH__V1__ACCOUNT_REPLY__INIT;
    struct account_message message;
    int r = account_message_init(&message, &auth->book, account);

    reply.account = &message.message;
    if (r < 0)
        auth_fail(call, r);
    else
        mu_call_reply(call, &reply.base);
}

static bool take_rights(struct mu_call *call, struct account *account, char *const *scopes,
        size_t scope_count, char *const *roles, size_t role_count)
{
    size_t bad;

    if (!account_set_scopes(account, scopes, scope_count, &bad)) {
        if (bad >= ACCOUNT_SCOPES_MAX)
            mu_call_refuse(call, MU_INVALID_ARGUMENT, "scopes: %d at most", ACCOUNT_SCOPES_MAX);
        else
            mu_call_refuse(call, MU_INVALID_ARGUMENT,
                    "scopes: \"%.64s\" names no endpoints: write service.Method, store.*, or >",
                    scopes[bad]);
        return false;
    }
    if (account_set_roles(account, roles, role_count, &bad))
        return true;
    mu_call_refuse(call, MU_INVALID_ARGUMENT,
            "roles: \"%.64s\" is none; there are `admin` and `auditor`", roles[bad]);
    return false;
}

/* What the account may do, in one line for the log. */
static const char *print_rights(const struct account *account, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "scopes:");

    if (account->space[0] != '\0' && used < size)
        used = (size_t)snprintf(text, size, "namespace: %s; scopes:", account->space);
    for (uint32_t i = 0; i < account->scope_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %s", account->scopes[i]);
    if (used < size && account->roles != 0)
        snprintf(text + used, size - used, "; roles:%s%s",
                (account->roles & ACCOUNT_ADMIN) != 0 ? " admin" : "",
                (account->roles & ACCOUNT_AUDITOR) != 0 ? " auditor" : "");
    return text;
}

/* ---- Init, CreateAccount ---- */

/* Puts a new account, and commits. With the lock. False where the call is answered. */
static bool keep_new(struct auth *auth, struct mu_call *call, struct account *account)
{
    char rights[AUDIT_TEXT_MAX + 1];
    struct account there;
    int r = account_get(&auth->book, account->name, &there);

    if (r == BOOK_OK) {
        mu_call_refuse(call, MU_ALREADY_EXISTS, "there is an account \"%s\"", account->name);
        return false;
    }
    account->created_s = auth_now_s();
    if (r == BOOK_NONE)
        r = account_put(&auth->book, account);
    if (r == BOOK_OK)
        r = auth_log(auth, call, "account-created", account->name,
                print_rights(account, rights, sizeof(rights)));
    return auth_keep(auth, call, r);
}

static bool is_first(struct auth *auth, struct mu_call *call)
{
    struct book_key all;
    size_t count;
    int r;

    book_key_init(&all, 'a');
    r = book_count(&auth->book, &all, 1, &count);
    if (r < 0)
        auth_fail(call, r);
    else if (count > 0)
        mu_call_refuse(call, MU_ALREADY_EXISTS, "there are accounts already");
    return r == BOOK_OK && count == 0;
}

static void answer_init(
        struct auth *auth, struct mu_call *call, const struct account *account, char *secret)
{
    Mu__Auth__V1__InitReply reply = MU__AUTH__V1__INIT_REPLY__INIT;
    struct account_message message;

    account_message_init(&message, &auth->book, account);
    reply.account = &message.message;
    reply.secret = secret;
    auth_init_reply(call, &reply);
}

void accounts_init(struct mu_call *call, const Mu__Auth__V1__InitRequest *request)
{
    static char everything[] = ">";
    char *scopes[] = { everything };
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    struct account account = { .kind = ACCOUNT_PERSON, .roles = ACCOUNT_ADMIN };
    struct secret secret;
    size_t bad;
    bool first;

    (void)request;
    if (auth == NULL)
        return;
    first = is_first(auth, call);
    auth_unlock(auth);
    if (!first || !secret_make(auth, call, NULL, &secret))
        return;
    snprintf(account.name, sizeof(account.name), "%s", first_account);
    snprintf(account.password, sizeof(account.password), "%s", secret.hash);
    account_set_scopes(&account, scopes, 1, &bad);
    auth_lock(auth);
    if (is_first(auth, call) && keep_new(auth, call, &account))
        answer_init(auth, call, &account, secret.text);
    auth_unlock(auth);
    sodium_memzero(&secret, sizeof(secret));
}

/* Everything of the account but its password, or the call is answered. */
static bool read_new(struct mu_call *call, const Mu__Auth__V1__CreateAccountRequest *request,
        struct account *account)
{
    struct span space = { (const uint8_t *)request->namespace_, strlen(request->namespace_) };

    *account = (struct account){ .kind = (enum account_kind)request->kind };
    if (!account_name_is_valid(request->name)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "name: expected 1 to %d of a-z, 0-9 and . _ @ -, a letter or digit first, got "
                "\"%.80s\"",
                ACCESS_SUBJECT_MAX, request->name);
        return false;
    }
    if ((unsigned)request->kind >= ACCOUNT_KINDS) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "kind: there is no number %d", request->kind);
        return false;
    }
    if (request->namespace_[0] != '\0' && !service_name_is_valid(space)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "namespace: expected a lower-case letter, then up to %d of a-z, 0-9 and -, got "
                "\"%.80s\"",
                SERVICE_NAME_MAX - 1, request->namespace_);
        return false;
    }
    snprintf(account->name, sizeof(account->name), "%s", request->name);
    snprintf(account->space, sizeof(account->space), "%s", request->namespace_);
    return take_rights(
            call, account, request->scopes, request->n_scopes, request->roles, request->n_roles);
}

static void answer_new(struct auth *auth, struct mu_call *call, const struct account *account,
        struct secret *secret, bool generated)
{
    Mu__Auth__V1__CreateAccountReply reply = MU__AUTH__V1__CREATE_ACCOUNT_REPLY__INIT;
    struct account_message message;

    account_message_init(&message, &auth->book, account);
    reply.account = &message.message;
    if (generated)
        reply.secret = secret->text;
    auth_create_account_reply(call, &reply);
}

void accounts_create(struct mu_call *call, const Mu__Auth__V1__CreateAccountRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    struct secret secret = { .text = "" };
    struct account account;

    if (auth == NULL)
        return;
    auth_unlock(auth);
    if (!read_new(call, request, &account))
        return;
    if ((request->generate || request->password[0] != '\0') &&
            !secret_make(auth, call, request->generate ? NULL : request->password, &secret))
        return;
    snprintf(account.password, sizeof(account.password), "%s", secret.hash);
    auth_lock(auth);
    if (keep_new(auth, call, &account))
        answer_new(auth, call, &account, &secret, request->generate);
    auth_unlock(auth);
    sodium_memzero(&secret, sizeof(secret));
}

/* ---- ListAccounts, ShowAccount ---- */

struct page {
    struct book *book;
    size_t count;
    bool more;
    Mu__Auth__V1__Account *list[ACCOUNTS_PAGE_MAX];
    struct account accounts[ACCOUNTS_PAGE_MAX];
    struct account_message messages[ACCOUNTS_PAGE_MAX];
};

static int list_one(const struct account *account, void *user)
{
    struct page *page = user;

    if (page->count == ACCOUNTS_PAGE_MAX) {
        page->more = true;
        return 1;
    }
    page->accounts[page->count++] = *account;
    return 0;
}

void accounts_list(struct mu_call *call, const Mu__Auth__V1__ListAccountsRequest *request)
{
    Mu__Auth__V1__ListAccountsReply reply = MU__AUTH__V1__LIST_ACCOUNTS_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    CLEANUP(cleanup_free) struct page *page = NULL;
    int r = -ENOMEM;

    if (auth == NULL)
        return;
    page = calloc(1, sizeof(*page));
    if (page != NULL)
        r = account_each(&auth->book, request->after, list_one, page);
    for (size_t i = 0; r >= 0 && i < page->count; i++) {
        r = account_message_init(&page->messages[i], &auth->book, &page->accounts[i]);
        page->list[i] = &page->messages[i].message;
    }
    auth_unlock(auth);
    if (r < 0) {
        auth_fail(call, r);
        return;
    }
    reply.accounts = page->list;
    reply.n_accounts = page->count;
    reply.more = page->more;
    auth_list_accounts_reply(call, &reply);
}

void accounts_show(struct mu_call *call, const Mu__Auth__V1__ShowAccountRequest *request)
{
    const char *user = caller_user(call);
    bool own = user != NULL && strcmp(user, request->name) == 0;
    struct auth *auth = auth_enter(call, own ? AUTH_ANYBODY : AUTH_ADMIN);
    struct account account;

    if (auth == NULL)
        return;
    if (find(auth, call, request->name, &account))
        answer(auth, call, &account);
    auth_unlock(auth);
}

/* ---- changes: what the account's tokens cover is void with it ---- */

/* Puts the account and voids its tokens, with `end` its sessions too; commits, and tells the
 * router. With the lock. */
static void keep_change(struct auth *auth, struct mu_call *call, const struct account *account,
        bool end, const char *event)
{
    char rights[AUDIT_TEXT_MAX + 1];
    int r = account_put(&auth->book, account);

    if (r == BOOK_OK && end)
        r = family_close_all(&auth->book, account->name);
    if (r == BOOK_OK)
        r = issued_revoke_all(&auth->book, account->name, NULL);
    if (r == BOOK_OK)
        r = auth_log(
                auth, call, event, account->name, print_rights(account, rights, sizeof(rights)));
    if (!auth_keep(auth, call, r))
        return;
    if (end)
        challenge_forget(&auth->challenges, account->name);
    auth_push_keys(auth);
    answer(auth, call, account);
}

void accounts_set_rights(struct mu_call *call, const Mu__Auth__V1__SetRightsRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    struct account account;

    if (auth == NULL)
        return;
    if (find(auth, call, request->name, &account) &&
            take_rights(call, &account, request->scopes, request->n_scopes, request->roles,
                    request->n_roles))
        keep_change(auth, call, &account, false, "account-changed");
    auth_unlock(auth);
}

void accounts_set_disabled(struct mu_call *call, const Mu__Auth__V1__SetDisabledRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    struct account account;

    if (auth == NULL)
        return;
    if (find(auth, call, request->name, &account)) {
        account.disabled = request->disabled;
        keep_change(auth, call, &account, account.disabled,
                account.disabled ? "account-disabled" : "account-enabled");
    }
    auth_unlock(auth);
}

void accounts_remove(struct mu_call *call, const Mu__Auth__V1__RemoveAccountRequest *request)
{
    Mu__Auth__V1__RemoveAccountReply reply = MU__AUTH__V1__REMOVE_ACCOUNT_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    struct account account;
    int r;

    if (auth == NULL)
        return;
    if (find(auth, call, request->name, &account)) {
        r = account_delete(&auth->book, account.name);
        if (r == BOOK_OK)
            r = family_close_all(&auth->book, account.name);
        if (r == BOOK_OK)
            r = issued_revoke_all(&auth->book, account.name, NULL);
        if (r == BOOK_OK)
            r = passkey_delete_all(&auth->book, account.name);
        if (r == BOOK_OK)
            r = auth_log(auth, call, "account-removed", account.name, NULL);
        if (auth_keep(auth, call, r)) {
            challenge_forget(&auth->challenges, account.name);
            auth_push_keys(auth);
            auth_remove_account_reply(call, &reply);
        }
    }
    auth_unlock(auth);
}
