// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/admissions.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"

static const char AT_TOKEN[] = "token/";
static const char AT_NAME[] = "name/";

int admissions_put_token(struct vault *vault, const struct token_record *record)
{
    struct vault_key key;
    uint8_t bytes[TOKEN_RECORD_SIZE];
    int r;

    token_record_write(record, bytes);
    r = vault_put_one_of(vault, AT_TOKEN, VAULT_TOKENS_MAX,
            vault_key(&key, AT_TOKEN, record->id.bytes, TOKEN_ID_SIZE),
            (struct mu_bytes){ bytes, sizeof(bytes) });
    sodium_memzero(bytes, sizeof(bytes));
    return r;
}

int admissions_get_token(
        struct vault *vault, const struct token_id *id, struct token_record *record)
{
    struct vault_key key;
    struct mu_bytes bytes;
    int r = vault_get(vault, vault_key(&key, AT_TOKEN, id->bytes, TOKEN_ID_SIZE), &bytes);

    if (r != VAULT_OK)
        return r;
    if (token_record_read(record, (struct span){ bytes.data, bytes.size }) != TOKEN_RECORD_OK ||
            memcmp(record->id.bytes, id->bytes, TOKEN_ID_SIZE) != 0)
        return err_new(-EBADMSG);
    return VAULT_OK;
}

struct token_visit {
    admissions_token_fn fn;
    void *user;
};

static int token_visit(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const struct token_visit *visit = user;
    struct token_record record;

    (void)key;
    if (token_record_read(&record, (struct span){ value.data, value.size }) != TOKEN_RECORD_OK)
        return err_new(-EBADMSG);
    visit->fn(&record, visit->user);
    sodium_memzero(&record, sizeof(record));
    return 0;
}

int admissions_each_token(struct vault *vault, admissions_token_fn fn, void *user)
{
    struct token_visit visit = { .fn = fn, .user = user };

    return vault_each(vault, AT_TOKEN, token_visit, &visit);
}

struct ended_tokens {
    uint64_t ended_s;
    struct token_id ids[VAULT_TOKENS_MAX];
    size_t count;
};

static void token_note_ended(const struct token_record *record, void *user)
{
    struct ended_tokens *ended = user;

    if (record->not_after_s < ended->ended_s && ended->count < VAULT_TOKENS_MAX)
        ended->ids[ended->count++] = record->id;
}

int admissions_sweep_tokens(struct vault *vault, uint64_t ended_s)
{
    struct ended_tokens ended = { .ended_s = ended_s };
    struct vault_key key;
    int r = admissions_each_token(vault, token_note_ended, &ended);

    for (size_t i = 0; i < ended.count && r == VAULT_OK; i++)
        r = vault_delete(vault, vault_key(&key, AT_TOKEN, ended.ids[i].bytes, TOKEN_ID_SIZE));
    return r;
}

static struct mu_bytes name_key(struct vault_key *key, const char *name)
{
    return vault_key(key, AT_NAME, name, strlen(name));
}

int admissions_put_name(struct vault *vault, const char *name, const struct public_key *holder)
{
    struct vault_key key;

    return vault_put_one_of(vault, AT_NAME, VAULT_NAMES_MAX, name_key(&key, name),
            (struct mu_bytes){ holder->bytes, PUBLIC_KEY_SIZE });
}

int admissions_get_name(struct vault *vault, const char *name, struct public_key *holder)
{
    struct vault_key key;
    struct mu_bytes bytes;
    int r = vault_get(vault, name_key(&key, name), &bytes);

    if (r != VAULT_OK)
        return r;
    if (bytes.size != PUBLIC_KEY_SIZE)
        return err_new(-EBADMSG);
    memcpy(holder->bytes, bytes.data, PUBLIC_KEY_SIZE);
    return VAULT_OK;
}

int admissions_drop_name(struct vault *vault, const char *name)
{
    struct vault_key key;

    return vault_delete(vault, name_key(&key, name));
}

struct name_visit {
    admissions_name_fn fn;
    void *user;
};

static int name_visit(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const struct name_visit *visit = user;
    char name[CERTIFICATE_NAME_MAX + 1];
    size_t size = key.size - (sizeof(AT_NAME) - 1);
    struct public_key holder;

    if (size > CERTIFICATE_NAME_MAX || value.size != PUBLIC_KEY_SIZE)
        return err_new(-EBADMSG);
    memcpy(name, key.data + sizeof(AT_NAME) - 1, size);
    name[size] = '\0';
    memcpy(holder.bytes, value.data, PUBLIC_KEY_SIZE);
    visit->fn(name, &holder, visit->user);
    return 0;
}

int admissions_each_name(struct vault *vault, admissions_name_fn fn, void *user)
{
    struct name_visit visit = { .fn = fn, .user = user };

    return vault_each(vault, AT_NAME, name_visit, &visit);
}
