// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/interface/mu/exits.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/nodes.h"
#include "tests/unit/cli_output.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

static struct folder folder;
static struct output output;

static int open_folder(void **state)
{
    (void)state;
    folder_make(&folder);
    unsetenv("MU_DIR");
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void make(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder.path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* As the command line does for --dir `dir`. */
static struct cli cli_for(const char *dir)
{
    struct cli cli = { .dir = dir };

    assert_int_equal(place_find(&cli.place, dir), 0);
    return cli;
}

static void expect_dir(const struct cli *cli, const char *dir)
{
    struct nodes nodes;

    assert_int_equal(nodes_open(&nodes, cli, 1), EXIT_OK);
    assert_string_equal(nodes.dir, dir);
    nodes_close(&nodes);
}

static void test_the_folder_is_that_of_dir_or_of_the_environment_or_below_the_state(void **state)
{
    struct cli cli = cli_for("/tmp/some/");
    char here[PATH_MAX];
    char there[PATH_MAX + 8];

    (void)state;
    expect_dir(&cli, "/tmp/some");
    cli = cli_for("some");
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(there, sizeof(there), "%s/some", here);
    expect_dir(&cli, there);
    cli.dir = NULL;
    snprintf(cli.place.state, sizeof(cli.place.state), "/var/lib/mu");
    expect_dir(&cli, "/var/lib/mu/nodes");
    setenv("MU_DIR", "/tmp/other", 1);
    expect_dir(&cli, "/tmp/other");
    unsetenv("MU_DIR");
}

static void test_one_of_the_nodes_stands_for_all_of_them(void **state)
{
    struct cli cli = cli_for("/tmp/some/node2");

    (void)state;
    expect_dir(&cli, "/tmp/some");
    cli = cli_for("/tmp/some/node");
    expect_dir(&cli, "/tmp/some/node");
    cli = cli_for("/tmp/some/node2x");
    expect_dir(&cli, "/tmp/some/node2x");
}

static void test_those_that_are_there_are_found_and_those_wanted_are_named(void **state)
{
    struct cli cli = cli_for(folder.path);
    struct nodes nodes;

    (void)state;
    assert_int_equal(nodes_open(&nodes, &cli, 0), EXIT_OK);
    assert_int_equal(nodes.count, 0);
    nodes_close(&nodes);
    make("node1");
    make("node3");
    make("other");
    assert_int_equal(nodes_open(&nodes, &cli, 0), EXIT_OK);
    assert_int_equal(nodes.count, 2);
    assert_string_equal(nodes.all[1].name, "node3");
    nodes_close(&nodes);
    nodes_close(&nodes);
    assert_int_equal(nodes_open(&nodes, &cli, NODES_MAX), EXIT_OK);
    assert_int_equal(nodes.count, NODES_MAX);
    assert_string_equal(nodes.all[NODES_MAX - 1].name, "node16");
    assert_non_null(strstr(nodes.all[1].cli.place.bus, "/node2/run/bus.sock"));
    nodes_close(&nodes);
}

static void test_a_folder_that_is_a_node_means_itself_and_one_that_holds_some_means_them(
        void **state)
{
    struct cli cli = cli_for(folder.path);
    char path[PATH_MAX];

    (void)state;
    assert_false(nodes_are_meant(&cli));
    make("node1");
    assert_true(nodes_are_meant(&cli));
    make("run");
    assert_false(nodes_are_meant(&cli));
    snprintf(path, sizeof(path), "%s/node1", folder.path);
    cli = cli_for(path);
    assert_false(nodes_are_meant(&cli));
}

static void test_where_no_node_runs_but_several_are_there_it_says_how_to_speak_to_one(void **state)
{
    struct cli cli = cli_for(folder.path);
    char path[PATH_MAX];

    (void)state;
    output_catch(&output, stderr);
    failure_of_open(&cli, -ENOENT);
    output_release(&output);
    assert_null(strstr(output.text, "MU_DIR"));
    make("node1");
    output_catch(&output, stderr);
    failure_of_open(&cli, -ENOENT);
    output_release(&output);
    snprintf(path, sizeof(path), "export MU_DIR=%s/node1\n", folder.path);
    assert_non_null(strstr(output.text, path));
    snprintf(path, sizeof(path), "%s/node1", folder.path);
    cli = cli_for(path);
    output_catch(&output, stderr);
    failure_of_open(&cli, -ENOENT);
    output_release(&output);
    assert_null(strstr(output.text, "MU_DIR"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_the_folder_is_that_of_dir_or_of_the_environment_or_below_the_state),
        TEST(test_one_of_the_nodes_stands_for_all_of_them),
        TEST(test_those_that_are_there_are_found_and_those_wanted_are_named),
        TEST(test_a_folder_that_is_a_node_means_itself_and_one_that_holds_some_means_them),
        TEST(test_where_no_node_runs_but_several_are_there_it_says_how_to_speak_to_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
