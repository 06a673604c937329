// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/user.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "kernel/router/limits.h"

void user_table_init(struct user_table *table)
{
    *table = (struct user_table){ .refused = { .void_text = "the token that this channel "
                                                            "presented was refused" } };
    for (size_t i = 0; i < USER_BUCKETS; i++)
        list_init(&table->buckets[i]);
    list_init(&table->idle);
    budget_table_init(&table->budgets);
}

static void user_free(struct user_table *table, struct user *user)
{
    for (uint32_t i = 0; i < user->budget_count; i++)
        budget_give(user->budgets[i]);
    list_remove(&user->bucket);
    list_remove(&user->idle);
    table->count -= 1;
    free(user);
}

void user_table_deinit(struct user_table *table)
{
    while (table->count > 0) {
        CHECK(!list_is_empty(&table->idle));
        user_free(table, list_entry(table->idle.next, struct user, idle));
    }
    budget_table_deinit(&table->budgets);
    revoked_deinit(&table->revoked);
}

static struct list *user_bucket(struct user_table *table, const uint8_t digest[USER_DIGEST_SIZE])
{
    return &table->buckets[(digest[0] | digest[1] << 8) % USER_BUCKETS];
}

static struct user *user_look_up(struct user_table *table, const uint8_t digest[USER_DIGEST_SIZE])
{
    list_for_each (node, user_bucket(table, digest)) {
        struct user *user = list_entry(node, struct user, bucket);

        if (memcmp(user->digest, digest, USER_DIGEST_SIZE) == 0)
            return user;
    }
    return NULL;
}

/* Why tokens like this are not believed any more; NULL where they are. */
static const char *user_judge(const struct user_table *table, const struct access_key_id *key,
        const struct access_id *id, const char *subject, uint64_t issued_s)
{
    for (uint32_t i = 0; i < table->authority.key_count; i++) {
        struct access_key_id has;

        access_key_id(&has, &table->authority.keys[i]);
        if (memcmp(has.bytes, key->bytes, sizeof(has.bytes)) != 0)
            continue;
        return revoked_has(&table->revoked, id, subject, issued_s)
                       ? "the token was revoked: log in again"
                       : NULL;
    }
    return access_text(ACCESS_KEY);
}

/* Makes room for one more: the one that was used least lately goes, of those that nobody holds. */
static bool user_make_room(struct user_table *table)
{
    if (table->count < ROUTER_USERS_MAX)
        return true;
    if (list_is_empty(&table->idle))
        return false;
    user_free(table, list_entry(table->idle.next, struct user, idle));
    return true;
}

static struct user *user_new(const struct access *access)
{
    const struct access_scopes *scopes = &access->scopes;
    struct user *user;
    size_t size = 0;

    for (uint32_t i = 0; i < scopes->count; i++)
        size += strlen(scopes->patterns[i]) + 1;
    user = calloc(1, sizeof(*user) + size);
    if (user == NULL)
        return NULL;
    list_init(&user->idle);
    user->key = access->key;
    user->id = access->id;
    user->issued_s = access->issued_s;
    user->expires_s = access->expires_s;
    memcpy(user->subject, access->subject, sizeof(user->subject));
    user->subject_size = (uint32_t)strlen(user->subject);
    memcpy(user->space, access->space, sizeof(user->space));
    user->scopes = (char *)(user + 1);
    user->scope_count = scopes->count;
    size = 0;
    for (uint32_t i = 0; i < scopes->count; i++) {
        size_t length = strlen(scopes->patterns[i]) + 1;

        memcpy(user->scopes + size, scopes->patterns[i], length);
        size += length;
    }
    return user;
}

/* Gives the user the counts that its calls are charged to: all or none. */
static bool user_take_budgets(
        struct user_table *table, struct user *user, const struct access *access, uint64_t now_s)
{
    for (uint32_t i = 0; i < access->budget_count; i++) {
        struct budget *budget = budget_take(
                &table->budgets, &access->budgets[i], access->issued_s + ACCESS_LIFE_MAX_S, now_s);

        if (budget == NULL)
            return false;
        user->budgets[user->budget_count++] = budget;
    }
    return true;
}

