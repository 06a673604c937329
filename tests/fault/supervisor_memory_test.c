// SPDX-License-Identifier: Apache-2.0
/* What the supervisor does, with the first, the second, … allocation failing, until none does: it
 * says so, leaks nothing, and the next try succeeds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/config.h"
#include "kernel/control.h"
#include "kernel/launch.h"
#include "kernel/process.h"
#include "kernel/request.h"
#include "kernel/view.h"
#include "tests/fault/failing_memory.h"
#include "tests/unit/cmocka.h"

/* Runs `work` with each of its allocations failing in turn, and at last with none. */
static void try_all(int (*work)(void))
{
    unsigned failures = 0;

    for (unsigned number = 1; number < 1000; number++) {
        int r;

        memory_left = number;
        r = work();
        if (memory_left != 0) {
            memory_left = 0;
            assert_int_equal(r, 0);
            assert_true(failures > 0);
            return;
        }
        assert_true(r < 0);
        failures += 1;
    }
    fail_msg("it never succeeds");
}

static char folder[64];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/mu-memory-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = { "/run/i", "/run", "/state/log/a.log", "/state/log",
        "/state/data/a", "/state/data", "/state", "/a.yaml", "" };
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", folder, names[i]);
        remove(path);
    }
    return access(folder, F_OK) == 0 ? -1 : 0;
}

/* A manifest that fills every list. */
static int make_config(struct service_config **configp, const char *version)
{
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    char *needs[] = { (char *)"b", (char *)"c" };

    manifest.name = (char *)"a";
    manifest.program = (char *)"/bin/true";
    manifest.version = (char *)version;
    manifest.needs = needs;
    manifest.n_needs = 2;
    return config_from_manifest(configp, &manifest, NULL);
}

/* ---- the core ---- */

static int work_apply(void)
{
    struct supervisor supervisor;
    struct service_config *config = NULL;
    char text[64];
    int r;

    supervisor_init(&supervisor, 1);
    r = make_config(&config, "1");
    if (r == 0)
        r = request_apply(&supervisor, config, false, 1, text, sizeof(text));
    free(config);
    supervisor_deinit(&supervisor);
    return r;
}

static void test_applying_a_manifest_needs_memory(void **state)
{
    (void)state;
    try_all(work_apply);
}

static void test_a_service_that_cannot_be_renewed_stays_and_is_renewed_later(void **state)
{
    struct supervisor supervisor;
    struct service_config *config;
    char text[64];
    const struct service *service;

    (void)state;
    supervisor_init(&supervisor, 1);
    assert_int_equal(make_config(&config, "1"), 0);
    assert_int_equal(request_apply(&supervisor, config, false, 1, text, sizeof(text)), 0);
    free(config);
    assert_int_equal(make_config(&config, "2"), 0);
    memory_left = 2; /* the copy succeeds, the new children do not */
    assert_int_equal(request_apply(&supervisor, config, false, 1, text, sizeof(text)), 0);
    assert_int_equal(memory_left, 0);
    free(config);
    service = plan_find(&supervisor.services, "a");
    assert_string_equal(service->config->version, "1");
    supervisor_tick(&supervisor, 2);
    assert_string_equal(service->config->version, "2");
    assert_int_equal(service->children[0].state, CHILD_WAITING);
    supervisor_deinit(&supervisor);
}

/* ---- the shell ---- */

static void on_received(const struct envelope *envelope, void *user)
{
    (void)envelope;
    (void)user;
}

static bool was_cut;

static void on_cut(void *user)
{
    (void)user;
    was_cut = true;
}

static int work_control(void)
{
    static const struct control_events events = { .received = on_received, .cut = on_cut };
    struct control control;
    struct loop loop;
    int router = -1;
    int r;

    was_cut = false;
    assert_int_equal(loop_open(&loop), 0);
    r = control_init(&control, &loop, &events, NULL);
    if (r == 0) {
        r = control_open(&control, &router);
        control_call(&control, "router.Dismiss", (struct span){ (const uint8_t *)"x", 1 });
        control_settle(&control);
        if (was_cut)
            r = -ENOMEM;
    }
    control_deinit(&control);
    loop_close(&loop);
    if (router >= 0)
        close(router);
    return r;
}

