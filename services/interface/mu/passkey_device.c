// SPDX-License-Identifier: Apache-2.0
/* A key verifies its user by itself, with a finger, or by a PIN that is asked for here: once, also
 * where it signs twice. */
#include "services/interface/mu/passkey_device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/exits.h"
#include "services/interface/mu/passkey_socket.h"
#include "services/interface/mu/terminal.h"

enum { PASSKEY_DEVICES_MAX = 16 };

/* ---- which one ---- */

struct passkey_device_found {
    fido_dev_info_t *list; /* owned */
    size_t count;
};

static void passkey_device_find(struct passkey_device_found *found)
{
    found->count = 0;
    found->list = fido_dev_info_new(PASSKEY_DEVICES_MAX);
    if (found->list == NULL ||
            fido_dev_info_manifest(found->list, PASSKEY_DEVICES_MAX, &found->count) != FIDO_OK)
        found->count = 0;
}

static void passkey_device_drop(struct passkey_device_found *found)
{
    fido_dev_info_free(&found->list, PASSKEY_DEVICES_MAX);
}

static const char *passkey_device_text(const char *text)
{
    return text != NULL ? text : "?";
}

static int passkey_device_none(void)
{
    return passkey_talk_fail(EXIT_NOT_FOUND,
            "plug one in      a software key: --device SOCKET\t"
            "where it is plugged in, this user may not open it: ls -l /dev/hidraw*, and the udev "
            "rules for security keys",
            "there is no security key");
}

static int passkey_device_several(const struct passkey_device_found *found)
{
    char fix[512] = "say which one:";
    size_t used = strlen(fix);

    for (size_t i = 0; i < found->count && used < sizeof(fix); i++) {
        const fido_dev_info_t *info = fido_dev_info_ptr(found->list, i);

        used += (size_t)snprintf(fix + used, sizeof(fix) - used, "\t  --device %s  (%s %s)",
                fido_dev_info_path(info),
                passkey_device_text(fido_dev_info_manufacturer_string(info)),
                passkey_device_text(fido_dev_info_product_string(info)));
    }
    return passkey_talk_fail(EXIT_USAGE, fix, "there are %zu security keys", found->count);
}

int passkey_device_list(void)
{
    struct passkey_device_found found;

    passkey_device_find(&found);
    for (size_t i = 0; i < found.count; i++) {
        const fido_dev_info_t *info = fido_dev_info_ptr(found.list, i);

        printf("%s %s %s\n", fido_dev_info_path(info),
                passkey_device_text(fido_dev_info_manufacturer_string(info)),
                passkey_device_text(fido_dev_info_product_string(info)));
    }
    passkey_device_drop(&found);
    return EXIT_OK;
}

/* Writes the path of the only one into `device`. */
static int passkey_device_pick(struct passkey_device *device)
{
    struct passkey_device_found found;
    int code = EXIT_OK;

    passkey_device_find(&found);
    if (found.count == 0)
        code = passkey_device_none();
    else if (found.count > 1)
        code = passkey_device_several(&found);
    else
        snprintf(device->path, sizeof(device->path), "%s",
                fido_dev_info_path(fido_dev_info_ptr(found.list, 0)));
    passkey_device_drop(&found);
    return code;
}

/* ---- opening ---- */

static int passkey_device_unopened(const char *path, int error)
{
    return passkey_talk_fail(EXIT_UNAVAILABLE,
            "is it plugged in, and may this user open it? which there are: mu-passkey list",
            "the security key %s cannot be opened: %s", path, fido_strerr(error));
}

/* Somebody must be verified, not just be there. */
static int passkey_device_look(const struct passkey_device *device)
{
    if (fido_dev_is_fido2(device->dev) &&
            (fido_dev_has_uv(device->dev) || fido_dev_has_pin(device->dev)))
        return EXIT_OK;
    if (!fido_dev_is_fido2(device->dev))
        return passkey_talk_fail(EXIT_UNAVAILABLE, "use one that speaks FIDO2",
                "the security key %s is of an old kind: it cannot verify who touches it",
                device->path);
    return passkey_talk_fail(EXIT_UNAVAILABLE,
            "set one, with its maker's program or fido2-token -S",
            "the security key %s has no PIN yet", device->path);
}

