// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protoc/golden.mu.h"
#include "protoc/odd.mu.h"
#include "protoc/renamed.mu.h"
#include "tests/unit/protoc_libmu_double.h"

static struct mu_call *const some_call = (struct mu_call *)16;
static const char *asked;
static size_t items;
static size_t ends;

static int forget(void **state)
{
    (void)state;
    libmu = (struct libmu_double){ 0 };
    asked = NULL;
    items = 0;
    ends = 0;
    return 0;
}

static void ask(struct mu_call *call, const Golden__V1__Question *question)
{
    assert_ptr_equal(call, some_call);
    asked = question->text;
}

static void collect(struct mu_call *call)
{
    assert_ptr_equal(call, some_call);
}

static void collect_item(struct mu_call *call, const Golden__V1__Question *question)
{
    assert_ptr_equal(call, some_call);
    asked = question->text;
    items += 1;
}

static void collect_end(struct mu_call *call)
{
    assert_ptr_equal(call, some_call);
    ends += 1;
}

static void test_the_table_says_what_the_proto_says(void **state)
{
    const struct mu_method *methods = golden_type.methods;

    (void)state;
    assert_string_equal(golden_type.name, "golden");
    assert_string_equal(golden_type.proto_name, "golden.v1.Golden");
    assert_int_equal(golden_type.method_count, 4);
    assert_string_equal(methods[0].name, "Ask");
    assert_int_equal(methods[0].shape, MU_UNARY);
    assert_int_equal(methods[1].shape, MU_CLIENT_STREAM);
    assert_int_equal(methods[2].shape, MU_SERVER_STREAM);
    assert_int_equal(methods[3].shape, MU_TWO_WAY);
    assert_int_equal(methods[0].idempotency, MU_IDEMPOTENT);
    assert_int_equal(methods[1].idempotency, MU_IDEMPOTENCY_UNKNOWN);
    assert_int_equal(methods[2].idempotency, MU_NO_SIDE_EFFECTS);
    assert_ptr_equal(methods[0].request, &golden__v1__question__descriptor);
    assert_ptr_equal(methods[0].reply, &golden__v1__answer__descriptor);
    assert_null(methods[0].item);
    assert_non_null(methods[3].end);
}

static void test_handlers_are_called_with_their_own_types(void **state)
{
    static const struct golden_handlers handlers = {
        .ask = ask,
        .collect = collect,
        .collect_item = collect_item,
        .collect_end = collect_end,
    };
    Golden__V1__Question question = GOLDEN__V1__QUESTION__INIT;
    char text[] = "why";

    (void)state;
    question.text = text;
    golden_type.methods[0].open(&handlers, some_call, &question.base);
    assert_ptr_equal(asked, text);
    golden_type.methods[1].open(&handlers, some_call, NULL);
    golden_type.methods[1].item(&handlers, some_call, &question.base);
    golden_type.methods[1].item(&handlers, some_call, &question.base);
    golden_type.methods[1].end(&handlers, some_call);
    assert_int_equal(items, 2);
    assert_int_equal(ends, 1);
}

static void test_a_missing_handler_answers_unimplemented(void **state)
{
    static const struct golden_handlers nothing;
    static const struct golden_handlers half = { .collect = collect, .collect_end = collect_end };

    (void)state;
    golden_type.methods[2].open(&nothing, some_call, NULL);
    assert_int_equal(libmu.refused, MU_UNIMPLEMENTED);
    forget(state);
    golden_type.methods[1].open(&half, some_call, NULL);
    assert_int_equal(libmu.refused, MU_UNIMPLEMENTED);
}

static void test_answers_go_out_as_they_are(void **state)
{
    Golden__V1__Answer answer = GOLDEN__V1__ANSWER__INIT;

    (void)state;
    golden_ask_reply(some_call, &answer);
    assert_ptr_equal(libmu.message, &answer);
    forget(state);
    assert_int_equal(golden_discuss_send(some_call, &answer), MU_SEND_FULL);
    assert_ptr_equal(libmu.message, &answer);
}

static void test_a_call_goes_to_the_default_name(void **state)
{
    Golden__V1__Question question = GOLDEN__V1__QUESTION__INIT;
    Golden__V1__Answer answer = GOLDEN__V1__ANSWER__INIT;
    Golden__V1__Answer *reply = NULL;

    libmu.reply = &answer.base;
    assert_int_equal(golden_ask(NULL, &question, NULL, &reply, NULL), MU_OK);
    assert_string_equal(libmu.endpoint, "golden.Ask");
    assert_ptr_equal(libmu.message, &question);
    assert_ptr_equal(libmu.wanted, &golden__v1__answer__descriptor);
    assert_ptr_equal(reply, &answer);
    forget(state);
}

static void test_options_name_another_service_of_that_type(void **state)
{
    const struct mu_call_options options = { .timeout_ms = 5, .service = "golden-2" };
    Golden__V1__Question question = GOLDEN__V1__QUESTION__INIT;
    Golden__V1__Answer *reply = NULL;
    struct mu_stream *stream;

    (void)state;
    libmu.result = MU_NOT_FOUND;
    assert_int_equal(golden_ask(NULL, &question, &options, &reply, NULL), MU_NOT_FOUND);
    assert_string_equal(libmu.endpoint, "golden-2.Ask");
    assert_ptr_equal(libmu.options, &options);
    assert_null(reply);
    golden_tell_open(NULL, &question, &options, &stream);
    assert_string_equal(libmu.endpoint, "golden-2.Tell");
    assert_int_equal(libmu.shape, MU_SERVER_STREAM);
}

