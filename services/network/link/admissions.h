/* services/network/link/admissions.h - what an authority keeps of those that it lets in: its join
 * tokens, and who has which name.
 *
 * A token is spent and its name is taken by one vault_commit, before the certificate leaves. The
 * functions return what the vault returns (vault.h). */
#pragma once

#include "services/network/link/vault.h"
#include "transport/secure/token_record.h"

/* VAULT_FULL where VAULT_TOKENS_MAX are kept, and this one is not among them. */
int admissions_put_token(struct vault *vault, const struct token_record *record);

int admissions_get_token(
        struct vault *vault, const struct token_id *id, struct token_record *record);

/* Visits every token; `fn` must not write. */
typedef void (*admissions_token_fn)(const struct token_record *record, void *user);
int admissions_each_token(struct vault *vault, admissions_token_fn fn, void *user);

/* Drops the tokens that ended before `ended_s`. */
int admissions_sweep_tokens(struct vault *vault, uint64_t ended_s);

/* Gives `name` to the key `holder`. VAULT_FULL where VAULT_NAMES_MAX are given away. */
int admissions_put_name(struct vault *vault, const char *name, const struct public_key *holder);

int admissions_get_name(struct vault *vault, const char *name, struct public_key *holder);

int admissions_drop_name(struct vault *vault, const char *name);

/* Visits every name; `fn` must not write. */
typedef void (*admissions_name_fn)(const char *name, const struct public_key *holder, void *user);
int admissions_each_name(struct vault *vault, admissions_name_fn fn, void *user);
