// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/boot.h"

#include <errno.h>
#include <pwd.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/prefix.h"

enum { BOOT_ARGS_MAX = 9 };

static bool boot_is_done(struct cli *cli)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *reply = NULL;
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;
    struct mu_status status;

    return bus_ask(cli, "node.Status", &request.base, &mu__node__v1__status_reply__descriptor, 0,
                   (ProtobufCMessage **)&reply, &status) == MU_OK;
}

/* Root can write into everybody's folders; a node that it started there would leave files that
 * their owner's next one cannot open. */
static int boot_is_ours(const struct cli *cli)
{
    const struct passwd *owner;
    struct stat found;

    if (stat(cli->place.state, &found) < 0 || found.st_uid == geteuid())
        return EXIT_OK;
    owner = getpwuid(found.st_uid);
    return (int)failure_say(cli, EXIT_DENIED,
            "start it as that user, or where systemd does: systemctl start mu-node\n"
            "or take another folder: --dir DIR",
            "the node in %s is %s's", cli->place.state, owner != NULL ? owner->pw_name : "another");
}

/* mu-node goes into the background by itself; it says on standard error what keeps it from that. */
static int boot_spawn(const struct cli *cli, const char *name)
{
    char program[PATH_MAX];
    char *args[BOOT_ARGS_MAX] = { program, "--daemon" };
    int count = 2;
    int state = 0;
    int error = prefix_join(program, "libexec/mu/mu-node");
    pid_t pid = 0;

    if (cli->dir != NULL) {
        args[count++] = "--dir";
        args[count++] = (char *)cli->dir;
    }
    if (name != NULL) {
        args[count++] = "--name";
        args[count++] = (char *)name;
    }
    if (error == 0)
        error = -posix_spawn(&pid, program, NULL, NULL, args, environ);
    if (error < 0)
        return (int)failure_say(cli, EXIT_INTERNAL, "install Mu again: cmake/up",
                "cannot start %s: %s", program, strerror(-error));
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return EXIT_OK;
    return (int)failure_say(cli, EXIT_UNAVAILABLE, "see what is wrong: mu doctor",
            "the node at %s did not start", cli->place.run);
}

uint32_t boot_wait_ms(const struct cli *cli)
{
    return cli->timeout_ms != 0 ? cli->timeout_ms : BOOT_WAIT_MS;
}

int boot(struct cli *cli, const char *name, bool *startedp)
{
    int code;

    if (boot_is_done(cli))
        return EXIT_OK;
    bus_close(cli);
    code = boot_is_ours(cli);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "starting a node at %s", cli->place.run);
    code = boot_spawn(cli, name);
    if (code != EXIT_OK)
        return code;
    *startedp = true;
    return EXIT_OK;
}
