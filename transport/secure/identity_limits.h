/* transport/secure/identity_limits.h - limits of keys, certificates and tokens, by name.
 * docs/limits.md quotes them. */
#pragma once

enum {
    CLOCK_TOLERANCE_S = 120,      /* s that two nodes' clocks may differ */
    CHAIN_MAX = 3,                /* certificates from a node to its root */
    CERTIFICATE_NAME_MAX = 64,    /* bytes of `node.owner` */
    CERTIFICATE_LIFE_S = 86400,   /* s that a node's certificate lasts */
    RENEWAL_WAIT_MIN_S = 60,      /* s a certificate is used at least before it is renewed */
    RENEWAL_WAIT_MAX_S = 86400,   /* s a certificate is used at most before it is renewed */
    RENEWAL_GRACE_S = 2592000,    /* s after its end in which a certificate still gets renewed */
    REVOCATIONS_MAX = 1024,       /* entries of one revocation list */
    REVOCATION_FRESH_S = 259200,  /* s after which a strict network wants a newer list */
    TRUST_LISTS_MAX = 32,         /* signers of revocation lists: the root and its authorities */
    SIGNED_SIZE_MAX = 1024,       /* bytes that a key signs at once */
    TOKEN_ADDRESSES_MAX = 8,      /* addresses in a join token */
    TOKEN_USES_MAX = 1000,        /* nodes that one join token may admit */
    ADDRESS_SIZE_MAX = 128,       /* bytes of `host:port` */
    PASSPHRASE_SIZE_MAX = 1024,   /* bytes */
    SEAL_PASSES_MAX = 6,          /* passes of argon2id that a sealed key may ask for */
    SEAL_MEMORY_KIB_MAX = 524288, /* KiB of memory that a sealed key may ask for */
    ACCESS_TEXT_MAX = 3072,       /* characters of an access token */
    ACCESS_LIFE_MAX_S = 900,      /* s that an access token lasts at most */
    ACCESS_SCOPES_MAX = 16,       /* patterns in a block of it */
    ACCESS_NARROWINGS_MAX = 4,    /* blocks that its bearers append */
    ACCESS_SUBJECT_MAX = 64,      /* bytes of the name of whom it is for */
    ACCESS_AUDIENCE_MAX = 64,     /* bytes of the pattern of nodes that it is for */
    ACCESS_KEYS_MAX = 8,          /* keys of an authority that are believed at a time */
    RULES_MAX = 256,              /* rules of a node */
    RULE_REASON_MAX = 160         /* bytes of what a rule tells whom it refuses */
};

#define TIME_MAX_S 253402300799ull /* s, unix time: the last of the year 9999 */