int passkey_device_open(struct passkey_device *device, const char *path)
{
    int code = EXIT_OK;
    int error;

    *device = (struct passkey_device){ .path = "" };
    if (path == NULL)
        code = passkey_device_pick(device);
    else
        snprintf(device->path, sizeof(device->path), "%s", path);
    if (code != EXIT_OK)
        return code;
    device->dev = fido_dev_new();
    error = device->dev != NULL ? FIDO_OK : FIDO_ERR_INTERNAL;
    if (error == FIDO_OK && passkey_socket_is(device->path))
        error = passkey_socket_use(device->dev);
    if (error == FIDO_OK)
        error = fido_dev_open(device->dev, device->path);
    return error == FIDO_OK ? passkey_device_look(device)
                            : passkey_device_unopened(device->path, error);
}

void passkey_device_close(struct passkey_device *device)
{
    if (device->dev != NULL)
        fido_dev_close(device->dev);
    fido_dev_free(&device->dev);
    explicit_bzero(device->pin, sizeof(device->pin));
}

/* ---- who touches it ---- */

static int passkey_device_ask_pin(struct passkey_device *device)
{
    int count = terminal_ask_secret("PIN of the key: ", device->pin, sizeof(device->pin));

    if (count == -ECANCELED)
        return EXIT_INTERRUPTED;
    if (count < 0)
        return passkey_talk_fail(EXIT_USAGE,
                "run it at a terminal, or use a key with a finger "
                "print reader",
                "there is nobody to ask for the key's PIN: %s", strerror(-count));
    return EXIT_OK;
}

static void passkey_device_prompt(const struct passkey_order *order)
{
    static const char *const purposes[][2] = {
        { "login", "log in" },
        { "prove", "show that you are still there" },
        { "add", "add it to the account" },
    };
    const char *what = order->purpose;

    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
        if (strcmp(purposes[i][0], order->purpose) == 0)
            what = purposes[i][1];
    }
    fprintf(stderr, "touch your key to %s, as %s at %s\n", what, order->user, order->origin);
}

/* True where the key cannot verify by itself and a PIN may help. */
static bool passkey_device_wants_pin(const struct passkey_device *device, int error)
{
    return device->pin[0] == '\0' && fido_dev_has_pin(device->dev) &&
           (error == FIDO_ERR_PIN_REQUIRED || error == FIDO_ERR_UV_BLOCKED ||
                   error == FIDO_ERR_UV_INVALID || error == FIDO_ERR_UNAUTHORIZED_PERM);
}

static int passkey_device_failed(struct passkey_device *device, int error)
{
    int tries = 0;

    switch (error) {
    case FIDO_ERR_NO_CREDENTIALS:
        return passkey_talk_fail(EXIT_DENIED,
                "use the key that was added      see which: mu "
                "passkey list",
                "this security key has no passkey of the account's");
    case FIDO_ERR_CREDENTIAL_EXCLUDED:
        return passkey_talk_fail(
                EXIT_CONFLICT, NULL, "this security key has a passkey of the account's already");
    case FIDO_ERR_PIN_INVALID:
        fido_dev_get_retry_count(device->dev, &tries);
        return passkey_talk_fail(
                EXIT_DENIED, NULL, "the PIN is wrong; the key takes %d more", tries);
    case FIDO_ERR_PIN_AUTH_BLOCKED:
        return passkey_talk_fail(EXIT_DENIED, "pull it out and plug it in again",
                "the key takes no PIN now: too many were wrong");
    case FIDO_ERR_PIN_BLOCKED:
        return passkey_talk_fail(EXIT_DENIED, "it must be reset, which forgets all of its passkeys",
                "the key is blocked: too many PINs were wrong");
    case FIDO_ERR_ACTION_TIMEOUT:
    case FIDO_ERR_USER_ACTION_TIMEOUT:
    case FIDO_ERR_OPERATION_DENIED:
        return passkey_talk_fail(EXIT_DEADLINE, "try again", "nobody touched the key");
    default:
        return passkey_talk_fail(
                EXIT_UNAVAILABLE, NULL, "the security key refused: %s", fido_strerr(error));
    }
}

