// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/protoc_process.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

int process_run(const char *const *arguments, char *output, size_t size)
{
    posix_spawn_file_actions_t actions;
    int printed = memfd_create("output", MFD_CLOEXEC);
    ssize_t got;
    int status;
    pid_t pid;

    assert_true(printed >= 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, printed, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, printed, STDERR_FILENO);
    assert_int_equal(posix_spawn(&pid, arguments[0], &actions, NULL,
                             (char *const *)(uintptr_t)arguments, environ),
            0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    got = pread(printed, output, size - 1, 0);
    assert_true(got >= 0);
    output[got] = '\0';
    close(printed);
    return WEXITSTATUS(status);
}