static struct user *user_add(struct user_table *table, const struct access *access,
        const uint8_t digest[USER_DIGEST_SIZE], uint64_t now_s)
{
    struct user *user = user_make_room(table) ? user_new(access) : NULL;

    if (user == NULL)
        return NULL;
    memcpy(user->digest, digest, USER_DIGEST_SIZE);
    list_push(user_bucket(table, digest), &user->bucket);
    list_push(&table->idle, &user->idle);
    user->number = ++table->last_number;
    table->count += 1;
    if (user_take_budgets(table, user, access, now_s))
        return user;
    user_free(table, user);
    return NULL;
}

/* Why the router does not believe the token, which is not known yet; NULL where it does. */
static const char *user_read(const struct user_table *table, struct access *access,
        struct span token, const char *node, uint64_t now_s)
{
    enum access_outcome outcome;

    if (table->authority.key_count == 0)
        return "this node knows no keys of tokens: the service `auth` has not told it any";
    outcome = access_read(access, token, &table->authority, now_s);
    if (outcome != ACCESS_OK)
        return access_text(outcome);
    if (!access_is_for(access, node))
        return "the token is for other nodes";
    if (access->budget_count > 0 && access->issued_s <= table->since_s)
        return "the token's calls were counted by a router that is gone: get a new one";
    return user_judge(table, &access->key, &access->id, access->subject, access->issued_s);
}

struct user *user_find(struct user_table *table, struct span token, const char *node,
        uint64_t now_s, struct user_refusal *why)
{
    uint8_t digest[USER_DIGEST_SIZE];
    struct access access;
    struct user *user;

    *why = (struct user_refusal){ .text = "the token is too long" };
    if (token.size > ACCESS_TEXT_MAX)
        return NULL;
    crypto_generichash(digest, sizeof(digest), token.data, token.size, NULL, 0);
    user = user_look_up(table, digest);
    if (user != NULL) {
        why->text = user_void_text(user, now_s);
        if (user->refs == 0) {
            list_remove(&user->idle);
            list_push(&table->idle, &user->idle);
        }
        return why->text == NULL ? user : NULL;
    }
    why->text = user_read(table, &access, token, node, now_s);
    if (why->text != NULL)
        return NULL;
    user = user_add(table, &access, digest, now_s);
    if (user == NULL)
        *why = (struct user_refusal){ "the router has no room for one more token", true };
    return user;
}

void user_hold(struct user *user)
{
    if (user->refs == 0)
        list_remove(&user->idle);
    user->refs += 1;
}

void user_release(struct user_table *table, struct user *user)
{
    if (user == NULL || user == &table->refused)
        return;
    CHECK(user->refs > 0);
    user->refs -= 1;
    if (user->refs == 0)
        list_push(&table->idle, &user->idle);
}

const char *user_void_text(const struct user *user, uint64_t now_s)
{
    if (user->void_text != NULL)
        return user->void_text;
    return user->expires_s <= now_s ? "the token is expired: log in again" : NULL;
}

bool user_covers(const struct user *user, struct span endpoint)
{
    const char *scope = user->scopes;

    for (uint32_t i = 0; i < user->scope_count; i++) {
        size_t size = strlen(scope);

        if (pattern_matches((struct span){ (const uint8_t *)scope, size }, endpoint))
            return true;
        scope += size + 1;
    }
    return false;
}

bool user_charge(struct user *user)
{
    for (uint32_t i = 0; i < user->budget_count; i++)
        if (user->budgets[i]->left == 0)
            return false;
    for (uint32_t i = 0; i < user->budget_count; i++)
        user->budgets[i]->left -= 1;
    return true;
}

void user_set_authority(
        struct user_table *table, const struct access_authority *authority, struct revoked *revoked)
{
    bool moved = !network_id_equal(&table->authority.network, &authority->network);

    table->authority = *authority;
    revoked_deinit(&table->revoked);
    table->revoked = *revoked;
    *revoked = (struct revoked){ 0 };
    for (size_t i = 0; i < USER_BUCKETS; i++) {
        list_for_each (node, &table->buckets[i]) {
            struct user *user = list_entry(node, struct user, bucket);

            user->void_text =
                    user_judge(table, &user->key, &user->id, user->subject, user->issued_s);
            if (moved)
                user->void_text = access_text(ACCESS_NETWORK);
        }
    }
}
