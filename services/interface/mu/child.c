// SPDX-License-Identifier: Apache-2.0
/* A process group of its own, so that ^C reaches only `mu run`, which then stops the service in
 * order. */
#include "services/interface/mu/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/place.h"
#include "mu/manifest.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/prefix.h"

enum {
    CHILD_GATE_FD = 4,    /* where mu-exec waits for a byte */
    CHILD_WORDS_MAX = 32, /* mu-exec's own, `--name` and `--dir`, besides paths and arguments */
    CHILD_NUMBER_MAX = 12,
    CHILD_TRY_AGAIN = 111
};

/* The words of a start, and what they lie in. */
struct child_words {
    char **words; /* owned; what they point to is not */
    size_t count;
    char exec[PATH_MAX];
    char data[PATH_MAX];
    struct place place;
    char parent[CHILD_NUMBER_MAX];
    char files[CHILD_NUMBER_MAX];
    char memory_mib[CHILD_NUMBER_MAX];
    char file_mib[CHILD_NUMBER_MAX];
};

static void child_words_free(const struct child_words *words)
{
    free(words->words);
}

static void child_say(struct child_words *words, const char *word)
{
    words->words[words->count++] = (char *)(uintptr_t)word;
}

static void child_say_both(struct child_words *words, const char *option, const char *value)
{
    child_say(words, option);
    child_say(words, value);
}

static void child_say_number(
        struct child_words *words, const char *option, char text[CHILD_NUMBER_MAX], uint32_t number)
{
    snprintf(text, CHILD_NUMBER_MAX, "%u", number);
    child_say_both(words, option, text);
}

/* The folder for what must last, which the program itself makes outside of a sandbox. */
static int child_find_folders(struct child_words *words, const struct cli *cli, const char *name)
{
    int r = place_find(&words->place, cli->dir);

    if (r == 0)
        r = prefix_join(words->exec, "libexec/mu/mu-exec");
    if (r < 0)
        return r;
    snprintf(words->data, sizeof(words->data), "%s/by-hand/%.64s", words->place.state, name);
    return place_make(words->data, 0700);
}

static void child_say_limits(struct child_words *words, const Mu__Node__V1__Manifest *manifest)
{
    const struct mu_manifest_values values = mu_manifest_values(manifest);

    child_say_number(words, "--files", words->files, values.files);
    child_say_number(words, "--memory-mib", words->memory_mib, values.memory_mib);
    child_say_number(words, "--file-mib", words->file_mib, values.file_mib);
}

static void child_say_wishes(struct child_words *words, const Mu__Node__V1__Sandbox *sandbox)
{
    if (sandbox->network[0] != '\0')
        child_say_both(words, "--network", sandbox->network);
    if (sandbox->executable_memory)
        child_say(words, "--executable-memory");
    if (sandbox->processes)
        child_say(words, "--processes");
    for (size_t i = 0; i < sandbox->n_read; i++)
        child_say_both(words, "--read", sandbox->read[i]);
    for (size_t i = 0; i < sandbox->n_write; i++)
        child_say_both(words, "--write", sandbox->write[i]);
}

/* What stands before the program: mu-exec, and what it is to know. */
static int child_say_sandbox(
        struct child_words *words, const struct cli *cli, const Mu__Node__V1__Manifest *manifest)
{
    int r = child_find_folders(words, cli, manifest->name);

    if (r < 0)
        return r;
    child_say_both(words, words->exec, "--by-hand");
    child_say_number(words, "--parent", words->parent, (uint32_t)getpid());
    child_say_both(words, "--data", words->data);
    child_say_both(words, "--channel", words->place.run);
    child_say_limits(words, manifest);
    if (manifest->sandbox != NULL)
        child_say_wishes(words, manifest->sandbox);
    child_say(words, "--");
    return 0;
}

/* Returns 0 or -errno. */
static int child_say_all(
        struct child_words *words, const struct cli *cli, const struct child_order *order)
{
    const Mu__Node__V1__Manifest *manifest = order->manifest;
    int r = 0;

    words->words = calloc(CHILD_WORDS_MAX + 4 * MU_MANIFEST_PATHS_MAX + manifest->n_args + 1,
            sizeof(*words->words));
    if (words->words == NULL)
        return -ENOMEM;
    if (order->sandboxed)
        r = child_say_sandbox(words, cli, manifest);
    child_say(words, order->program);
    child_say_both(words, "--name", manifest->name);
    if (cli->dir != NULL)
        child_say_both(words, "--dir", cli->dir);
    for (size_t i = 0; i < manifest->n_args; i++)
        child_say(words, manifest->args[i]);
    return r;
}

/* Between fork and exec; the process has one thread or only uses what is safe after a fork. `gate`
 * is a pipe with a byte in it, lifted above what it becomes. */
static _Noreturn void child_exec(
        char **words, const struct child_order *order, pid_t parent, int gate)
{
    const Mu__Node__V1__Manifest *manifest = order->manifest;
    sigset_t none;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(CHILD_TRY_AGAIN);
    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
    if (order->sandboxed) {
        dup2(gate, CHILD_GATE_FD);
        setenv("TMPDIR", "/tmp", 1); /* the one of its own */
    }
    for (size_t i = 0; i < manifest->n_env; i++)
        setenv(manifest->env[i]->key, manifest->env[i]->value, 1);
    execv(words[0], words);
    _exit(127);
}

/* A pipe with a byte in it, to be read from above CHILD_GATE_FD. Returns its descriptor, or -errno.
 */
static int child_open_gate(void)
{
    int gate[2];
    int lifted;

    if (pipe2(gate, O_CLOEXEC) < 0)
        return -errno;
    lifted = write(gate[1], "", 1) == 1 ? fcntl(gate[0], F_DUPFD_CLOEXEC, CHILD_GATE_FD + 1) : -1;
    close(gate[0]);
    close(gate[1]);
    return lifted >= 0 ? lifted : -EMFILE;
}

/* Returns 0 or -errno. */
static int child_fork(
        struct child *child, const struct child_words *words, const struct child_order *order)
{
    pid_t parent = getpid();
    int gate = child_open_gate();
    int r = 0;

    if (gate < 0)
        return gate;
    fflush(NULL);
    child->pid = fork();
    if (child->pid == 0)
        child_exec(words->words, order, parent, gate);
    if (child->pid > 0)
        child->fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pid < 0 || child->fd < 0)
        r = -errno;
    close(gate);
    return r;
}

int child_start(struct child *child, const struct cli *cli, const struct child_order *order)
{
    CLEANUP(child_words_free) struct child_words words = { 0 };
    int r = child_say_all(&words, cli, order);

    if (r == 0)
        r = child_fork(child, &words, order);
    if (r == -ENOMEM)
        return (int)failure_of_memory(cli);
    if (r < 0)
        return (int)failure_say(
                cli, EXIT_INTERNAL, NULL, "cannot start %s: %s", order->program, strerror(-r));
    return EXIT_OK;
}

int child_take(struct child *child)
{
    int state = 0;

    while (waitpid(child->pid, &state, 0) < 0 && errno == EINTR)
        ;
    close(child->fd);
    *child = (struct child){ .fd = -1 };
    return state;
}

void child_stop(struct child *child, uint32_t wait_ms)
{
    struct pollfd gone = { .fd = child->fd, .events = POLLIN };

    if (child->pid == 0)
        return;
    kill(child->pid, SIGTERM);
    while (poll(&gone, 1, (int)wait_ms) < 0 && errno == EINTR)
        ;
    if (gone.revents == 0)
        kill(child->pid, SIGKILL);
    child_take(child);
}
