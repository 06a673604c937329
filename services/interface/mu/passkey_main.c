// SPDX-License-Identifier: Apache-2.0
/* mu-passkey add|get [DEVICE] - has a security key make a passkey, or sign with one: reads what
 * from standard input and writes what came of it, as passkey_talk.h says. mu-passkey list - which
 * keys there are. It prompts at standard error, and asks for a PIN at the terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/exits.h"
#include "services/interface/mu/passkey_device.h"

static int passkey_order_run(const char *verb, const char *path)
{
    struct passkey_order *order = malloc(sizeof(*order));
    struct passkey_device device = { .dev = NULL };
    int code = EXIT_OK;

    if (order == NULL || !passkey_talk_read(order))
        code = passkey_talk_fail(EXIT_USAGE, NULL, "that is no order for a security key");
    if (code == EXIT_OK)
        code = passkey_device_open(&device, path);
    if (code == EXIT_OK && strcmp(verb, "add") == 0)
        code = passkey_device_make(&device, order);
    if (code == EXIT_OK)
        code = passkey_device_sign(&device, order);
    passkey_device_close(&device);
    free(order);
    return code;
}

int main(int argc, char **argv)
{
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return passkey_device_list();
    if (argc >= 2 && argc <= 3 && (strcmp(argv[1], "add") == 0 || strcmp(argv[1], "get") == 0))
        return passkey_order_run(argv[1], argc == 3 ? argv[2] : NULL);
    fputs("usage: mu-passkey add|get [DEVICE] < ORDER      mu-passkey list\n", stderr);
    return EXIT_USAGE;
}
