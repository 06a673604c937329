/* services/platform/auth/account.h - an account: who may log in, and what its tokens cover.
 *
 * Puts go into the book's open transaction: the caller commits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/platform/auth/auth_limits.h"
#include "services/platform/auth/book.h"
#include "services/platform/auth/password.h"
#include "transport/secure/access.h"

enum account_kind { ACCOUNT_PERSON, ACCOUNT_SERVICE, ACCOUNT_AGENT, ACCOUNT_KINDS };

/* What an account may do here, a bit each. */
enum account_role { ACCOUNT_ADMIN = 1, ACCOUNT_AUDITOR = 2 };

struct account {
    char name[ACCESS_SUBJECT_MAX + 1];
    enum account_kind kind;
    bool disabled;
    uint32_t roles;
    char space[SERVICE_NAME_MAX + 1]; /* the namespace that its tokens keep to; "": any */
    uint32_t scope_count;
    char scopes[ACCOUNT_SCOPES_MAX][PATTERN_SIZE_MAX + 1];
    char password[PASSWORD_HASH_SIZE]; /* "" where it has none */
    uint64_t created_s;
    uint64_t login_s; /* 0: never */
};

/* True for what a token may name as its subject. */
bool account_name_is_valid(const char *name);

/* Replaces the scopes. False, and nothing is changed, where one is no pattern of endpoints or there
 * are over ACCOUNT_SCOPES_MAX; `*badp` is then its index. */
bool account_set_scopes(
        struct account *account, char *const *scopes, size_t scope_count, size_t *badp);

/* The same of roles, by their names. */
bool account_set_roles(
        struct account *account, char *const *roles, size_t role_count, size_t *badp);

/* The name of a role that is one bit; NULL where it is none. */
const char *account_role_name(uint32_t role);

/* True where each of `scopes` is covered by one of the account's. All are valid. */
bool account_covers(const struct account *account, char *const *scopes, size_t scope_count);

/* BOOK_OK and `*account`, BOOK_NONE, or -errno. */
int account_get(struct book *book, const char *name, struct account *account);

/* BOOK_OK, BOOK_FULL (also where it would be one over ACCOUNTS_MAX), or -errno. */
int account_put(struct book *book, const struct account *account);

/* BOOK_OK, BOOK_NONE or -errno. */
int account_delete(struct book *book, const char *name);

/* Visits those behind `after`, by name; `fn` returns 0 to go on, anything else stops and is
 * returned. */
typedef int (*account_fn)(const struct account *account, void *user);
int account_each(struct book *book, const char *after, account_fn fn, void *user);