static void test_a_router_that_cannot_be_told_is_given_up(void **state)
{
    (void)state;
    try_all(work_control);
}

static void on_ended(struct loop_source *source, uint32_t events)
{
    (void)source;
    (void)events;
}

/* Forks a process up to its gate, watches it, and lets it go. */
static int work_launch(void)
{
    char libexec[FOLDER_PATH_MAX];
    static const struct sandbox_terms sandbox = { .min = GRADE_D };
    struct launch_trouble trouble;
    struct list processes;
    struct list logs;
    struct place place;
    struct folders folders;
    struct launch_node node = {
        .folders = &folders, .name = "n", .libexec = libexec, .sandbox = &sandbox
    };
    struct service_config *config = NULL;
    struct service *service = NULL;
    struct logfile *log = NULL;
    struct process *process;
    struct launched launched;
    struct loop loop;
    int r;

    list_init(&processes);
    list_init(&logs);
    snprintf(libexec, sizeof(libexec), "%s", TEST_NODE);
    *strrchr(libexec, '/') = '\0';
    assert_int_equal(place_find(&place, folder), 0);
    assert_int_equal(folder_open(&folders, &place, trouble.program), 0);
    assert_int_equal(loop_open(&loop), 0);
    r = make_config(&config, "1");
    if (r == 0) {
        service = service_new(config);
        r = service != NULL ? logfile_open(&log, &logs, folders.logs, "a") : -ENOMEM;
    }
    if (service == NULL)
        free(config);
    if (r == 0) {
        const struct launch_order order = {
            .child = &service->children[0], .instance = 77, .index = 0, .control_fd = -1
        };

        r = launch(&launched, &node, &order, &trouble);
    }
    if (r == 0) {
        r = process_new(&process, &processes, &loop, &launched, log, on_ended, NULL);
        if (r == 0) {
            log = NULL;
            process_signal(process, 9);
            while (!process_reap(process, &(struct ending){ 0 }))
                loop_turn(&loop, -1);
            process_free(process);
        } else {
            process_abandon(&launched);
        }
        folder_remove_instance(&folders, 77);
    }
    logfile_close(log);
    service_free(service);
    loop_close(&loop);
    return r;
}

static void test_a_launch_happens_or_not(void **state)
{
    (void)state;
    try_all(work_launch);
}

static int work_list(void)
{
    static struct node node;
    Mu__Node__V1__ListReply *reply;
    struct service_config *config = NULL;
    char text[64];
    int r;

    supervisor_init(&node.supervisor, 1);
    r = make_config(&config, "1");
    if (r == 0)
        r = request_apply(&node.supervisor, config, false, 1, text, sizeof(text));
    free(config);
    reply = r == 0 ? view_list(&node) : NULL;
    if (r == 0 && reply == NULL)
        r = -ENOMEM;
    free(reply);
    supervisor_deinit(&node.supervisor);
    return r;
}

static void test_a_list_needs_memory(void **state)
{
    (void)state;
    try_all(work_list);
}

static int work_read(void)
{
    struct mu_schema_error error;
    char path[128];
    uint8_t *body;
    size_t size;
    int r;

    snprintf(path, sizeof(path), "%s/a.yaml", folder);
    r = mu_node_file_read(path, &body, &size, &error);
    if (r == 0)
        free(body);
    return r;
}

static void test_reading_a_node_file_needs_memory(void **state)
{
    char path[128];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/a.yaml", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("services: [{ name: a, program: ./a, args: [b] }, { name: c }]\n", file);
    fclose(file);
    try_all(work_read);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_applying_a_manifest_needs_memory),
        TEST(test_a_service_that_cannot_be_renewed_stays_and_is_renewed_later),
        TEST(test_a_router_that_cannot_be_told_is_given_up),
        TEST(test_a_launch_happens_or_not),
        TEST(test_a_list_needs_memory),
        TEST(test_reading_a_node_file_needs_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
