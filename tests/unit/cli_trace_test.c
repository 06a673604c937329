// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/explanation.h"
#include "services/interface/mu/call_json.h"
#include "services/interface/mu/cause.h"
#include "services/interface/mu/log_line.h"
#include "services/interface/mu/otlp.h"
#include "services/interface/mu/trace_id.h"
#include "services/interface/mu/trace_set.h"
#include "services/interface/mu/waterfall.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/cli_output.h"

enum {
    SPANS_MAX = 8,
    TREE_TEXT_MAX = 64 /* bytes of a tree's description with the final NUL */
};

/* Records with the ids that they need; a span is its letter, eight times. */
struct journal {
    Mu__Router__V1__CallRecord records[SPANS_MAX];
    const Mu__Router__V1__CallRecord *list[SPANS_MAX];
    uint8_t traces[SPANS_MAX][TRACE_ID_SIZE];
    uint8_t spans[SPANS_MAX][TRACE_ID_SPAN_SIZE];
    uint8_t parents[SPANS_MAX][TRACE_ID_SPAN_SIZE];
    size_t count;
};

/* Adds a call of trace `trace`; `span` or `parent` 0 is none. */
static Mu__Router__V1__CallRecord *journal_add(
        struct journal *journal, char trace, char span, char parent, uint64_t began_us)
{
    size_t i = journal->count++;
    Mu__Router__V1__CallRecord *record = &journal->records[i];

    mu__router__v1__call_record__init(record);
    memset(journal->traces[i], trace, TRACE_ID_SIZE);
    memset(journal->spans[i], span, TRACE_ID_SPAN_SIZE);
    memset(journal->parents[i], parent, TRACE_ID_SPAN_SIZE);
    record->seq = i + 1;
    record->trace = (ProtobufCBinaryData){ TRACE_ID_SIZE, journal->traces[i] };
    record->span = (ProtobufCBinaryData){ TRACE_ID_SPAN_SIZE, journal->spans[i] };
    record->parent_span = (ProtobufCBinaryData){ TRACE_ID_SPAN_SIZE, journal->parents[i] };
    record->began_us = began_us;
    record->took_us = 10;
    record->endpoint = (char *)(uintptr_t) "shop.Buy";
    journal->list[i] = record;
    return record;
}

/* ---- ids ---- */

static void test_a_traceparent_is_read_as_w3c_has_it(void **state)
{
    static const char text[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    uint8_t trace[MU_TRACE_SIZE];
    char again[TRACE_ID_TRACEPARENT_MAX];
    char id[TRACE_ID_TEXT_MAX];

    (void)state;
    assert_int_equal(trace_id_read_traceparent(text, trace), 0);
    assert_string_equal(
            trace_id_print(trace, TRACE_ID_SIZE, id), "0af7651916cd43dd8448eb211c80319c");
    assert_string_equal(trace_id_print_traceparent(trace, again), text);
    assert_int_equal(trace_id_read_traceparent(
                             "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what", trace),
            0);
}

static void test_what_is_no_traceparent_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319cb-7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    uint8_t trace[MU_TRACE_SIZE] = { 7 };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(trace_id_read_traceparent(bad[i], trace), -EINVAL);
    assert_int_equal(trace[0], 7);
}

static void test_a_new_trace_has_an_id_and_no_span_but_a_traceparent(void **state)
{
    uint8_t one[MU_TRACE_SIZE];
    uint8_t other[MU_TRACE_SIZE];
    uint8_t again[MU_TRACE_SIZE];
    char text[TRACE_ID_TRACEPARENT_MAX];
    static const uint8_t none[TRACE_ID_SPAN_SIZE];

    (void)state;
    trace_id_make(one);
    trace_id_make(other);
    assert_memory_not_equal(one, other, TRACE_ID_SIZE);
    assert_memory_equal(one + TRACE_ID_SIZE, none, sizeof(none));
    assert_int_equal(trace_id_read_traceparent(trace_id_print_traceparent(one, text), again), 0);
    assert_memory_equal(one, again, TRACE_ID_SIZE);
}

