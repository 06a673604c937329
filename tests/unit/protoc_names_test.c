// SPDX-License-Identifier: Apache-2.0
/* What protoc-c 1.4.1 makes of these names; the stub tests show that both agree, by linking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/protoc/names.h"
#include "client/protoc/template.h"

static void expect_text(char *text, const char *expected)
{
    assert_string_equal(text, expected);
    free(text);
}

static void test_structs_lose_underscores_and_gain_capitals(void **state)
{
    (void)state;
    expect_text(names_struct("greeter.v1.HelloRequest"), "Greeter__V1__HelloRequest");
    expect_text(names_struct("Foo_Bar.v1beta2.x_.foo_bar"), "FooBar__V1beta2__X__FooBar");
    expect_text(names_struct("_Lead.X9y9Z.MEntry"), "Lead__X9y9Z__MEntry");
    expect_text(names_struct("HTTPServer2"), "HTTPServer2");
    expect_text(names_struct("_deep__er"), "DeepEr");
}

static void test_functions_keep_underscores_and_split_words(void **state)
{
    (void)state;
    expect_text(names_lower("greeter.v1.HelloRequest"), "greeter__v1__hello_request");
    expect_text(names_lower("Foo_Bar.x_.foo_bar"), "foo__bar__x___foo_bar");
    expect_text(names_lower("x_._Lead"), "x_____lead");
    expect_text(names_lower("X9y9Z.MEntry"), "x9y9_z__mentry");
    expect_text(names_lower("HTTPServer2"), "httpserver2");
    expect_text(names_lower("ABCdEF_"), "abcd_ef_");
}

static void test_methods_split_where_a_capital_follows_a_small_letter(void **state)
{
    (void)state;
    expect_text(names_snake("Hello"), "hello");
    expect_text(names_snake("get_URLNow"), "get__urlnow");
    expect_text(names_snake("CamelCase2Go"), "camel_case2_go");
}

static void test_only_words_of_c_are_keywords(void **state)
{
    (void)state;
    assert_true(names_is_keyword("register"));
    assert_true(names_is_keyword("asm"));
    assert_true(names_is_keyword("while"));
    assert_false(names_is_keyword("delete"));
    assert_false(names_is_keyword("registers"));
    assert_false(names_is_keyword(""));
}

static void test_comments_cannot_end_early(void **state)
{
    (void)state;
    expect_text(template_comment(" One. \n\n Two */ three /* four.\n", 0),
            "/* One.\n *\n * Two * / three / * four. */\n");
    expect_text(template_comment("tight\n", 4), "    /* tight */\n");
    expect_text(template_comment(" \n", 0), "");
    expect_text(template_comment(NULL, 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structs_lose_underscores_and_gain_capitals),
        cmocka_unit_test(test_functions_keep_underscores_and_split_words),
        cmocka_unit_test(test_methods_split_where_a_capital_follows_a_small_letter),
        cmocka_unit_test(test_only_words_of_c_are_keywords),
        cmocka_unit_test(test_comments_cannot_end_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
