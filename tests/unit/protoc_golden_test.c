// SPDX-License-Identifier: Apache-2.0
/* The header that people read, byte for byte. When it changes on purpose:
 *   protoc --plugin=protoc-gen-mu=build/dev/bin/protoc-gen-mu -Itests/unit/protoc
 * --mu_opt=only=stubs \
 *     --mu_out=/tmp golden.proto && cp /tmp/golden.mu.h tests/unit/protoc/golden.mu.h.expected */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/protoc_process.h"

enum { FILE_MAX = 65536, PATH_SIZE = 4096 };

static void read_file(const char *path, char text[FILE_MAX])
{
    FILE *file = fopen(path, "r");
    size_t size;

    assert_non_null(file);
    size = fread(text, 1, FILE_MAX - 1, file);
    assert_true(size < FILE_MAX - 1);
    text[size] = '\0';
    fclose(file);
}

static void make_header(const char *dir)
{
    char out[PATH_SIZE];
    char output[PATH_SIZE];
    const char *const arguments[] = {
        TEST_PROTOC,
        "--plugin=protoc-gen-mu=" TEST_PLUGIN,
        "--proto_path=" TEST_PROTOS,
        "--proto_path=" TEST_PROTOBUF_DIR,
        "--mu_opt=only=stubs",
        "golden.proto",
        out,
        NULL,
    };

    snprintf(out, sizeof(out), "--mu_out=%s", dir);
    assert_int_equal(process_run(arguments, output, sizeof(output)), 0);
    assert_string_equal(output, "");
}

static void take_file(const char *dir, const char *name, char text[FILE_MAX])
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    read_file(path, text);
    assert_int_equal(unlink(path), 0);
}

static void test_the_header_is_as_it_was_agreed(void **state)
{
    static char made[FILE_MAX];
    static char expected[FILE_MAX];
    char dir[] = "/tmp/mu-golden-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(dir));
    make_header(dir);
    take_file(dir, "golden.mu.c", made);
    take_file(dir, "golden.mu.h", made);
    assert_int_equal(rmdir(dir), 0);
    read_file(TEST_PROTOS "/golden.mu.h.expected", expected);
    assert_string_equal(made, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_header_is_as_it_was_agreed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
