/* manifest.h - `<name>.service` files, found and read. */
#pragma once

#include <limits.h>

#include "services/interface/mu/cli.h"
#include "mu/node/v1/manifest.pb-c.h"

struct dirent;

/* Reads the manifest in file `path` into `*manifestp`, which the caller frees (bus_reply_free).
 * Says what is wrong. Returns EXIT_OK or an exit status. */
int manifest_read(const struct cli *cli, const char *path, Mu__Node__V1__Manifest **manifestp);

/* Puts the program at `path`, made absolute, in place of the manifest's own. As above. */
int manifest_set_program(const struct cli *cli, Mu__Node__V1__Manifest *manifest, const char *path);

/* The *.service files in folder `dir`, sorted: how many, or -errno. */
int manifest_list(const char *dir, struct dirent ***entriesp);
void manifest_list_free(struct dirent **entries, int count);

/* The only *.service file in folder `dir`. Says what is wrong. Returns EXIT_OK or an exit status.
 */
int manifest_find(const struct cli *cli, const char *dir, char path[PATH_MAX]);