/* Runs `act` with what verifies the user. */
typedef int (*passkey_device_fn)(fido_dev_t *dev, void *what, const char *pin);

static int passkey_device_act(struct passkey_device *device, const struct passkey_order *order,
        passkey_device_fn act, void *what)
{
    int code = EXIT_OK;
    int error;

    if (!fido_dev_has_uv(device->dev) && device->pin[0] == '\0')
        code = passkey_device_ask_pin(device);
    if (code != EXIT_OK)
        return code;
    passkey_device_prompt(order);
    error = act(device->dev, what, device->pin[0] != '\0' ? device->pin : NULL);
    if (passkey_device_wants_pin(device, error)) {
        code = passkey_device_ask_pin(device);
        if (code != EXIT_OK)
            return code;
        passkey_device_prompt(order);
        error = act(device->dev, what, device->pin);
    }
    return error == FIDO_OK ? EXIT_OK : passkey_device_failed(device, error);
}

/* ---- making a key ---- */

static int passkey_device_do_make(fido_dev_t *dev, void *what, const char *pin)
{
    fido_cred_t *cred = what;
    int error = fido_cred_set_uv(cred, pin == NULL ? FIDO_OPT_TRUE : FIDO_OPT_OMIT);

    return error == FIDO_OK ? fido_dev_make_cred(dev, cred, pin) : error;
}

/* EdDSA, where the key says that it can. */
static int passkey_device_algorithm(fido_dev_t *dev)
{
    fido_cbor_info_t *info = fido_cbor_info_new();
    int algorithm = COSE_ES256;

    if (info != NULL && fido_dev_get_cbor_info(dev, info) == FIDO_OK) {
        for (size_t i = 0; i < fido_cbor_info_algorithm_count(info); i++) {
            if (fido_cbor_info_algorithm_cose(info, i) == COSE_EDDSA)
                algorithm = COSE_EDDSA;
        }
    }
    fido_cbor_info_free(&info);
    return algorithm;
}

static int passkey_device_fill_make(
        fido_cred_t *cred, const struct passkey_order *order, int algorithm)
{
    int error = fido_cred_set_type(cred, algorithm);

    if (error == FIDO_OK)
        error = fido_cred_set_clientdata(cred, order->client_data, order->client_data_size);
    if (error == FIDO_OK)
        error = fido_cred_set_rp(cred, order->rp, "Mu");
    if (error == FIDO_OK)
        error = fido_cred_set_user(cred, (const unsigned char *)order->user, strlen(order->user),
                order->user, order->user, NULL);
    for (size_t i = 0; error == FIDO_OK && i < order->id_count; i++)
        error = fido_cred_exclude(cred, order->ids[i].bytes, order->ids[i].size);
    return error;
}

/* A COSE_Key in the form that CTAP2 has for it (its section 8). */
static void passkey_device_say_key(const fido_cred_t *cred)
{
    static const uint8_t es256[] = { 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20 };
    static const uint8_t eddsa[] = { 0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20 };
    static const uint8_t middle[] = { 0x22, 0x58, 0x20 };
    bool is_es256 = fido_cred_type(cred) == COSE_ES256;
    const uint8_t *key = fido_cred_pubkey_ptr(cred);
    uint8_t cose[sizeof(es256) + 32 + sizeof(middle) + 32];
    size_t size = sizeof(es256);

    memcpy(cose, is_es256 ? es256 : eddsa, size);
    memcpy(cose + size, key, 32);
    size += 32;
    if (is_es256) {
        memcpy(cose + size, middle, sizeof(middle));
        memcpy(cose + size + sizeof(middle), key + 32, 32);
        size += sizeof(middle) + 32;
    }
    passkey_talk_bytes("public-key", cose, size);
}