static void note_answer(
        const struct mu_status *status, const Golden__V1__Answer *answer, void *user)
{
    assert_int_equal(status->code, MU_OK);
    *(const char **)user = answer->text;
}

static void test_an_asynchronous_answer_comes_with_its_user_and_type(void **state)
{
    Golden__V1__Question question = GOLDEN__V1__QUESTION__INIT;
    Golden__V1__Answer answer = GOLDEN__V1__ANSWER__INIT;
    char text[] = "because";
    const char *heard = NULL;

    answer.text = text;
    libmu.reply = &answer.base;
    assert_int_equal(golden_ask_async(NULL, &question, NULL, note_answer, &heard), 7);
    assert_ptr_equal(heard, text);
    forget(state);
}

static void test_a_client_stream_ends_with_its_answer(void **state)
{
    Golden__V1__Question question = GOLDEN__V1__QUESTION__INIT;
    Golden__V1__Answer *reply = NULL;
    struct mu_stream *stream = NULL;
    struct mu_status status;

    (void)state;
    assert_int_equal(golden_collect_open(NULL, NULL, &stream), 0);
    assert_int_equal(libmu.shape, MU_CLIENT_STREAM);
    assert_int_equal(golden_collect_write(stream, &question), MU_STREAM_ENDED);
    assert_ptr_equal(libmu.message, &question);
    libmu.reply = protobuf_c_message_unpack(&golden__v1__answer__descriptor, NULL, 0, NULL);
    assert_int_equal(golden_collect_finish(stream, &reply, &status), MU_OK);
    assert_int_equal(libmu.ended, 1);
    assert_int_equal(libmu.finished, 1);
    golden__v1__answer__free_unpacked(reply, NULL);
}

static void test_a_client_stream_without_an_answer_is_an_error(void **state)
{
    Golden__V1__Answer *reply = NULL;
    struct mu_status status;

    (void)state;
    assert_int_equal(golden_collect_finish(NULL, &reply, &status), MU_INTERNAL);
    assert_null(reply);
    assert_string_equal(status.message, "the stream ended without an answer");
}

static void test_an_answer_of_a_failed_client_stream_is_dropped(void **state)
{
    Golden__V1__Answer *reply = NULL;

    (void)state;
    libmu.result = MU_ABORTED;
    libmu.reply = protobuf_c_message_unpack(&golden__v1__answer__descriptor, NULL, 0, NULL);
    assert_int_equal(golden_collect_finish(NULL, &reply, NULL), MU_ABORTED);
    assert_null(reply);
}

static void test_items_are_read_with_their_type(void **state)
{
    Golden__V1__Answer answer = GOLDEN__V1__ANSWER__INIT;
    Golden__V1__Answer *item = NULL;

    libmu.reply = &answer.base;
    assert_int_equal(golden_tell_read(NULL, 10, &item), MU_STREAM_OK);
    assert_ptr_equal(item, &answer);
    assert_int_equal(golden_discuss_read(NULL, 10, &item), MU_STREAM_ENDED);
    assert_ptr_equal(item, &answer);
    forget(state);
}

static void test_odd_names_are_protoc_cs_own(void **state)
{
    const struct mu_method *methods = httpserver2_control_type.methods;

    (void)state;
    assert_string_equal(httpserver2_control_type.name, "httpserver2-control");
    assert_string_equal(key_value_store_type.name, "key-value-store");
    assert_string_equal(methods[0].request->c_name, "FooBar__V1beta2__HTTPThing__X__FooBar");
    assert_string_equal(
            methods[2].reply->c_name, "FooBar__V1beta2__HTTPThing__X__FooBar__InnerThing2__DeepEr");
    assert_string_equal(methods[3].request->name, "google.protobuf.Empty");
}

static void test_c_package_and_prefix_are_honoured(void **state)
{
    (void)state;
    assert_string_equal(renamed_type.name, "golden");
    assert_string_equal(renamed_type.methods[0].request->c_name, "Other__Name__Holder");
    assert_string_equal(renamed_type.methods[0].request->name, "renamed.v1.Holder");
}

#define promise(test) cmocka_unit_test_setup(test, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        promise(test_the_table_says_what_the_proto_says),
        promise(test_handlers_are_called_with_their_own_types),
        promise(test_a_missing_handler_answers_unimplemented),
        promise(test_answers_go_out_as_they_are),
        promise(test_a_call_goes_to_the_default_name),
        promise(test_options_name_another_service_of_that_type),
        promise(test_an_asynchronous_answer_comes_with_its_user_and_type),
        promise(test_a_client_stream_ends_with_its_answer),
        promise(test_a_client_stream_without_an_answer_is_an_error),
        promise(test_an_answer_of_a_failed_client_stream_is_dropped),
        promise(test_items_are_read_with_their_type),
        promise(test_odd_names_are_protoc_cs_own),
        promise(test_c_package_and_prefix_are_honoured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
