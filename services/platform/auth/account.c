// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/account.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "record.pb-c.h"

static const struct {
    uint32_t role;
    const char *name;
} role_names[] = { { ACCOUNT_ADMIN, "admin" }, { ACCOUNT_AUDITOR, "auditor" } };

enum { ROLES = sizeof(role_names) / sizeof(role_names[0]) };

static struct span span_of(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

bool account_name_is_valid(const char *name)
{
    return access_subject_is_valid(span_of(name));
}

bool account_set_scopes(
        struct account *account, char *const *scopes, size_t scope_count, size_t *badp)
{
    for (size_t i = 0; i < scope_count; i++) {
        if (i < ACCOUNT_SCOPES_MAX && strlen(scopes[i]) <= PATTERN_SIZE_MAX &&
                pattern_is_valid(span_of(scopes[i])))
            continue;
        *badp = i;
        return false;
    }
    memset(account->scopes, 0, sizeof(account->scopes));
    for (size_t i = 0; i < scope_count; i++)
        snprintf(account->scopes[i], sizeof(account->scopes[i]), "%s", scopes[i]);
    account->scope_count = (uint32_t)scope_count;
    return true;
}

bool account_set_roles(struct account *account, char *const *roles, size_t role_count, size_t *badp)
{
    uint32_t set = 0;

    for (size_t i = 0; i < role_count; i++) {
        uint32_t role = 0;

        for (size_t k = 0; k < ROLES; k++)
            role |= strcmp(role_names[k].name, roles[i]) == 0 ? role_names[k].role : 0;
        if (role == 0) {
            *badp = i;
            return false;
        }
        set |= role;
    }
    account->roles = set;
    return true;
}

const char *account_role_name(uint32_t role)
{
    for (size_t k = 0; k < ROLES; k++) {
        if (role_names[k].role == role)
            return role_names[k].name;
    }
    return NULL;
}

static bool covers_one(const struct account *account, const char *scope)
{
    for (uint32_t i = 0; i < account->scope_count; i++) {
        if (pattern_covers(span_of(account->scopes[i]), span_of(scope)))
            return true;
    }
    return false;
}

bool account_covers(const struct account *account, char *const *scopes, size_t scope_count)
{
    for (size_t i = 0; i < scope_count; i++) {
        if (!covers_one(account, scopes[i]))
            return false;
    }
    return true;
}

/* ---- records ---- */

static void key_of(struct book_key *key, const char *name)
{
    book_key_init(key, 'a');
    book_key_add(key, name, strlen(name));
}

static bool take_text(char *text, size_t size, const char *from)
{
    int length = snprintf(text, size, "%s", from);

    return length >= 0 && (size_t)length < size;
}

static int read_record(struct account *account, const Mu__Auth__Record__V1__Account *record)
{
    size_t bad;

    *account = (struct account){
        .disabled = record->disabled,
        .roles = record->roles,
        .created_s = record->created_s,
        .login_s = record->login_s,
    };
    if (record->kind >= ACCOUNT_KINDS || !account_name_is_valid(record->name) ||
            !take_text(account->name, sizeof(account->name), record->name) ||
            !take_text(account->password, sizeof(account->password), record->password) ||
            !take_text(account->space, sizeof(account->space), record->namespace_) ||
            !account_set_scopes(account, record->scopes, record->n_scopes, &bad))
        return err_new(-EBADMSG);
    account->kind = (enum account_kind)record->kind;
    return BOOK_OK;
}

static int unpack(struct mu_bytes value, struct account *account)
{
    ProtobufCMessage *record;
    int r = book_unpack(value, &mu__auth__record__v1__account__descriptor, &record);

    if (r != BOOK_OK)
        return r;
    r = read_record(account, (const Mu__Auth__Record__V1__Account *)record);
    protobuf_c_message_free_unpacked(record, NULL);
    return r;
}

int account_get(struct book *book, const char *name, struct account *account)
{
    struct book_key key;
    struct mu_bytes value;
    int r;

    if (!account_name_is_valid(name))
        return BOOK_NONE;
    key_of(&key, name);
    r = book_get(book, &key, &value);
    return r == BOOK_OK ? unpack(value, account) : r;
}

/* Is there room for it, or is it there already? */
static int look_for_room(struct book *book, const struct book_key *key)
{
    struct mu_bytes value;
    struct book_key all;
    size_t count;
    int r = book_get(book, key, &value);

    if (r != BOOK_NONE)
        return r;
    book_key_init(&all, 'a');
    r = book_count(book, &all, ACCOUNTS_MAX, &count);
    return r == BOOK_OK && count == ACCOUNTS_MAX ? BOOK_FULL : r;
}

int account_put(struct book *book, const struct account *account)
{
    Mu__Auth__Record__V1__Account record = MU__AUTH__RECORD__V1__ACCOUNT__INIT;
    char *scopes[ACCOUNT_SCOPES_MAX];
    struct book_key key;
    int r;

    key_of(&key, account->name);
    r = look_for_room(book, &key);
    if (r != BOOK_OK)
        return r;
    for (uint32_t i = 0; i < account->scope_count; i++)
        scopes[i] = (char *)(uintptr_t)account->scopes[i];
    record.name = (char *)(uintptr_t)account->name;
    record.kind = account->kind;
    record.disabled = account->disabled;
    record.scopes = scopes;
    record.n_scopes = account->scope_count;
    record.roles = account->roles;
    record.password = (char *)(uintptr_t)account->password;
    record.namespace_ = (char *)(uintptr_t)account->space;
    record.created_s = account->created_s;
    record.login_s = account->login_s;
    return book_put_message(book, &key, &record.base);
}

int account_delete(struct book *book, const char *name)
{
    struct book_key key;

    if (!account_name_is_valid(name))
        return BOOK_NONE;
    key_of(&key, name);
    return book_delete(book, &key);
}

struct visit {
    const char *after;
    account_fn fn;
    void *user;
};

static int visit_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const struct visit *visit = user;
    struct account account;
    int r;

    (void)key;
    r = unpack(value, &account);
    if (r != BOOK_OK)
        return r;
    return strcmp(account.name, visit->after) > 0 ? visit->fn(&account, visit->user) : 0;
}

int account_each(struct book *book, const char *after, account_fn fn, void *user)
{
    struct visit visit = { .after = after, .fn = fn, .user = user };
    struct book_key all;

    book_key_init(&all, 'a');
    return book_each(book, &all, visit_one, &visit);
}
