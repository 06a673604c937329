/* passkey_device.h - a security key, as mu-passkey uses it: by libfido2. */
#pragma once

#include <fido.h>

#include "services/interface/mu/passkey_talk.h"

struct passkey_device {
    fido_dev_t *dev; /* owned */
    char path[PASSKEY_WORD_MAX];
    char pin[64]; /* once it was asked for */
};

/* Opens the key at `path`, or with NULL the only one that is there. Says what is wrong. Returns 0
 * or an exit status. */
int passkey_device_open(struct passkey_device *device, const char *path);

/* Safe on zeroes. Nothing of the PIN stays in memory. */
void passkey_device_close(struct passkey_device *device);

/* Makes a key for the order's user, which becomes its one id; says its public half. As above. */
int passkey_device_make(struct passkey_device *device, struct passkey_order *order);

/* Has one of the order's ids sign its client data, and says all of it. As above. */
int passkey_device_sign(struct passkey_device *device, const struct passkey_order *order);

/* Says which keys there are, a line each: path, maker, product. As above. */
int passkey_device_list(void);
