// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "google/protobuf/descriptor.pb-c.h"
#include "protoc/golden.types.h"

static int unpack(void **state)
{
    *state = google__protobuf__file_descriptor_set__unpack(
            NULL, golden_types.size, golden_types.data);
    return *state != NULL ? 0 : -1;
}

static int release(void **state)
{
    google__protobuf__file_descriptor_set__free_unpacked(*state, NULL);
    return 0;
}

static void test_the_set_holds_imports_before_what_imports_them(void **state)
{
    const Google__Protobuf__FileDescriptorSet *set = *state;

    assert_int_equal(set->n_file, 2);
    assert_string_equal(set->file[0]->name, "google/protobuf/timestamp.proto");
    assert_string_equal(set->file[1]->name, "protoc/golden.proto");
    assert_int_equal(set->file[1]->n_service, 1);
    assert_int_equal(set->file[1]->n_message_type, 2);
}

static bool says(const Google__Protobuf__SourceCodeInfo *info, const char *comment)
{
    for (size_t i = 0; i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];

        if (location->leading_comments != NULL && strcmp(location->leading_comments, comment) == 0)
            return true;
        if (location->trailing_comments != NULL &&
                strcmp(location->trailing_comments, comment) == 0)
            return true;
    }
    return false;
}

static void test_comments_are_kept(void **state)
{
    const Google__Protobuf__FileDescriptorSet *set = *state;
    const Google__Protobuf__SourceCodeInfo *info = set->file[1]->source_code_info;

    assert_true(says(info, " What is asked.\n"));
    assert_true(says(info, " In words.\n"));
    assert_true(says(info, " Behind it.\n"));
    assert_true(says(info, " Both. "));
}

static void test_positions_without_comments_are_left_out(void **state)
{
    const Google__Protobuf__FileDescriptorSet *set = *state;

    for (size_t i = 0; i < set->n_file; i++) {
        const Google__Protobuf__SourceCodeInfo *info = set->file[i]->source_code_info;

        assert_non_null(info);
        for (size_t j = 0; j < info->n_location; j++)
            assert_true(info->location[j]->leading_comments != NULL ||
                        info->location[j]->trailing_comments != NULL ||
                        info->location[j]->n_leading_detached_comments > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_the_set_holds_imports_before_what_imports_them, unpack, release),
        cmocka_unit_test_setup_teardown(test_comments_are_kept, unpack, release),
        cmocka_unit_test_setup_teardown(
                test_positions_without_comments_are_left_out, unpack, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
