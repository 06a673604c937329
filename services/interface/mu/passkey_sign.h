/* passkey_sign.h - what a device is asked to sign, and what it signed.
 *
 * The device is spoken to by a program of its own, mu-passkey: it has libfido2, with which each
 * start of `mu` would take longer. */
#pragma once

#include "mu/auth/v1/auth.pb-c.h"
#include "services/interface/mu/cli.h"

enum {
    PASSKEY_SIGN_ID_MAX = 1024,  /* bytes */
    PASSKEY_SIGN_KEY_MAX = 128,  /* bytes */
    PASSKEY_SIGN_DATA_MAX = 512, /* bytes of each text that is signed, and of a signature */
};

/* What is asked for. */
struct passkey_sign_order {
    const Mu__Auth__V1__PasskeyChallenge *challenge; /* borrowed */
    const char *purpose;                             /* `login`, `prove` or `add` */
    const char *account;
    bool fresh; /* the device makes a key first, which then signs */
};

/* What came of it; it must stay where it is. */
struct passkey_signed {
    Mu__Auth__V1__PasskeyAnswer answer;
    ProtobufCBinaryData public_key; /* of a fresh one: a COSE_Key */
    uint8_t id[PASSKEY_SIGN_ID_MAX];
    uint8_t key[PASSKEY_SIGN_KEY_MAX];
    uint8_t data[PASSKEY_SIGN_DATA_MAX];
    uint8_t signature[PASSKEY_SIGN_DATA_MAX];
    char client_data[PASSKEY_SIGN_DATA_MAX];
};

/* Has the key at `device`, or with NULL the only one that is there, sign; its user touches it. Says
 * what is wrong. Returns EXIT_OK or an exit status. */
int passkey_sign(const struct cli *cli, const char *device, const struct passkey_sign_order *order,
        struct passkey_signed *out);

/* Asks for a challenge of the account's, and has it signed, for `login` or `prove`. As above. */
int passkey_sign_again(struct cli *cli, const char *device, const char *account,
        const char *purpose, struct passkey_signed *out);

/* The flag that names it, for a command's table. */
#define PASSKEY_DEVICE_FLAG                                                                        \
    {                                                                                              \
        .name = "device", .value = "PATH", .complete = COMPLETE_FILE,                              \
        .help = "which key, where there are several: /dev/hidraw1; or a software key's socket"     \
    }
