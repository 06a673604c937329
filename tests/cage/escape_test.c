// SPDX-License-Identifier: Apache-2.0
/* The escape matrix: every attempt (tests/cage/escape.c) in every kind of cage, each cell as the
 * table below says. As root with uids of their own, and as nobody, who needs user namespaces.
 *
 * `+` it can, `-` it is refused, `x` it is killed. Where landlock alone draws the bounds a `+` says
 * what that costs: it does not know of sockets in folders, nor of maps of one's own files. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "kernel/cage/offer.h"
#include "kernel/cage/owner.h"
#include "kernel/cage/spawn.h"
#include "tests/unit/cmocka.h"

enum { NOBODY = 65534, PATH_SIZE = 256, SPAWNS = 40, KINDS = 6, WORDS = CAGE_WORDS_MAX + 16 };

enum kind { SERVICE, BARE, CLIENT, SERVER, PROCESSES, ROUTER };

static const char *const kind_names[KINDS] = {
    [SERVICE] = "service",
    [BARE] = "service without namespaces",
    [CLIENT] = "network: client",
    [SERVER] = "network: server",
    [PROCESSES] = "processes",
    [ROUTER] = "the router",
};

/* What an attempt is made on. */
enum target { NONE, OTHERS_FILE, OWN_DATA, OTHERS_SOCKET, ABSTRACT, PORT, VICTIM, TARGETS };

static const struct row {
    const char *attempt;
    enum target target;
    const char *argument; /* with NONE */
    char cells[KINDS + 1];
} rows[] = {
    /* what it may */
    { "nothing", NONE, "", "++++++" },
    { "write-in", OWN_DATA, NULL, "++++++" },
    { "write-in", NONE, "/tmp", "+-++++" },
    { "thread", NONE, "", "++++++" },
    { "raise", NONE, "", "++++++" },
    { "read", NONE, "/usr/bin/env", "++++++" },
    { "read", NONE, "/proc/self/status", "+-+++-" },
    { "locked-thread", NONE, "", "++++++" },
    { "locked-data", OWN_DATA, NULL, "++++++" },
    /* files */
    { "read", NONE, "/etc/passwd", "------" },
    { "read", NONE, "/root", "------" },
    { "read", NONE, "/sys/kernel", "------" },
    { "read", OTHERS_FILE, NULL, "------" },
    { "write", OTHERS_FILE, NULL, "------" },
    { "write", NONE, "/usr/escaped", "------" },
    { "write", NONE, "/proc/sys/kernel/core_pattern", "------" },
    { "write", NONE, "/dev/mem", "------" },
    { "write", NONE, "/dev/kmsg", "------" },
    { "way-up", OWN_DATA, NULL, "------" },
    { "symlink", OWN_DATA, NULL, "------" },
    { "hard-link", OTHERS_FILE, NULL, "------" },
    { "large-file", OWN_DATA, NULL, "------" },
    { "mknod", OWN_DATA, NULL, "xxxxxx" },
    { "type", NONE, "", "------" },
    /* sockets */
    { "unix", OTHERS_SOCKET, NULL, "-+----" },
    { "unix", ABSTRACT, NULL, "------" },
    { "tcp", PORT, NULL, "--++--" },
    { "udp", PORT, NULL, "--++--" },
    { "listen", NONE, "", "---+--" },
    { "raw", NONE, "", "------" },
    { "netlink", NONE, "", "------" },
    { "packet", NONE, "", "------" },
    /* other processes */
    { "kill", VICTIM, NULL, "xxxx-x" },
    { "ptrace", VICTIM, NULL, "xxxxxx" },
    { "memory-of", VICTIM, NULL, "xxxxxx" },
    { "pidfd", VICTIM, NULL, "xxxx-x" },
    { "see", VICTIM, NULL, "------" },
    { "fork", NONE, "", "xxxx+x" },
    { "exec", NONE, "/usr/bin/true", "----+-" },
    { "exec-own", OWN_DATA, NULL, "------" },
    { "unshare", NONE, "", "xxxxxx" },
    { "clone-user", NONE, "", "xxxxxx" },
    { "setns", NONE, "", "xxxxxx" },
    /* the kernel */
    { "mount", NONE, "", "xxxxxx" },
    { "umount", NONE, "", "xxxxxx" },
    { "chroot", NONE, "", "xxxxxx" },
    { "io-uring", NONE, "", "------" },
    { "keyctl", NONE, "", "xxxxxx" },
    { "bpf", NONE, "", "xxxxxx" },
    { "perf", NONE, "", "xxxxxx" },
    { "userfaultfd", NONE, "", "xxxxxx" },
    { "module", NONE, "", "xxxxxx" },
    { "reboot", NONE, "", "xxxxxx" },
    { "swap", NONE, "", "xxxxxx" },
    { "klog", NONE, "", "xxxxxx" },
    { "clock", NONE, "", "xxxxxx" },
    { "hostname", NONE, "", "xxxxxx" },
    { "personality", NONE, "", "xxxxxx" },
    { "shared-memory", NONE, "", "xxxxxx" },
    { "semaphores", NONE, "", "xxxxxx" },
    { "queue", NONE, "", "xxxxxx" },
    /* memory */
    { "writable-code", NONE, "", "xxxxxx" },
    { "code-from-data", NONE, "", "xxxxxx" },
    { "code-from-memfd", NONE, "", "------" },
    { "code-from-file", OWN_DATA, NULL, "-+----" },
    /* itself */
    { "setuid", NONE, "", "xxxxxx" },
    { "setgid", NONE, "", "xxxxxx" },
    { "setgroups", NONE, "", "xxxxxx" },
    { "powers", NONE, "", "------" },
    { "new-privileges", NONE, "", "------" },
    { "dumpable", NONE, "", "xxxxxx" },
    { "more-files", NONE, "", "------" },
    { "core", NONE, "", "------" },
    { "descriptors", NONE, "", "------" },
    /* after libmu's lock */
    { "locked-socket", NONE, "", "------" },
    { "locked-exec", NONE, "/usr/bin/true", "xxxxxx" },
    { "locked-code", OWN_DATA, NULL, "------" },
    { "locked-dump", NONE, "", "------" },
};

