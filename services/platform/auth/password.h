/* services/platform/auth/password.h - passwords, kept as argon2id hashes (RFC 9106) by libsodium's
 * crypto_pwhash_str with its INTERACTIVE cost: 64 MiB, two passes.
 *
 * Each hash takes that memory and some 100 ms, so PASSWORD_HASHES_MAX are made at a time,
 * PASSWORD_WAITERS_MAX callers wait, and more are refused. Safe to use from many threads. The
 * process has called sodium_init(). */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PASSWORD_HASH_SIZE = 128,  /* bytes with the final NUL */
    PASSWORD_SECRET_SIZE = 30, /* bytes of a generated one, with the final NUL */
};

struct passwords {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t free;
    uint32_t running;
    uint32_t waiting;
    char nobody[PASSWORD_HASH_SIZE]; /* the hash of a password that nobody knows */
};

enum password_outcome {
    PASSWORD_OK,
    PASSWORD_WRONG,
    PASSWORD_BUSY, /* too many are looked at; nothing was done */
};

void passwords_init(struct passwords *passwords);

void passwords_deinit(struct passwords *passwords);

/* Hashes `password`, which has PASSWORD_SIZE_MIN to PASSWORD_SIZE_MAX bytes. PASSWORD_OK,
 * PASSWORD_BUSY, or -ENOMEM. */
int password_hash(struct passwords *passwords, const char *password, char hash[PASSWORD_HASH_SIZE]);

/* Is it the password of `hash`? An empty hash, of somebody who has none or is not there, takes as
 * long as any other, and is PASSWORD_WRONG. Else as password_hash. */
int password_verify(struct passwords *passwords, const char *password, const char *hash);

/* A new one, of 125 random bits: five groups of five letters and digits that are not mixed up. The
 * caller wipes it. */
void password_generate(char secret[PASSWORD_SECRET_SIZE]);
