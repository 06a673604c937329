// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/node_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/status.h"

static const char node_name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

void node_name_make(const char *text, char name[NODE_NAME_MAX])
{
    size_t size = strcspn(text, ".");
    size_t count = 0;

    for (size_t i = 0; i < size && count < NODE_NAME_MAX - 1; i++) {
        int letter = tolower((unsigned char)text[i]);
        bool is_valid = letter != '\0' && strchr(node_name_letters, letter) != NULL;

        letter = is_valid ? letter : '-';
        if (letter == '-' && (count == 0 || name[count - 1] == '-'))
            continue;
        name[count++] = (char)letter;
    }
    while (count > 0 && name[count - 1] == '-')
        count -= 1;
    name[count] = '\0';
    if (count == 0)
        snprintf(name, NODE_NAME_MAX, "node");
}

bool node_name_is_valid(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size < NODE_NAME_MAX && strspn(text, node_name_letters) == size &&
           text[0] != '-' && text[size - 1] != '-';
}

int node_name_choose(struct cli *cli, const char *given, char name[NODE_NAME_MAX])
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    char near[NODE_NAME_MAX];
    char fix[96];
    int code;

    if (given == NULL) {
        code = status_ask(cli, &status);
        if (code == EXIT_OK)
            node_name_make(status->node, name);
        return code;
    }
    if (!node_name_is_valid(given)) {
        node_name_make(given, near);
        snprintf(fix, sizeof(fix), "lower-case letters, digits and `-`, %d at most: %s",
                NODE_NAME_MAX - 1, near);
        return (int)failure_say(cli, EXIT_USAGE, fix, "--node: \"%s\" cannot name a node", given);
    }
    snprintf(name, NODE_NAME_MAX, "%s", given);
    return EXIT_OK;
}
