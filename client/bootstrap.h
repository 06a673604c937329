/* client/bootstrap.h - how a process comes to be a service: by its supervisor, or by hand. */
#pragma once

#include "base/place.h"
#include "client/connection.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/service.h"

enum { BOOTSTRAP_FD = 3 }; /* where a supervisor leaves its word */

enum bootstrap_wish {
    BOOTSTRAP_RUN,
    BOOTSTRAP_HELP,
    BOOTSTRAP_VERSION,
    BOOTSTRAP_WRONG /* an argument that there is not; said on standard error */
};

struct bootstrap {
    Mu__Node__V1__Bootstrap *word; /* owned: the supervisor's; NULL by hand */
    const char *name;              /* borrowed: from the word, the arguments or the service */
    const char *version;           /* borrowed the same way */
    const char *dir;               /* borrowed from the arguments; NULL: the default place */
    char address[ADDRESS_MAX];
    char state_dir[2 * PLACE_PATH_MAX];
};

/* Reads the arguments: `--help`, `--version`, `--dir DIR`, `--name NAME`. */
enum bootstrap_wish bootstrap_read_arguments(
        struct bootstrap *bootstrap, const struct mu_service *service, int argc, char **argv);

/* Prints what `--help` and `--version` ask for. */
void bootstrap_print(
        enum bootstrap_wish wish, const struct mu_service *service, const char *program);

/* Takes the supervisor's word from descriptor `fd`, and closes that; where there is none, finds the
 * node by itself. Returns 0; -EINVAL for a word that cannot be read, or a name that is none;
 * -ENAMETOOLONG; -errno. */
int bootstrap_find(struct bootstrap *bootstrap, const struct mu_service *service, int fd);

/* Safe on zeroes, and safe twice. */
void bootstrap_deinit(struct bootstrap *bootstrap);
