// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/listen.h"

#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"

/* Takes all of --address. */
static int listen_take(
        const struct cli *cli, const struct arguments *arguments, struct address_list *list)
{
    const char *text;

    for (int turn = 0; (text = arguments_flag_again(arguments, "address", turn)) != NULL; turn++) {
        int code = address_need(cli, "--address", text);

        if (code != EXIT_OK)
            return code;
        if (!address_add(list, text))
            return (int)failure_say(
                    cli, EXIT_USAGE, NULL, "--address: %d of them at most", ADDRESS_LIST_MAX);
    }
    return EXIT_OK;
}

int listen_choose(const struct cli *cli, const struct arguments *arguments, const char *fallback,
        struct listen *listen)
{
    const char *given = arguments_flag(arguments, "listen");
    int code;

    *listen = (struct listen){ .address = given != NULL ? given : fallback };
    if (strcmp(listen->address, "none") == 0)
        listen->address = "";
    if (listen->address[0] != '\0') {
        code = address_need(cli, "--listen", listen->address);
        if (code != EXIT_OK)
            return code;
    }
    code = listen_take(cli, arguments, &listen->others);
    if (code != EXIT_OK || listen->others.count > 0)
        return code;
    if (listen->address[0] == '\0' || !address_is_any(listen->address))
        return EXIT_OK;
    address_add_own(&listen->others, listen->address);
    if (listen->others.count == 0)
        output_talk(cli, "this machine has no address but its loopback: say what others dial with "
                         "--address");
    return EXIT_OK;
}