static void test_a_traces_first_digits_are_four_at_least(void **state)
{
    (void)state;
    assert_false(trace_id_is_prefix(""));
    assert_false(trace_id_is_prefix("4bf"));
    assert_true(trace_id_is_prefix("4bf9"));
    assert_true(trace_id_is_prefix("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_false(trace_id_is_prefix("4bf92f3577b34da6a3ce929d0e0e47360"));
    assert_false(trace_id_is_prefix("4BF9"));
    assert_false(trace_id_is_prefix("4bfx"));
}

/* ---- trees ---- */

/* Describes a tree: for each node its span's letter and its depth. */
static const char *tree_text(const struct span_tree *tree, char text[TREE_TEXT_MAX])
{
    text[0] = '\0';
    for (size_t i = 0; i < tree->count; i++) {
        const Mu__Router__V1__CallRecord *record = tree->nodes[i].record;

        snprintf(text + strlen(text), TREE_TEXT_MAX - strlen(text), "%c%d ", record->span.data[0],
                tree->nodes[i].depth);
    }
    return text;
}

static void test_calls_stand_under_those_that_they_were_made_in_by_time(void **state)
{
    struct journal journal = { .count = 0 };
    struct span_tree tree;
    char text[TREE_TEXT_MAX];

    (void)state;
    journal_add(&journal, 't', 'd', 'b', 40); /* records come in the order in which calls ended */
    journal_add(&journal, 't', 'c', 'a', 50);
    journal_add(&journal, 't', 'b', 'a', 20)->code = MU_INTERNAL;
    journal_add(&journal, 't', 'a', 'x', 10)->took_us = 100;
    journal_add(&journal, 't', 'e', 0, 5);
    assert_int_equal(span_tree_init(&tree, journal.list, journal.count), 0);
    assert_string_equal(tree_text(&tree, text), "e0 a0 b1 d2 c1 ");
    assert_int_equal(tree.began_us, 5);
    assert_int_equal(tree.ended_us, 110);
    assert_int_equal(tree.failed, 1);
    assert_int_equal(tree.nodes[3].parent, 2);
    assert_true(span_tree_has_failed_child(&tree, 1));
    assert_false(span_tree_has_failed_child(&tree, 2));
    span_tree_deinit(&tree);
    span_tree_deinit(&tree);
}

static void test_calls_that_claim_to_be_made_in_each_other_are_all_shown(void **state)
{
    struct journal journal = { .count = 0 };
    struct span_tree tree;
    char text[TREE_TEXT_MAX];

    (void)state;
    journal_add(&journal, 't', 'a', 'b', 1);
    journal_add(&journal, 't', 'b', 'a', 2);
    journal_add(&journal, 't', 'c', 'c', 3);
    journal_add(&journal, 't', 'd', 'b', 4);
    assert_int_equal(span_tree_init(&tree, journal.list, journal.count), 0);
    assert_string_equal(tree_text(&tree, text), "c0 a0 b0 d0 ");
    span_tree_deinit(&tree);
}

static void test_refused_calls_have_no_span_and_are_nobodys_parents(void **state)
{
    struct journal journal = { .count = 0 };
    struct span_tree tree;

    (void)state;
    journal_add(&journal, 't', 0, 0, 1);
    journal_add(&journal, 't', 0, 0, 2);
    journal_add(&journal, 't', 0, 'a', 3);
    journal_add(&journal, 't', 'a', 0, 0);
    assert_int_equal(span_tree_init(&tree, journal.list, journal.count), 0);
    assert_int_equal(tree.count, 4);
    assert_int_equal(tree.nodes[1].depth, 1);
    assert_int_equal(tree.nodes[2].depth, 0);
    assert_int_equal(tree.nodes[3].depth, 0);
    span_tree_deinit(&tree);
}

static void test_records_are_sorted_into_traces_by_their_begin(void **state)
{
    struct journal journal = { .count = 0 };
    struct calls calls = { .records = journal.list };
    struct trace_set set;

    (void)state;
    journal_add(&journal, 'b', '1', 0, 30);
    journal_add(&journal, 'a', '2', 0, 50);
    journal_add(&journal, 'b', '3', '1', 60);
    journal_add(&journal, 'a', '4', 0, 20);
    journal_add(&journal, 'c', '5', 0, 1)->trace.len = 0;
    calls.count = journal.count;
    assert_int_equal(trace_set_init(&set, &calls), 0);
    assert_int_equal(set.count, 2);
    assert_string_equal(set.list[0].id, "61616161616161616161616161616161");
    assert_int_equal(set.list[0].tree.count, 2);
    assert_int_equal(set.list[1].tree.nodes[1].depth, 1);
    trace_set_deinit(&set);
    trace_set_deinit(&set);
}

static void test_a_bar_stands_where_the_call_was_and_is_never_empty(void **state)
{
    char bar[3 * WATERFALL_BAR_MAX + 1];

    (void)state;
    assert_string_equal(waterfall_bar(0, 100, 100, 10, false, bar), "==========");
    assert_string_equal(waterfall_bar(50, 100, 100, 10, false, bar), "     =====");
    assert_string_equal(waterfall_bar(20, 21, 100, 10, false, bar), "  =");
    assert_string_equal(waterfall_bar(100, 100, 100, 10, false, bar), "         =");
    assert_string_equal(waterfall_bar(0, 0, 0, 10, false, bar), "=");
    assert_string_equal(waterfall_bar(0, UINT64_MAX / 2, UINT64_MAX / 2, 2, true, bar),
            "\xe2\x94\x81\xe2\x94\x81");
}

/* ---- what is said of a call ---- */

static bool explanation_has(const struct explanation *explanation, const char *part)
{
    for (int i = 0; i < explanation->line_count; i++) {
        if (strstr(explanation->lines[i], part) != NULL)
            return true;
    }
    for (int i = 0; i < explanation->next_count; i++) {
        if (strstr(explanation->next[i], part) != NULL)
            return true;
    }
    return false;
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void test_an_explanation_names_the_rule_that_kept_a_call_out(void **state)
{
    struct journal journal = { .count = 0 };
    Mu__Router__V1__CallRecord *record = journal_add(&journal, 't', 0, 0, 1);
    struct explanation explanation;

    (void)state;
    record->caller = text_of("till");
    record->code = MU_PERMISSION_DENIED;
    record->executed = MU_EXECUTED_NO;
    record->cause = MU__ROUTER__V1__CAUSE__CAUSE_NO_CAPABILITY;
    record->refused = true;
    record->message = text_of("till has no capability for shop.Buy");
    record->origin = text_of("router");
    explanation_make(&explanation, record);
    assert_true(explanation_has(&explanation, "no capability of its caller covers it"));
    assert_true(explanation_has(&explanation, "router says: till has no capability"));
    assert_true(explanation_has(&explanation, "was not executed"));
    assert_true(explanation_has(&explanation, "mu grant till shop.Buy"));
    assert_false(explanation_has(&explanation, "It went to"));
    assert_false(explanation_has(&explanation, "It waited"));
}

static void test_an_explanation_names_those_who_could_have_taken_a_call(void **state)
{
    struct journal journal = { .count = 0 };
    Mu__Router__V1__CallRecord *record = journal_add(&journal, 't', 'a', 0, 1);
    Mu__Router__V1__Decision full = MU__ROUTER__V1__DECISION__INIT;
    Mu__Router__V1__Decision away = MU__ROUTER__V1__DECISION__INIT;
    Mu__Router__V1__Decision *decisions[] = { &full, &away };
    struct explanation explanation;

    (void)state;
    full.party = MU__ROUTER__V1__PARTY__PARTY_PROCESS;
    full.pid = 77;
    full.cause = MU__ROUTER__V1__CAUSE__CAUSE_FULL;
    away.party = MU__ROUTER__V1__PARTY__PARTY_NODE;
    away.node = text_of("barn");
    away.hops = 2;
    away.cause = MU__ROUTER__V1__CAUSE__CAUSE_NOT_CONNECTED;
    record->n_decisions = 2;
    record->decisions = decisions;
    record->considered = 5;
    record->side = MU__ROUTER__V1__SIDE__SIDE_THERE;
    record->callee_node = text_of("loft");
    record->instances = 1;
    record->cap_source = MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_OPERATOR;
    record->cap_handle = 0x1f;
    record->cause = MU__ROUTER__V1__CAUSE__CAUSE_DEADLINE;
    record->code = MU_DEADLINE_EXCEEDED;
    record->timeout_us = 5000000;
    record->queued_us = 1240;
    explanation_make(&explanation, record);
    assert_true(explanation_has(&explanation, "(pid 77): has as many calls as it takes"));
    assert_true(explanation_has(&explanation, "node barn (2 links): is not connected now"));
    assert_true(explanation_has(&explanation, "and 3 more"));
    assert_true(explanation_has(&explanation, "It went to node loft: nobody here could take it."));
    assert_true(explanation_has(
            &explanation, "an operator granted it, under the handle 000000000000001f"));
    assert_true(explanation_has(&explanation, "It waited 1.24 ms"));
    assert_true(explanation_has(&explanation, "Its caller gave it 5.0 s."));
    assert_true(explanation_has(&explanation, "Whether it was executed is not known"));
    assert_true(explanation_has(&explanation, "on node loft: mu why 74747474"));
}

static void test_an_explanation_names_both_instances_of_a_hedged_call(void **state)
{
    static const struct {
        Mu__Router__V1__Cause cause;
        const char *says;
    } cases[] = {
        { MU__ROUTER__V1__CAUSE__CAUSE_CANCELLED, "(pid 78): had it as well, and did not answer" },
        { MU__ROUTER__V1__CAUSE__CAUSE_ANSWERED, "(pid 78): had it as well, and failed it" },
        { MU__ROUTER__V1__CAUSE__CAUSE_CALLEE_GONE, "(pid 78): had it as well, and was lost" },
    };
    struct journal journal = { .count = 0 };
    Mu__Router__V1__CallRecord *record = journal_add(&journal, 't', 'a', 0, 1);
    Mu__Router__V1__Decision other = MU__ROUTER__V1__DECISION__INIT;
    Mu__Router__V1__Decision *decisions[] = { &other };
    struct explanation explanation;

    (void)state;
    other.party = MU__ROUTER__V1__PARTY__PARTY_PROCESS;
    other.pid = 78;
    record->n_decisions = 1;
    record->decisions = decisions;
    record->considered = 1;
    record->side = MU__ROUTER__V1__SIDE__SIDE_HERE;
    record->callee_pid = 77;
    record->cause = MU__ROUTER__V1__CAUSE__CAUSE_ANSWERED;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        other.cause = cases[i].cause;
        explanation_make(&explanation, record);
        assert_true(explanation_has(&explanation, "(pid 77)"));
        assert_true(explanation_has(&explanation, "two instances were sent it"));
        assert_true(explanation_has(&explanation, cases[i].says));
    }
}

static void test_every_cause_has_words_of_its_own(void **state)
{
    const ProtobufCEnumDescriptor *type = &mu__router__v1__cause__descriptor;

    (void)state;
    for (unsigned i = 0; i < type->n_values; i++) {
        Mu__Router__V1__Cause cause = (Mu__Router__V1__Cause)type->values[i].value;
        bool is_of_call = strcmp(cause_of_call(cause), "ended") != 0;
        bool is_of_candidate = strcmp(cause_of_candidate(cause), "was not taken") != 0;

        if (cause != MU__ROUTER__V1__CAUSE__CAUSE_NONE)
            assert_true(is_of_call || is_of_candidate);
        assert_string_not_equal(cause_name(cause), "UNKNOWN");
    }
    assert_string_equal(cause_name((Mu__Router__V1__Cause)4711), "UNKNOWN");
    assert_string_equal(cause_of_call((Mu__Router__V1__Cause)4711), "ended");
    assert_string_equal(cause_of_candidate((Mu__Router__V1__Cause)4711), "was not taken");
}

/* ---- for programs ---- */

static void test_json_has_ids_in_digits_and_codes_by_name(void **state)
{
    struct journal journal = { .count = 0 };
    Mu__Router__V1__CallRecord *record = journal_add(&journal, 't', 's', 0, 1795803005781234);
    json_t *root;

    (void)state;
    record->code = MU_NOT_FOUND;
    record->executed = MU_EXECUTED_YES;
    record->cause = MU__ROUTER__V1__CAUSE__CAUSE_ANSWERED;
    root = call_json_make(record);
    assert_string_equal(
            json_string_value(json_object_get(root, "trace")), "74747474747474747474747474747474");
    assert_string_equal(json_string_value(json_object_get(root, "span")), "7373737373737373");
    assert_null(json_object_get(root, "parentSpan"));
    assert_string_equal(json_string_value(json_object_get(root, "code")), "NOT_FOUND");
    assert_string_equal(json_string_value(json_object_get(root, "executed")), "YES");
    assert_string_equal(json_string_value(json_object_get(root, "cause")), "ANSWERED");
    assert_string_equal(
            json_string_value(json_object_get(root, "began")), "2026-11-27T18:10:05.781234Z");
    json_decref(root);
}

static void test_otlp_groups_spans_by_service_and_gives_each_an_id(void **state)
{
    struct journal journal = { .count = 0 };
    struct calls calls = { .records = journal.list };
    Mu__Router__V1__CallRecord *refused;
    struct trace_set set;
    json_t *root;
    json_t *list;
    const char *id;

    (void)state;
    journal_add(&journal, 't', 'a', 0, 1);
    journal_add(&journal, 't', 'b', 'a', 2)->endpoint = text_of("till.Open");
    refused = journal_add(&journal, 't', 0, 'a', 3);
    refused->code = MU_UNAVAILABLE;
    refused->message = text_of("nobody");
    calls.count = journal.count;
    assert_int_equal(trace_set_init(&set, &calls), 0);
    root = otlp_make(&set, "barn", "1.2");
    list = json_object_get(root, "resourceSpans");
    assert_int_equal(json_array_size(list), 2);
    list = json_object_get(
            json_array_get(json_object_get(json_array_get(list, 0), "scopeSpans"), 0), "spans");
    assert_int_equal(json_array_size(list), 2); /* shop's */
    id = json_string_value(json_object_get(json_array_get(list, 1), "spanId"));
    assert_string_equal(id, "0000000000000003");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "parentSpanId")),
            "6161616161616161");
    assert_string_equal(
            json_string_value(json_object_get(json_array_get(list, 0), "startTimeUnixNano")),
            "1000");
    json_decref(root);
    trace_set_deinit(&set);
}

