// SPDX-License-Identifier: Apache-2.0
/* Each .proto in protoc/refused holds what the plugin must refuse; each line that is expected of
 * protoc says where, and enough of what and why to tell it from the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/protoc_process.h"

enum { OUTPUT_MAX = 16384 };

/* What protoc prints about `file`, which it must fail on. */
static void run_protoc(const char *file, const char *option, char output[OUTPUT_MAX])
{
    const char *const arguments[] = {
        TEST_PROTOC,
        "--plugin=protoc-gen-mu=" TEST_PLUGIN,
        "--proto_path=" TEST_PROTOS "/refused",
        "--proto_path=" TEST_PROTOS,
        "--proto_path=" TEST_PROTOBUF_DIR,
        "--mu_out=/nonexistent",
        file,
        option,
        NULL,
    };

    assert_int_not_equal(process_run(arguments, output, OUTPUT_MAX), 0);
}

static void expect_lines(const char *file, const char *option, const char *const *lines)
{
    char output[OUTPUT_MAX];
    size_t found = 0;
    size_t breaks = 0;

    run_protoc(file, option, output);
    for (; lines[found] != NULL; found++)
        if (strstr(output, lines[found]) == NULL)
            fail_msg("not said: %s\nbut: %s", lines[found], output);
    for (const char *at = output; (at = strchr(at, '\n')) != NULL; at++)
        breaks++;
    if (breaks != found + 1)
        fail_msg("%zu refusals expected: %s", found, output);
}

static void test_optional_is_refused_with_a_oneof_to_write_instead(void **state)
{
    static const char *const lines[] = {
        "\noptional.proto:4:3: optional.v1.Request.nick is proto3 `optional`: the struct that "
        "protoc-c "
        "makes cannot say whether it was set. Fix: put it in a oneof of one, "
        "`oneof maybe_nick { string nick = 1; }`, or make it a google.protobuf.StringValue.\n",
        "`oneof maybe_kind { optional.v1.Request.Kind kind = 2; }`.\n",
        "\noptional.proto:7:19: optional.v1.Request.Inner.other is proto3 `optional`, which "
        "protoc-c "
        "cannot express. Fix: drop the word;",
        NULL,
    };

    (void)state;
    expect_lines("optional.proto", NULL, lines);
    expect_lines("optional.proto", "--mu_opt=only=messages", lines);
}

static void test_messages_that_hold_themselves_are_refused_with_the_way_round(void **state)
{
    static const char *const direct[] = {
        "\ndirect.proto:5:3: tree.v1.Node holds itself (tree.v1.Node.children -> tree.v1.Node): ",
        NULL,
    };
    static const char *const mutual[] = {
        "\nmutual.proto:4:29: ring.v1.Man holds itself (ring.v1.Man.dogs -> "
        "ring.v1.Man.DogsEntry.value -> ring.v1.Dog.man -> ring.v1.Man): ",
        NULL,
    };

    (void)state;
    expect_lines("direct.proto", NULL, direct);
    expect_lines("mutual.proto", NULL, mutual);
}

static void test_proto2_and_groups_are_refused(void **state)
{
    static const char *const lines[] = {
        "\nproto2.proto:1:1: this is proto2, ",
        "\nproto2.proto:5:3: old.v1.Old.extra is a group, ",
        NULL,
    };

    (void)state;
    expect_lines("proto2.proto", NULL, lines);
}

static void test_what_a_service_reaches_in_other_files_counts(void **state)
{
    static const char *const proto2[] = {
        "\nimports_proto2.proto: old.v1.Old comes from proto2.proto, which is proto2; ",
        "\nproto2.proto:5:3: old.v1.Old.extra is a group, ",
        NULL,
    };
    static const char *const optional[] = {
        "\noptional.proto:4:3: optional.v1.Request.nick is proto3 `optional`: ",
        "\noptional.proto:5:3: optional.v1.Request.kind is proto3 `optional`: ",
        NULL,
    };

    (void)state;
    expect_lines("imports_proto2.proto", NULL, proto2);
    expect_lines("imports_optional.proto", NULL, optional);
}

