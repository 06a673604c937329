// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/folder.h"
#include "kernel/lock.h"
#include "kernel/notify.h"
#include "kernel/usage.h"
#include "tests/unit/cmocka.h"

static char root[64];
static struct folders folders;

static int setup(void **state)
{
    char path[FOLDER_PATH_MAX];
    struct place place;

    (void)state;
    snprintf(root, sizeof(root), "/tmp/mu-folder-XXXXXX");
    if (mkdtemp(root) == NULL || place_find(&place, root) < 0)
        return -1;
    return folder_open(&folders, &place, path);
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    folder_close(&folders);
    snprintf(command, sizeof(command), "%s/run", root);
    rmdir(command);
    snprintf(command, sizeof(command), "%s/state/log", root);
    rmdir(command);
    snprintf(command, sizeof(command), "%s/state/data/a", root);
    rmdir(command);
    snprintf(command, sizeof(command), "%s/state/data/a.1", root);
    rmdir(command);
    snprintf(command, sizeof(command), "%s/state/data", root);
    rmdir(command);
    snprintf(command, sizeof(command), "%s/state", root);
    rmdir(command);
    return rmdir(root);
}

static void test_a_node_s_folders_are_its_owner_s_alone(void **state)
{
    struct stat stat_buffer;

    (void)state;
    assert_int_equal(stat(folders.place.run, &stat_buffer), 0);
    assert_int_equal(stat_buffer.st_mode & 0777, 0700);
    assert_int_equal(stat(folders.logs, &stat_buffer), 0);
    assert_int_equal(stat_buffer.st_mode & 0777, 0700);
}

static void test_a_folder_that_cannot_be_made_is_named(void **state)
{
    char path[FOLDER_PATH_MAX];
    struct folders other;
    struct place place;

    (void)state;
    assert_int_equal(place_find(&place, "/proc/nothing"), 0);
    assert_true(folder_open(&other, &place, path) < 0);
    assert_string_equal(path, "/proc/nothing/run");
}

static void test_what_a_killed_supervisor_left_is_swept(void **state)
{
    char path[FOLDER_PATH_MAX];
    int fd;

    (void)state;
    assert_int_equal(folder_make_instance(&folders, 77, getegid()), 0);
    assert_int_equal(folder_make_instance(&folders, 77, getegid()), -EEXIST);
    folder_socket(&folders, 77, path);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    folder_sweep(&folders);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(folder_make_instance(&folders, 77, getegid()), 0);
    folder_remove_instance(&folders, 77);
}

static void test_each_instance_has_a_folder_for_what_must_last(void **state)
{
    char path[FOLDER_PATH_MAX];
    char expected[FOLDER_PATH_MAX];

    (void)state;
    assert_int_equal(folder_make_data(&folders, "a", 0, path), 0);
    snprintf(expected, sizeof(expected), "%s/state/data/a", root);
    assert_string_equal(path, expected);
    assert_int_equal(folder_make_data(&folders, "a", 1, path), 0);
    snprintf(expected, sizeof(expected), "%s/state/data/a.1", root);
    assert_string_equal(path, expected);
    assert_int_equal(folder_make_data(&folders, "a", 1, path), 0);
}

static void test_a_second_supervisor_is_told_who_holds_the_lock(void **state)
{
    struct lock first;
    struct lock second = { .fd = -1 };
    pid_t holder = 0;

    (void)state;
    assert_int_equal(lock_open(&first, folders.place.run, &holder), 0);
    assert_int_equal(lock_open(&second, folders.place.run, &holder), -EBUSY);
    assert_int_equal(holder, getpid());
    lock_close(&second);
    lock_close(&first);
    assert_int_equal(lock_open(&second, folders.place.run, &holder), 0);
    lock_close(&second);
    lock_close(&second);
}

/* A supervisor that takes the lock, forks, and ends at once; what it forked lets go a little later.
 */
static void be_killed_behind_a_fork(void)
{
    enum { LINGERS_MS = 100 };
    struct lock lock;
    pid_t holder;

    if (lock_open(&lock, folders.place.run, &holder) == 0 && fork() == 0)
        poll(NULL, 0, LINGERS_MS);
    _exit(0);
}

static void test_the_lock_of_one_that_is_gone_is_had_when_its_last_child_is(void **state)
{
    struct lock lock;
    pid_t holder;
    pid_t killed = fork();

    (void)state;
    if (killed == 0)
        be_killed_behind_a_fork();
    assert_int_equal(waitpid(killed, NULL, 0), killed);
    assert_int_equal(lock_open(&lock, folders.place.run, &holder), 0);
    lock_close(&lock);
}

static void test_a_lock_on_a_file_that_was_removed_is_none(void **state)
{
    struct lock first;
    struct lock second;
    pid_t holder;

    (void)state;
    assert_int_equal(lock_open(&first, folders.place.run, &holder), 0);
    unlink(first.path);
    assert_int_equal(lock_open(&second, folders.place.run, &holder), 0);
    lock_close(&second);
    lock_close(&first);
    assert_int_equal(lock_open(&first, "/nowhere", &holder), -ENOENT);
}

static void test_what_a_process_takes_is_told(void **state)
{
    volatile uint64_t work = 1;

    (void)state;
    for (int i = 0; i < 50000000; i++)
        work = work * 31 + 7;
    assert_in_range(usage_memory_kib((uint32_t)getpid()), 100, 1000000);
    assert_in_range(usage_cpu_ms((uint32_t)getpid()), 10, 100000);
    assert_int_equal(usage_memory_kib(4194305), 0);
    assert_int_equal(usage_cpu_ms(4194305), 0);
}

static void test_the_service_manager_is_told(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char text[64] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/notify", root);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    notify_send("READY=1\nSTATUS=ready");
    assert_int_equal(
            recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT), strlen("READY=1\nSTATUS=ready"));
    assert_string_equal(text, "READY=1\nSTATUS=ready");
    unlink(address.sun_path);
    notify_send("STOPPING=1");
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_node_s_folders_are_its_owner_s_alone),
        TEST(test_a_folder_that_cannot_be_made_is_named),
        TEST(test_what_a_killed_supervisor_left_is_swept),
        TEST(test_each_instance_has_a_folder_for_what_must_last),
        TEST(test_a_second_supervisor_is_told_who_holds_the_lock),
        TEST(test_the_lock_of_one_that_is_gone_is_had_when_its_last_child_is),
        TEST(test_a_lock_on_a_file_that_was_removed_is_none),
        TEST(test_what_a_process_takes_is_told),
        TEST(test_the_service_manager_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