/* ---- lines of logs ---- */

static bool line_is_of(const char *line, const char *trace)
{
    return log_line_is_of(line, strlen(line), trace);
}

static void test_a_line_is_of_the_trace_in_its_own_field(void **state)
{
    static const char line[] = "{\"ts\":\"x\",\"msg\":\"of 9999\",\"trace_id\":\"4bf92f35\"}";

    (void)state;
    assert_true(line_is_of(line, "4bf9"));
    assert_true(line_is_of(line, "4bf92f35"));
    assert_false(line_is_of(line, "4bf92f351"));
    assert_false(line_is_of(line, "9999"));
    assert_false(line_is_of(line, "2f35"));
    assert_true(line_is_of("{ \"trace_id\" : \"4bf9\" }", "4bf9"));
    assert_false(line_is_of("4bf9", "4bf9"));
    assert_false(line_is_of("{\"trace_id\":4.4}", "4bf9"));
    assert_false(line_is_of("{\"trace_id\":\"4bf9\"", "4bf9"));
    assert_false(line_is_of("", "4bf9"));
}

static void test_people_see_a_traces_first_digits(void **state)
{
    static const char line[] =
            "{\"ts\":\"2026-11-27T12:00:00.000Z\",\"level\":\"info\",\"msg\":\"m\","
            "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
            "\"span_id\":\"00f067aa0ba902b7\",\"n\":1}";
    struct cli cli = { .no_color = true };
    struct output output;

    (void)state;
    output_catch(&output, stdout);
    log_line_print(&cli, "shop", line, strlen(line));
    output_release(&output);
    assert_non_null(strstr(output.text, "info  shop: m n=1 trace=4bf92f35\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_traceparent_is_read_as_w3c_has_it),
        cmocka_unit_test(test_what_is_no_traceparent_is_refused_and_changes_nothing),
        cmocka_unit_test(test_a_new_trace_has_an_id_and_no_span_but_a_traceparent),
        cmocka_unit_test(test_a_traces_first_digits_are_four_at_least),
        cmocka_unit_test(test_calls_stand_under_those_that_they_were_made_in_by_time),
        cmocka_unit_test(test_calls_that_claim_to_be_made_in_each_other_are_all_shown),
        cmocka_unit_test(test_refused_calls_have_no_span_and_are_nobodys_parents),
        cmocka_unit_test(test_records_are_sorted_into_traces_by_their_begin),
        cmocka_unit_test(test_a_bar_stands_where_the_call_was_and_is_never_empty),
        cmocka_unit_test(test_an_explanation_names_the_rule_that_kept_a_call_out),
        cmocka_unit_test(test_an_explanation_names_those_who_could_have_taken_a_call),
        cmocka_unit_test(test_an_explanation_names_both_instances_of_a_hedged_call),
        cmocka_unit_test(test_every_cause_has_words_of_its_own),
        cmocka_unit_test(test_json_has_ids_in_digits_and_codes_by_name),
        cmocka_unit_test(test_otlp_groups_spans_by_service_and_gives_each_an_id),
        cmocka_unit_test(test_a_line_is_of_the_trace_in_its_own_field),
        cmocka_unit_test(test_people_see_a_traces_first_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