static void test_names_that_meet_in_c_are_refused(void **state)
{
    static const char *const services[] = {
        "\nservices.proto:5:1: services services.v1.KeyStore and services.v1.keyStore would both "
        "be "
        "`key_store_` in C. Fix: rename one, or --mu_opt=prefix=services.v1.keyStore:NAME.\n",
        NULL,
    };
    static const char *const methods[] = {
        "\nmethods.proto:6:3: rpc methods.v1.Store.GetAsync and rpc methods.v1.Store.Get would "
        "both be "
        "`store_get_async` in C. Fix: rename one.\n",
        "\nmethods.proto:8:3: rpc methods.v1.Store.PutUrl and rpc methods.v1.Store.PutURL ",
        "\nmethods.proto:10:3: rpc methods.v1.Store.SumEnd and rpc methods.v1.Store.Sum would both "
        "be "
        "`struct store_handlers.sum_end` in C.",
        "\nmethods.proto:11:3: rpc methods.v1.Store.Type and the service methods.v1.Store itself ",
        NULL,
    };

    (void)state;
    expect_lines("services.proto", NULL, services);
    expect_lines("methods.proto", NULL, methods);
}

static void test_names_that_the_bus_or_c_cannot_carry_are_refused(void **state)
{
    static const char *const lines[] = {
        "\nnames.proto:4:1: service names.v1._Hidden would be `--hidden` on the bus, ",
        "\nnames.proto:4:1: service names.v1._Hidden: `__hidden` is no beginning of a C name "
        "here. ",
        "\nnames.proto:5:1: service names.v1.MuStore: names that begin with `mu_` are libmu's "
        "own. ",
        "\nnames.proto:6:1: service names.v1.Idle has no rpc, ",
        "\nnames.proto:7:1: service names.v1.ThisService",
        "\nnames.proto:8:3: the endpoint this-service-",
        NULL,
    };

    (void)state;
    expect_lines("names.proto", NULL, lines);
}

static void test_unknown_options_are_refused_with_the_list_of_them(void **state)
{
    static const char *const unknown[] = {
        "\n--mu_opt=color: unknown; there is prefix=NAME, prefix=SERVICE:NAME, only=messages, ",
        "\n--mu_opt=only=fun: there is only=messages, only=stubs and only=types\n",
        NULL,
    };

    (void)state;
    expect_lines("golden.proto", "--mu_opt=color,only=fun", unknown);
}

static void test_a_missing_protoc_gen_c_is_named_with_its_package(void **state)
{
    char output[OUTPUT_MAX];

    (void)state;
    run_protoc("golden.proto", "--mu_opt=protoc_gen_c=/nonexistent/protoc-gen-c", output);
    assert_non_null(strstr(output, "/nonexistent/protoc-gen-c, which makes the structs of the "
                                   "messages, failed: No such file or directory."));
    assert_non_null(strstr(output, "Debian: protobuf-c-compiler"));
}

static void test_a_run_by_hand_is_told_who_runs_it(void **state)
{
    const char *const arguments[] = { TEST_PLUGIN, NULL };
    char output[OUTPUT_MAX];

    (void)state;
    assert_int_equal(process_run(arguments, output, sizeof(output)), 1);
    assert_non_null(strstr(output, "standard input holds no CodeGeneratorRequest"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optional_is_refused_with_a_oneof_to_write_instead),
        cmocka_unit_test(test_messages_that_hold_themselves_are_refused_with_the_way_round),
        cmocka_unit_test(test_proto2_and_groups_are_refused),
        cmocka_unit_test(test_what_a_service_reaches_in_other_files_counts),
        cmocka_unit_test(test_names_that_meet_in_c_are_refused),
        cmocka_unit_test(test_names_that_the_bus_or_c_cannot_carry_are_refused),
        cmocka_unit_test(test_unknown_options_are_refused_with_the_list_of_them),
        cmocka_unit_test(test_a_missing_protoc_gen_c_is_named_with_its_package),
        cmocka_unit_test(test_a_run_by_hand_is_told_who_runs_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
