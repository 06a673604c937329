/* services/platform/auth/auth_limits.h - limits of accounts, tokens, rules and the audit log, by
 * name. docs/limits.md quotes them. */
#pragma once

enum {
    BOOK_SIZE_MAX = 536870912, /* bytes of the store of mu-auth */
    ACCOUNTS_MAX = 4096,       /* accounts of a node */
    ACCOUNT_SCOPES_MAX = 16,   /* patterns of endpoints that an account may call, as of a token */
    ACCOUNT_SESSIONS_MAX = 32, /* sessions of an account; then the oldest ends */
    ACCOUNT_TOKENS_MAX = 128,  /* access tokens of an account that have not ended */
    PASSWORD_SIZE_MIN = 8,     /* bytes */
    PASSWORD_SIZE_MAX = 1024,  /* bytes */
    PASSWORD_HASHES_MAX = 2,   /* passwords hashed at a time, with 64 MiB each */
    PASSWORD_WAITERS_MAX = 4,  /* calls that wait for that; more are refused */
    AUTH_THREADS = 8,          /* threads that run handlers: those above, and two that never wait */
    LOGIN_TRIES_MAX = 5,       /* wrong passwords of one account at once, … */
    LOGIN_TRY_AGAIN_MS = 12000,    /* … then one more after this: 5 a minute */
    LOGIN_TRIES_ALL_MAX = 50,      /* wrong passwords of all accounts at once, … */
    LOGIN_TRY_ALL_AGAIN_MS = 1200, /* … then one more after this: 50 a minute */
    LOGIN_NAMES_MAX = 128,         /* accounts whose wrong passwords are counted */
    SESSION_LIFE_S = 2592000,      /* s that a session lasts at most: 30 days */
    SESSION_REFRESHES_MAX = 4096,  /* refresh tokens of a session, one after the other */
    PASSKEYS_MAX = 8,              /* passkeys of an account */
    PASSKEY_ID_MAX = 512,          /* bytes of a passkey's id, which its device chose */
    PASSKEY_LABEL_MAX = 64,        /* bytes of its label */
    CHALLENGE_LIFE_MS = 120000,    /* for a passkey to answer */
    CHALLENGES_MAX = 256,          /* challenges that wait for an answer, … */
    CHALLENGES_ACCOUNT_MAX = 4,    /* … and of one account; then the oldest are void */
    REVOKED_MAX = 4096,            /* access tokens that are void and have not ended */
    AUDIT_ENTRIES_MAX = 131072,    /* entries of the audit log; then the oldest go */
    AUDIT_TEXT_MAX = 255,          /* bytes of each text in an entry; longer ones are cut */
    AUDIT_PAGE_MAX = 256,          /* entries of one answer */
    AUDIT_VERIFY_MAX = 16384,      /* entries that one call computes anew */
    AUDIT_FOLLOWERS_MAX = 16,      /* calls that follow the audit log */
    AUDIT_NOTES_MAX = 256,         /* refusals that the router tells at a time */
    PUSH_MS = 1000,                /* for the router to take keys and rules */
    PUSH_AGAIN_MS = 500            /* the pause before they are sent again */
};
