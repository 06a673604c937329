// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/config.h"
#include "kernel/limits.h"
#include "mu/manifest.h"
#include "tests/unit/cmocka.h"

static char folder[64];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/mu-manifest-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/a.yaml", folder);
    unlink(path);
    return rmdir(folder);
}

static const char *write_file(const char *text)
{
    static char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/a.yaml", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static Mu__Node__V1__Manifest *read_manifest(const char *text)
{
    struct mu_schema_error error = { "" };
    ProtobufCMessage *message;
    uint8_t *body;
    size_t size;

    assert_int_equal(mu_manifest_read(write_file(text), &body, &size, &error), 0);
    message = mu_body_unpack(
            &mu__node__v1__manifest__descriptor, (struct mu_bytes){ body, size }, &error);
    assert_non_null(message);
    free(body);
    return (Mu__Node__V1__Manifest *)(void *)message;
}

static void refused(const char *text, const char *expected)
{
    struct mu_schema_error error = { "" };
    uint8_t *body;
    size_t size;

    assert_int_equal(mu_manifest_read(write_file(text), &body, &size, &error), -EINVAL);
    if (strstr(error.text, expected) == NULL)
        fail_msg("`%s` is not in `%s`", expected, error.text);
    assert_non_null(strstr(error.text, "/a.yaml: "));
}

static void test_a_name_is_enough(void **state)
{
    Mu__Node__V1__Manifest *manifest = read_manifest("name: greeter\n");
    const struct mu_manifest_values values = mu_manifest_values(manifest);

    (void)state;
    assert_string_equal(manifest->name, "greeter");
    assert_string_equal(values.version, "0.0.0");
    assert_int_equal(values.instances, 1);
    assert_int_equal(values.calls_max, 2048);
    assert_int_equal(values.calls_made_max, 0);
    assert_int_equal(values.rate, 0);
    assert_int_equal(values.memory_mib, 0);
    assert_int_equal(values.files, 1024);
    assert_int_equal(values.file_mib, 4096);
    assert_int_equal(values.policy, CHILD_ON_FAILURE);
    assert_int_equal(values.failures_max, 5);
    assert_int_equal(values.window_ms, 60000);
    assert_int_equal(values.backoff_max_ms, 30000);
    assert_int_equal(values.ready_timeout_ms, 10000);
    assert_int_equal(values.stop_timeout_ms, 5000);
    mu_body_free(&manifest->base);
}

static void test_a_namespace_is_named_like_a_service_and_is_not_for_the_node_s_parts(void **state)
{
    Mu__Node__V1__Manifest *manifest =
            read_manifest("name: shop\nnamespace: acme\nexports: [{ to: ['@namespace'] }]\n");

    (void)state;
    assert_string_equal(manifest->namespace_, "acme");
    mu_body_free(&manifest->base);
    refused("name: shop\nnamespace: Acme\n", "namespace: `Acme` cannot name one");
    refused("name: shop\nnamespace: 'a.b'\n", "namespace: `a.b` cannot name one");
    refused("name: auth\nnamespace: acme\n", "`auth` is a part of the node and has none");
    refused("name: link\nnamespace: acme\n", "`link` is a part of the node and has none");
    refused("name: shop\nexports: [{ to: ['@namespace'] }]\n",
            "exports.to: `@namespace` is for a service that has one");
}

static void test_everything_is_read(void **state)
{
    Mu__Node__V1__Manifest *manifest =
            read_manifest("name: shop\n"
                          "version: 1.2.3\n"
                          "program: /opt/shop\n"
                          "args: [--fast, '--deep']\n"
                          "env: { LEVEL: high }\n"
                          "needs: [store, auth]\n"
                          "calls: ['store.>']\n"
                          "instances: 3\n"
                          "limits: { calls_max: 7, memory_mib: 256, files: 64, file_mib: 9,\n"
                          "          calls_made_max: 8, rate: 50 }\n"
                          "restart:\n"
                          "  policy: RESTART_ALWAYS\n"
                          "  failures_max: 3\n"
                          "  window_ms: 1000\n"
                          "  backoff_max_ms: 2000\n"
                          "ready_timeout_ms: 500\n"
                          "stop_timeout_ms: 600\n"
                          "metadata: { zone: west }\n");
    const struct mu_manifest_values values = mu_manifest_values(manifest);

    (void)state;
    assert_string_equal(values.version, "1.2.3");
    assert_string_equal(manifest->program, "/opt/shop");
    assert_string_equal(manifest->args[1], "--deep");
    assert_string_equal(manifest->env[0]->value, "high");
    assert_string_equal(manifest->needs[1], "auth");
    assert_int_equal(values.instances, 3);
    assert_int_equal(values.files, 64);
    assert_int_equal(values.file_mib, 9);
    assert_int_equal(values.calls_made_max, 8);
    assert_int_equal(values.rate, 50);
    assert_int_equal(values.policy, CHILD_ALWAYS);
    assert_int_equal(values.failures_max, 3);
    assert_int_equal(values.stop_timeout_ms, 600);
    assert_string_equal(manifest->metadata[0]->key, "zone");
    mu_body_free(&manifest->base);
}

static void test_a_relative_program_is_taken_from_the_manifest_s_folder(void **state)
{
    Mu__Node__V1__Manifest *manifest =
            read_manifest("{\"name\": \"a\", \"program\": \"./build/a\"}");
    char expected[128];

    (void)state;
    snprintf(expected, sizeof(expected), "%s/build/a", folder);
    assert_string_equal(manifest->program, expected);
    mu_body_free(&manifest->base);
}

static void test_a_bare_program_stays_bare(void **state)
{
    Mu__Node__V1__Manifest *manifest = read_manifest("name: a\nprogram: mu-b\n");

    (void)state;
    assert_string_equal(manifest->program, "mu-b");
    mu_body_free(&manifest->base);
}

static void test_what_is_wrong_is_said_with_what_to_write(void **state)
{
    (void)state;
    refused("version: 1.0.0\n", "name: a service needs a name, e.g. `name: greeter`");
    refused("name: Greeter\n", "name: `Greeter` cannot name a service; write a lower-case letter");
    refused("name: 1a\n", "cannot name a service");
    refused("name: a_b\n", "cannot name a service");
    refused("name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
            "63 at most");
    refused("name: registry\n", "belongs to the node itself; pick another name");
    refused("name: a\nneeds: [B]\n", "needs: `B` is no name of a service");
    refused("name: a\nneeds: [a]\n", "needs: `a` cannot need itself");
    refused("name: a\nneeds: [b, b]\n", "needs: `b` is there twice");
    refused("name: a\nneeds: [router]\n", "always there; leave it out");
    refused("name: a\ninstances: 65\n", "instances: 65 is out of range; write 1 to 64");
    refused("name: a\nlimits: { memory_mib: 63 }\n", "limits.memory_mib: 63 is out of range");
    refused("name: a\nlimits: { files: 31 }\n", "limits.files: 31 is out of range");
    refused("name: a\nrestart: { failures_max: 33 }\n", "restart.failures_max: 33");
    refused("name: a\nrestart: { policy: 7 }\n", "restart.policy: 7 is none");
    refused("name: a\nready_timeout_ms: 600001\n", "ready_timeout_ms: 600001 is out of range");
    refused("name: a\nenv: { 1A: b }\n", "env: `1A` cannot name a variable");
    refused("name: a\nenv: { A=B: c }\n", "env: `A=B` cannot name a variable");
    refused("name: a\nsandbox: { network: lan }\n", "sandbox.network: `lan` is none of");
    refused("name: a\nsandbox: { min: E }\n", "sandbox.min: `E` is no grade");
    refused("name: a\nsandbox: { read: [srv] }\n", "sandbox.read: `srv` is no absolute path");
    refused("name: a\nsandbox: { read: [/] }\n", "sandbox.read: `/` is everything");
    refused("name: a\nsandbox: { write: [/srv/../etc] }\n", "without `.`, `..`");
    refused("name: a\nsandbox: { write: [/proc/sys] }\n", "a service has a /proc of its own");
    refused("name: a\nsandbox: { off: true, network: client }\n",
            "without a sandbox all is allowed");
    refused("name: a\ncolour: red\n", "colour");
    refused("name: [\n", "line");
}

static void test_limits_of_lists_hold_one_below_at_and_above(void **state)
{
    (void)state;
    for (int count = MU_MANIFEST_ARGS_MAX - 1; count <= MU_MANIFEST_ARGS_MAX + 1; count++) {
        Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
        char *args[MU_MANIFEST_ARGS_MAX + 1];

        for (int i = 0; i < count; i++)
            args[i] = (char *)"x";
        manifest.name = (char *)"a";
        manifest.args = args;
        manifest.n_args = (size_t)count;
        assert_int_equal(
                mu_manifest_check(&manifest, NULL), count <= MU_MANIFEST_ARGS_MAX ? 0 : -EINVAL);
    }
}

static void test_a_text_has_a_limit(void **state)
{
    static char text[MU_MANIFEST_TEXT_MAX + 2];
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;

    (void)state;
    manifest.name = (char *)"a";
    manifest.version = text;
    memset(text, 'x', MU_MANIFEST_TEXT_MAX);
    assert_int_equal(mu_manifest_check(&manifest, NULL), 0);
    text[MU_MANIFEST_TEXT_MAX] = 'x';
    assert_int_equal(mu_manifest_check(&manifest, NULL), -EINVAL);
}

static void test_a_file_that_is_not_there_is_named(void **state)
{
    struct mu_schema_error error;
    uint8_t *body;
    size_t size;

    (void)state;
    assert_int_equal(mu_manifest_read("/nowhere/a.service", &body, &size, &error), -ENOENT);
    assert_string_equal(error.text, "/nowhere/a.service: No such file or directory");
    assert_int_equal(mu_manifest_read("/tmp", &body, &size, &error), -EISDIR);
}

static void test_a_file_has_a_limit(void **state)
{
    char *text = malloc(MU_MANIFEST_FILE_MAX + 2);
    struct mu_schema_error error;
    uint8_t *body;
    size_t size;

    (void)state;
    assert_non_null(text);
    memset(text, '#', MU_MANIFEST_FILE_MAX + 1);
    memcpy(text, "name: a\n", strlen("name: a\n"));
    text[MU_MANIFEST_FILE_MAX] = '\0';
    assert_int_equal(mu_manifest_read(write_file(text), &body, &size, &error), 0);
    free(body);
    text[MU_MANIFEST_FILE_MAX] = '#';
    text[MU_MANIFEST_FILE_MAX + 1] = '\0';
    assert_int_equal(mu_manifest_read(write_file(text), &body, &size, &error), -E2BIG);
    free(text);
}

static void test_a_node_file_holds_manifests(void **state)
{
    Mu__Node__V1__NodeFile *file;
    struct mu_schema_error error;
    ProtobufCMessage *message;
    char expected[128];
    uint8_t *body;
    size_t size;

    (void)state;
    assert_int_equal(mu_node_file_read(write_file("name: home\n"
                                                  "services:\n"
                                                  "  - name: store\n"
                                                  "    program: bin/store\n"
                                                  "  - name: shop\n"
                                                  "    needs: [store]\n"),
                             &body, &size, &error),
            0);
    message = mu_body_unpack(
            &mu__node__v1__node_file__descriptor, (struct mu_bytes){ body, size }, &error);
    assert_non_null(message);
    file = (Mu__Node__V1__NodeFile *)(void *)message;
    assert_string_equal(file->name, "home");
    assert_int_equal(file->n_services, 2);
    snprintf(expected, sizeof(expected), "%s/bin/store", folder);
    assert_string_equal(file->services[0]->program, expected);
    mu_body_free(message);
    free(body);
}

static void test_a_node_file_names_each_service_once(void **state)
{
    struct mu_schema_error error;
    uint8_t *body;
    size_t size;

    (void)state;
    assert_int_equal(mu_node_file_read(write_file("services: [{ name: a }, { name: a }]"), &body,
                             &size, &error),
            -EINVAL);
    assert_non_null(strstr(error.text, "services: `a` is there twice; leave one out"));
}

static void test_a_manifest_becomes_what_the_core_knows(void **state)
{
    Mu__Node__V1__Manifest *manifest =
            read_manifest("name: shop\nneeds: [store]\ninstances: 2\nstop_timeout_ms: 9\n");
    struct service_config *config;
    struct service_config *again;
    struct mu_schema_error error;

    (void)state;
    assert_int_equal(config_from_manifest(&config, manifest, &error), 0);
    assert_string_equal(config->name, "shop");
    assert_string_equal(config->needs[0], "store");
    assert_int_equal(config->instances, 2);
    assert_int_equal(config->rule.stop_timeout_ms, 9);
    assert_false(config->rule.kernel);
    assert_int_equal(config_from_packed(&again, config->manifest, &error), 0);
    assert_int_equal(again->manifest.size, config->manifest.size);
    free(again);
    free(config);
    manifest->name = (char *)"Bad";
    assert_int_equal(config_from_manifest(&config, manifest, &error), -EINVAL);
    mu_body_free(&manifest->base);
}

static void test_the_kernel_has_manifests_too(void **state)
{
    struct service_config *config;

    (void)state;
    assert_int_equal(config_of_kernel(&config, SERVICE_ROUTER, "local"), 0);
    assert_string_equal(config->name, "router");
    assert_true(config->rule.kernel);
    assert_int_equal(config->rule.backoff_max_ms, BACKOFF_KERNEL_MAX_MS);
    free(config);
    assert_int_equal(config_of_kernel(&config, SERVICE_REGISTRY, "local"), 0);
    assert_string_equal(config->name, "registry");
    free(config);
}

/* The manifest that a config was made of, unpacked: the caller frees it. */
static Mu__Node__V1__Manifest *manifest_of(const struct service_config *config)
{
    struct mu_bytes packed = { config->manifest.data, config->manifest.size };

    return (Mu__Node__V1__Manifest *)(void *)mu_body_unpack(
            &mu__node__v1__manifest__descriptor, packed, NULL);
}

static void test_a_registry_with_etcd_is_told_so_and_has_a_messenger(void **state)
{
    struct service_config *config;
    Mu__Node__V1__Manifest *manifest;

    (void)state;
    assert_int_equal(config_of_kernel(&config, SERVICE_REGISTRY, "etcd"), 0);
    manifest = manifest_of(config);
    assert_int_equal(manifest->n_args, 2);
    assert_string_equal(manifest->args[0], "--backend");
    assert_string_equal(manifest->args[1], "etcd");
    mu_body_free(&manifest->base);
    free(config);

    assert_int_equal(config_of_etcd(&config, "/etc/mu/node.yaml"), 0);
    assert_string_equal(config->name, "etcd");
    assert_false(config->rule.kernel);
    manifest = manifest_of(config);
    assert_int_equal(manifest->n_args, 2);
    assert_string_equal(manifest->args[1], "/etc/mu/node.yaml");
    mu_body_free(&manifest->base);
    free(config);
}

static void test_a_node_file_says_where_the_registry_keeps_a_copy(void **state)
{
    static const char *const good[] = {
        "registry: { backend: local }",
        "registry: {}",
        "registry: { backend: etcd, endpoints: [http://a:1] }",
        "registry: { backend: etcd, endpoints: [http://a:1], nodes: [{ node: b }] }",
    };
    static const char *const bad[][2] = {
        { "registry: { backend: zookeeper }", "registry.backend" },
        { "registry: { endpoints: [http://a:1] }", "are for `backend: etcd`" },
        { "registry: { nodes: [{ node: b }] }", "are for `backend: etcd`" },
        { "registry: { backend: etcd }", "registry.endpoints" },
        { "registry: { backend: etcd, endpoints: [http://a:1] }\nservices: [{ name: etcd }]",
                "pick another name" },
        { "registry: { backend: etcd, endpoint: a }", "endpoint" },
    };
    struct mu_schema_error error;
    uint8_t *body;
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(mu_node_file_read(write_file(good[i]), &body, &size, &error), 0);
        free(body);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mu_node_file_read(write_file(bad[i][0]), &body, &size, &error), -EINVAL);
        assert_non_null(strstr(error.text, bad[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_enough),
        cmocka_unit_test(test_a_namespace_is_named_like_a_service_and_is_not_for_the_node_s_parts),
        cmocka_unit_test(test_everything_is_read),
        cmocka_unit_test(test_a_relative_program_is_taken_from_the_manifest_s_folder),
        cmocka_unit_test(test_a_bare_program_stays_bare),
        cmocka_unit_test(test_what_is_wrong_is_said_with_what_to_write),
        cmocka_unit_test(test_limits_of_lists_hold_one_below_at_and_above),
        cmocka_unit_test(test_a_text_has_a_limit),
        cmocka_unit_test(test_a_file_that_is_not_there_is_named),
        cmocka_unit_test(test_a_file_has_a_limit),
        cmocka_unit_test(test_a_node_file_holds_manifests),
        cmocka_unit_test(test_a_node_file_names_each_service_once),
        cmocka_unit_test(test_a_node_file_says_where_the_registry_keeps_a_copy),
        cmocka_unit_test(test_a_registry_with_etcd_is_told_so_and_has_a_messenger),
        cmocka_unit_test(test_a_manifest_becomes_what_the_core_knows),
        cmocka_unit_test(test_the_kernel_has_manifests_too),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
