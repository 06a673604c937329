// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/shipped.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/manifest.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/prefix.h"

int shipped_each(const struct cli *cli, shipped_fn fn, void *user)
{
    char folder[PATH_MAX];
    struct dirent **entries = NULL;
    int count = prefix_join(folder, "share/mu/services");
    int code = EXIT_OK;

    if (count == 0)
        count = manifest_list(folder, &entries);
    for (int i = 0; entries != NULL && i < count; i++) {
        CLEANUP(bus_reply_free) Mu__Node__V1__Manifest *manifest = NULL;
        char path[2 * PATH_MAX];
        int one;

        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        one = manifest_read(cli, path, &manifest);
        if (one == EXIT_OK && strcmp(manifest->name, NETWORK_SERVICE) != 0)
            one = fn(manifest, user);
        if (one != EXIT_OK)
            code = one;
    }
    if (entries != NULL)
        manifest_list_free(entries, count);
    return code;
}