/* One world: a folder with both programs, somebody else's things, and the folder of a service. */
struct world {
    char dir[PATH_SIZE];
    char exec[PATH_SIZE];
    char escape[PATH_SIZE];
    char channel[PATH_SIZE];
    char targets[TARGETS][PATH_SIZE];
    struct cage_offer offer;
    pid_t victim;
    uint32_t uid; /* of the service */
};

static struct world world;

static void copy(const char *from, const char *to)
{
    static char bytes[1 << 20];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    ssize_t size;

    assert_true(in >= 0 && out >= 0);
    while ((size = read(in, bytes, sizeof(bytes))) > 0)
        assert_int_equal(write(out, bytes, (size_t)size), size);
    close(in);
    close(out);
}

static const char *in_world(char path[PATH_SIZE], const char *name)
{
    snprintf(path, PATH_SIZE, "%.100s/%s", world.dir, name);
    return path;
}

static void listen_at(int fd, const void *address, size_t size)
{
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, address, (socklen_t)size), 0);
    assert_int_equal(listen(fd, 64), 0);
}

static void make_sockets(void)
{
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    struct sockaddr_in port = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    in_world(world.targets[OTHERS_SOCKET], "others/bus.sock");
    snprintf(path.sun_path, sizeof(path.sun_path), "%.100s", world.targets[OTHERS_SOCKET]);
    listen_at(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &path, sizeof(path));
    chmod(world.targets[OTHERS_SOCKET], 0666);
    snprintf(world.targets[ABSTRACT], PATH_SIZE, "@mu-cage-%d", (int)getpid());
    memcpy(name.sun_path + 1, world.targets[ABSTRACT] + 1, strlen(world.targets[ABSTRACT]) - 1);
    listen_at(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &name,
            offsetof(struct sockaddr_un, sun_path) + strlen(world.targets[ABSTRACT]));
    listen_at(fd, &port, sizeof(port));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&port, &size), 0);
    snprintf(world.targets[PORT], PATH_SIZE, "%u", ntohs(port.sin_port));
}

static void make_folders(void)
{
    char path[PATH_SIZE];
    int fd;

    assert_int_equal(mkdir(in_world(path, "others"), 0755), 0);
    assert_int_equal(mkdir(in_world(path, "data"), 0755), 0);
    assert_int_equal(mkdir(in_world(world.targets[OWN_DATA], "data/service"), 0755), 0);
    assert_int_equal(mkdir(in_world(world.channel, "channel"), 0755), 0);
    fd = open(in_world(world.targets[OTHERS_FILE], "others/file"), O_CREAT | O_WRONLY | O_CLOEXEC,
            0666);
    assert_true(fd >= 0);
    fchmod(fd, 0666);
    close(fd);
}

