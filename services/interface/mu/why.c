// SPDX-License-Identifier: Apache-2.0
/* mu why - what became of a call. Of a trace in which calls failed, those are told that failed by
 * themselves, and not because a call that they made did. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/explanation.h"
#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/calls_reach.h"
#include "services/interface/mu/call_json.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/plain.h"
#include "services/interface/mu/trace_id.h"
#include "services/interface/mu/trace_set.h"

enum { WHY_TOLD_MAX = 5 /* calls of one trace that are told at length */ };

static void why_line(const char *text)
{
    plain_print(stdout, text, strlen(text));
    putchar('\n');
}

/* `node` is whose router says so; "": this one's. */
static void why_print(
        const struct cli *cli, const char *node, const struct explanation *explanation)
{
    fputs(color_on(cli, stdout, COLOR_BOLD), stdout);
    plain_print(stdout, explanation->lines[0], strlen(explanation->lines[0]));
    printf("%s\n", color_off(cli, stdout));
    if (node[0] != '\0')
        printf("  So says the router of %s.\n", node);
    for (int i = 1; i < explanation->line_count; i++) {
        fputs("  ", stdout);
        why_line(explanation->lines[i]);
    }
    for (int i = 0; i < explanation->next_count; i++) {
        fputs(i == 0 ? "  Next: " : "        ", stdout);
        why_line(explanation->next[i]);
    }
}

static json_t *why_json(const Mu__Router__V1__CallRecord *record, const char *node,
        const struct explanation *explanation)
{
    json_t *call = call_json_make(record);
    json_t *sentences = json_array();
    json_t *next = json_array();

    if (node[0] != '\0')
        json_object_set_new(call, "node", json_string(node));
    for (int i = 0; i < explanation->line_count; i++)
        json_array_append_new(sentences, json_string(explanation->lines[i]));
    for (int i = 0; i < explanation->next_count; i++)
        json_array_append_new(next, json_string(explanation->next[i]));
    return json_pack("{s:o, s:o, s:o}", "call", call, "sentences", sentences, "next", next);
}

/* Tells of one call; into `list`, where that is not NULL. */
static int why_tell(
        struct cli *cli, const Mu__Router__V1__CallRecord *record, const char *node, json_t *list)
{
    CLEANUP(cleanup_free) struct explanation *explanation = malloc(sizeof(*explanation));

    if (explanation == NULL)
        return (int)failure_of_memory(cli);
    explanation_make(explanation, record);
    if (list != NULL)
        json_array_append_new(list, why_json(record, node, explanation));
    else
        why_print(cli, node, explanation);
    return EXIT_OK;
}

/* Is it told: the first one, where none failed; else those that are the cause? */
static bool why_is_told(const struct span_tree *tree, size_t index)
{
    if (tree->failed == 0)
        return index == 0;
    return tree->nodes[index].record->code != MU_OK && !span_tree_has_failed_child(tree, index);
}

/* What else there is in the trace. */
static void why_rest(const struct trace *trace, bool of_all, size_t told)
{
    const struct span_tree *tree = &trace->tree;

    if (tree->count == told)
        return;
    putchar('\n');
    for (size_t i = 0; i < tree->count; i++) {
        const Mu__Router__V1__CallRecord *record = tree->nodes[i].record;

        if (record->code == MU_OK || !span_tree_has_failed_child(tree, i))
            continue;
        plain_print(stdout, record->endpoint, strlen(record->endpoint));
        printf(" made a call that failed, and then ended with %s itself.\n",
                mu_code_name((enum mu_code)record->code));
    }
    printf("All %zu calls of the trace: mu trace show %.*s%s\n", tree->count, TRACE_ID_SHORT,
            trace->id, of_all ? " --nodes" : "");
}

static int why_trace(struct cli *cli, const struct trace *trace, const struct calls_reach *found)
{
    json_t *list = output_is_json(cli) ? json_array() : NULL;
    size_t told = 0;
    int code = EXIT_OK;

    for (size_t i = 0; code == EXIT_OK && i < trace->tree.count && told < WHY_TOLD_MAX; i++) {
        if (!why_is_told(&trace->tree, i))
            continue;
        if (told > 0 && list == NULL)
            putchar('\n');
        code = why_tell(cli, trace->tree.nodes[i].record,
                calls_reach_node(found, trace->tree.nodes[i].record), list);
        told += 1;
    }
    if (list != NULL && code == EXIT_OK)
        return output_json(cli, json_pack("{s:s, s:o}", "trace", trace->id, "explanations", list));
    json_decref(list);
    if (code == EXIT_OK)
        why_rest(trace, found->each != NULL, told);
    return code;
}

/* The one call with the router's number. Returns EXIT_OK with `*foundp` false where there is none.
 */
static int why_call(struct cli *cli, uint64_t number, bool *foundp)
{
    CLEANUP(bus_reply_free) Mu__Router__V1__CallsReply *reply = NULL;
    Mu__Router__V1__CallsRequest request = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    json_t *list = output_is_json(cli) ? json_array() : NULL;
    int code;

    request.call = number;
    code = bus_call(cli, "router.Calls", &request.base, &mu__router__v1__calls_reply__descriptor,
            (ProtobufCMessage **)&reply);
    *foundp = code == EXIT_OK && reply->n_calls > 0;
    if (*foundp)
        code = why_tell(cli, reply->calls[reply->n_calls - 1], "", list);
    if (*foundp && list != NULL && code == EXIT_OK)
        return output_json(cli, json_pack("{s:o}", "explanations", list));
    json_decref(list);
    return code;
}

static int why_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(calls_reach_deinit) struct calls_reach found = { 0 };
    CLEANUP(trace_set_deinit) struct trace_set set = { 0 };
    bool of_all = arguments_flag(arguments, "nodes") != NULL;
    const char *word = arguments->words[0];
    char *end = NULL;
    uint64_t number;
    bool is_found = false;
    int code = EXIT_OK;

    errno = 0;
    number = strtoull(word, &end, 10);
    if (isdigit((unsigned char)word[0]) && *end == '\0' && errno == 0 && number != 0 && !of_all)
        code = why_call(cli, number, &is_found);
    if (code != EXIT_OK || is_found)
        return code;
    code = calls_reach_find(cli, word, of_all, &found, &set);
    return code == EXIT_OK ? why_trace(cli, &set.list[0], &found) : code;
}

const struct command why_command = {
    .name = "why",
    .group = "Watching",
    .summary = "what became of a call: who decided what, and what to do next",
    .words = "TRACE-ID | CALL",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_TRACE,
    .details = "A trace's id, or its first digits, as a failed mu call says it; or a call's number "
               "(`call` in\n"
               "mu trace show -o json). Of a trace in which calls failed it tells of those that "
               "the others failed\n"
               "of: where they went, who could have taken them and did not, what let them through "
               "or kept them\n"
               "out, how long they waited, whether they were executed. --nodes asks all nodes of "
               "this owner:\n"
               "a call that failed on another one is told as the router there saw it.",
    .flags =
            (const struct flag[]){
                    { .name = "nodes", .help = "of a trace: also what other nodes know of it" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu why 4bf92f35", "in sentences" },
                    { "mu why 4bf92f35 --nodes", "also why it failed on another node" },
                    { "mu why 4bf92f35 -o json", "the same with the whole record" },
                    { NULL, NULL },
            },
    .run = why_run,
};