/* Says the key, and makes its id the order's. */
static int passkey_device_take(const fido_cred_t *cred, struct passkey_order *order)
{
    size_t wanted = fido_cred_type(cred) == COSE_ES256 ? 64 : 32;
    size_t size = fido_cred_id_len(cred);

    if (size == 0 || size > PASSKEY_ID_MAX || fido_cred_pubkey_len(cred) != wanted)
        return passkey_talk_fail(EXIT_UNAVAILABLE, NULL, "the security key made no key");
    passkey_device_say_key(cred);
    order->id_count = 1;
    order->ids[0].size = size;
    memcpy(order->ids[0].bytes, fido_cred_id_ptr(cred), size);
    return EXIT_OK;
}

int passkey_device_make(struct passkey_device *device, struct passkey_order *order)
{
    fido_cred_t *cred = fido_cred_new();
    int error = cred != NULL ? passkey_device_fill_make(
                                       cred, order, passkey_device_algorithm(device->dev))
                             : FIDO_ERR_INTERNAL;
    int code = error == FIDO_OK ? passkey_device_act(device, order, passkey_device_do_make, cred)
                                : passkey_device_failed(device, error);

    if (code == EXIT_OK)
        code = passkey_device_take(cred, order);
    fido_cred_free(&cred);
    return code;
}

/* ---- signing ---- */

static int passkey_device_do_sign(fido_dev_t *dev, void *what, const char *pin)
{
    fido_assert_t *assert = what;
    int error = fido_assert_set_uv(assert, pin == NULL ? FIDO_OPT_TRUE : FIDO_OPT_OMIT);

    return error == FIDO_OK ? fido_dev_get_assert(dev, assert, pin) : error;
}

static int passkey_device_fill_sign(fido_assert_t *assert, const struct passkey_order *order)
{
    int error = fido_assert_set_clientdata(assert, order->client_data, order->client_data_size);

    if (error == FIDO_OK)
        error = fido_assert_set_rp(assert, order->rp);
    for (size_t i = 0; error == FIDO_OK && i < order->id_count; i++)
        error = fido_assert_allow_cred(assert, order->ids[i].bytes, order->ids[i].size);
    return error;
}

/* The device's text comes as CBOR's byte string of under 256 bytes: 0x58, its size, itself. */
static int passkey_device_say_signed(const fido_assert_t *assert, const struct passkey_order *order)
{
    const uint8_t *data = fido_assert_authdata_ptr(assert, 0);
    size_t size = fido_assert_authdata_len(assert, 0);
    const uint8_t *id = fido_assert_id_ptr(assert, 0);
    size_t id_size = fido_assert_id_len(assert, 0);

    if (id_size == 0 && order->id_count == 1) { /* CTAP2 lets a device leave out the only one */
        id = order->ids[0].bytes;
        id_size = order->ids[0].size;
    }
    if (fido_assert_count(assert) < 1 || id_size == 0 || data == NULL || size < 2 ||
            data[0] != 0x58 || data[1] != size - 2)
        return passkey_talk_fail(EXIT_UNAVAILABLE, NULL, "the security key did not sign");
    passkey_talk_bytes("id", id, id_size);
    passkey_talk_bytes("authenticator-data", data + 2, size - 2);
    passkey_talk_bytes("signature", fido_assert_sig_ptr(assert, 0), fido_assert_sig_len(assert, 0));
    return EXIT_OK;
}

int passkey_device_sign(struct passkey_device *device, const struct passkey_order *order)
{
    fido_assert_t *assert = fido_assert_new();
    int error = assert != NULL ? passkey_device_fill_sign(assert, order) : FIDO_ERR_INTERNAL;
    int code = error == FIDO_OK ? passkey_device_act(device, order, passkey_device_do_sign, assert)
                                : passkey_device_failed(device, error);

    if (code == EXIT_OK)
        code = passkey_device_say_signed(assert, order);
    fido_assert_free(&assert);
    return code;
}