static int setup(void **state)
{
    (void)state;
    umask(022);
    snprintf(world.dir, sizeof(world.dir), "/tmp/mu-cage-XXXXXX");
    assert_non_null(mkdtemp(world.dir));
    chmod(world.dir, 0755);
    copy(TEST_EXEC, in_world(world.exec, "mu-exec"));
    copy(TEST_ESCAPE, in_world(world.escape, "escape"));
    make_folders();
    make_sockets();
    world.victim = fork();
    if (world.victim == 0) {
        pause();
        _exit(0);
    }
    snprintf(world.targets[VICTIM], PATH_SIZE, "%d", (int)world.victim);
    offer_find(&world.offer, world.exec);
    world.uid = geteuid();
    if (world.offer.owners) {
        char data[PATH_SIZE];

        assert_int_equal(owner_find(in_world(data, "data"), "service", &world.uid), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    char command[PATH_SIZE + 16];

    (void)state;
    kill(world.victim, SIGKILL);
    waitpid(world.victim, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf %s", world.dir);
    return system(command); /* NOLINT(cert-env33-c): a fixed command on a folder of its own */
}

/* ---- cages ---- */

static void make_cage(struct cage *cage, enum kind kind)
{
    struct cage_offer offer = world.offer;
    struct cage_wish wish = { .router = kind == ROUTER };
    struct cage_plan plan;

    if (kind == BARE)
        offer.namespaces = offer.by_user_ns = offer.owners = offer.proc = false;
    if (kind == CLIENT)
        wish.network = CAGE_NETWORK_CLIENT;
    if (kind == SERVER)
        wish.network = CAGE_NETWORK_SERVER;
    plan = plan_cage(&offer, &wish);
    *cage = (struct cage){ .steps = plan.steps,
        .uid = (plan.steps & CAGE_OWNER) != 0 ? world.uid : geteuid(),
        .gid = (plan.steps & CAGE_OWNER) != 0 ? world.uid : getegid(),
        .network = wish.network,
        .processes = kind == PROCESSES,
        .router = wish.router,
        .data = world.targets[OWN_DATA],
        .channel = world.channel };
}

/* mu-exec's own words of the cage: files of up to 1 MiB. Returns how many. */
static size_t write_limits(const char **words)
{
    words[0] = "--file-mib";
    words[1] = "1";
    return 2;
}

/* Starts mu-exec as the supervisor does, with the gate open. Returns the wait status. */
static int run(const struct cage *cage, const char *attempt, const char *argument)
{
    const char *words[WORDS] = { "mu-exec", "--parent", NULL };
    char text[CAGE_TEXT_MAX];
    char parent[16];
    size_t count = 3;
    int status = -1;
    int pid_fd = -1;
    int gate[2];
    pid_t pid;

    snprintf(parent, sizeof(parent), "%d", (int)getpid());
    words[2] = parent;
    count += cage->steps != 0 ? write_limits(words + count) : 0;
    count += cage->steps != 0 ? cage_write(cage, words + count, text) : 0;
    words[count++] = "--";
    words[count++] = world.escape;
    words[count++] = attempt;
    words[count++] = argument;
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    assert_int_equal(write(gate[1], "", 1), 1);
    pid = spawn(cage->steps, &pid_fd);
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        for (int fd = 0; fd <= 3; fd++)
            dup2(fd == 2 ? 2 : null, fd);
        dup2(gate[0], 4);
        if (spawn_prepare(cage->steps) == 0)
            execve(world.exec, (char *const *)(uintptr_t)words, (char *[]){ NULL });
        _exit(3);
    }
    close(gate[0]);
    close(gate[1]);
    close(pid_fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* ---- the matrix ---- */

static char cell_of(int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return 'x';
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
        return WEXITSTATUS(status) == 0 ? '+' : '-';
    return '?';
}

/* A build with a sanitizer allows more calls, and its processes read /proc and start a symbolizer:
 * what that opens is not what is asked here. */
static bool is_left_out(const struct row *row, enum kind kind)
{
    static const char *const widened[] = { "more-files", "see", "exec" };

    if (!CAGE_IS_INSTRUMENTED)
        return false;
    for (size_t i = 0; i < sizeof(widened) / sizeof(widened[0]); i++) {
        if (strcmp(row->attempt, widened[i]) == 0)
            return true;
    }
    return row->cells[kind] == 'x' ||
           (row->target == NONE && strcmp(row->argument, "/proc/self/status") == 0);
}

static unsigned try_all(enum kind kind, unsigned *triedp)
{
    struct cage cage;
    unsigned wrong = 0;

    make_cage(&cage, kind);
    assert_int_equal(owner_give(world.targets[OWN_DATA], cage.uid), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        const char *argument = row->target == NONE ? row->argument : world.targets[row->target];
        char got;

        if (is_left_out(row, kind))
            continue;
        *triedp += 1;
        got = cell_of(run(&cage, row->attempt, argument));
        if (got == row->cells[kind])
            continue;
        wrong += 1;
        print_message("%s: %s %s: `%c`, expected `%c`\n", kind_names[kind], row->attempt, argument,
                got, row->cells[kind]);
    }
    return wrong;
}

static void test_every_attempt_ends_as_the_table_says(void **state)
{
    unsigned tried = 0;
    unsigned wrong = 0;

    (void)state;
    assert_true(world.offer.filter && world.offer.landlock);
    for (int kind = 0; kind < KINDS; kind++) {
        if (kind == BARE || world.offer.namespaces)
            wrong += try_all((enum kind)kind, &tried);
    }
    print_message("%u attempts as uid %u, namespaces %s, %u not as expected\n", tried,
            (unsigned)geteuid(),
            !world.offer.namespaces  ? "refused by this machine"
            : world.offer.by_user_ns ? "by way of a user namespace"
                                     : "as root",
            wrong);
    assert_int_equal(wrong, 0);
}

/* Without a cage nearly all of it works: the attempts attempt something. */
static void test_without_a_cage_the_attempts_succeed(void **state)
{
    const struct cage none = { .steps = 0 };
    static const struct {
        const char *attempt;
        enum target target;
        const char *argument;
    } free_rows[] = {
        { "read", NONE, "/etc/passwd" },
        { "read", OTHERS_FILE, NULL },
        { "write", OTHERS_FILE, NULL },
        { "way-up", OWN_DATA, NULL },
        { "large-file", OWN_DATA, NULL },
        { "unix", OTHERS_SOCKET, NULL },
        { "unix", ABSTRACT, NULL },
        { "tcp", PORT, NULL },
        { "listen", NONE, "" },
        { "netlink", NONE, "" },
        { "kill", VICTIM, NULL },
        { "memory-of", VICTIM, NULL },
        { "pidfd", VICTIM, NULL },
        { "see", VICTIM, NULL },
        { "fork", NONE, "" },
        { "exec", NONE, "/usr/bin/true" },
        { "exec-own", OWN_DATA, NULL },
        { "shared-memory", NONE, "" },
        { "writable-code", NONE, "" },
        { "code-from-data", NONE, "" },
        { "code-from-memfd", NONE, "" },
        { "code-from-file", OWN_DATA, NULL },
        { "personality", NONE, "" },
        { "dumpable", NONE, "" },
        { "more-files", NONE, "" },
    };

    (void)state;
    assert_int_equal(owner_give(world.targets[OWN_DATA], geteuid()), 0);
    for (size_t i = 0; i < sizeof(free_rows) / sizeof(free_rows[0]); i++) {
        const char *argument = free_rows[i].target == NONE ? free_rows[i].argument
                                                           : world.targets[free_rows[i].target];
        int status = run(&none, free_rows[i].attempt, argument);

        if (strcmp(free_rows[i].attempt, "memory-of") == 0 && WEXITSTATUS(status) == 1)
            continue; /* its stack lies elsewhere: asked, not found */
        if (status != 0)
            fail_msg("%s %s: %c", free_rows[i].attempt, argument, cell_of(status));
    }
}

static int compare(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)other;

    return (a > b) - (a < b);
}

static uint64_t median_us(const struct cage *cage)
{
    uint64_t times_us[SPAWNS];

    for (size_t i = 0; i < SPAWNS; i++) {
        uint64_t began_us = clock_us();

        assert_int_equal(run(cage, "nothing", ""), 0);
        times_us[i] = clock_us() - began_us;
    }
    qsort(times_us, SPAWNS, sizeof(times_us[0]), compare);
    return times_us[SPAWNS / 2];
}

/* Printed, not asserted: it is the machine's time, too. */
static void test_what_a_cage_costs_a_start(void **state)
{
    const struct cage none = { .steps = 0 };
    struct cage cage;
    uint64_t plain_us;
    uint64_t caged_us;

    (void)state;
    make_cage(&cage, SERVICE);
    plain_us = median_us(&none);
    caged_us = median_us(&cage);
    print_message("a start, median of %d: %.1f ms plain, %.1f ms in a cage, %.1f ms more\n", SPAWNS,
            (double)plain_us / 1000, (double)caged_us / 1000,
            ((double)caged_us - (double)plain_us) / 1000);
}

static int escape_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_attempt_ends_as_the_table_says),
        cmocka_unit_test(test_without_a_cage_the_attempts_succeed),
        cmocka_unit_test(test_what_a_cage_costs_a_start),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

/* The same again as somebody without any rights. */
int main(void)
{
    int status = 0;
    pid_t pid;

    if (geteuid() != 0)
        return escape_tests();
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
            return 1;
        return escape_tests();
    }
    waitpid(pid, &status, 0);
    return escape_tests() + (status != 0);
}
