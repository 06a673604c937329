// SPDX-License-Identifier: Apache-2.0
/* Each node looks through its own logs, a part at a time, and sends only the lines that are of the
 * trace. They are put in order by the times in them, which are those of their nodes' clocks. */
#include "services/interface/mu/logs_reach.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/log_line.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/reach.h"

struct logs_reach_line {
    char time[LOG_LINE_TIME_MAX];
    size_t order;                       /* in which it came, for lines of the same time … */
    size_t node_index;                  /* … and node */
    const char *node;                   /* borrowed from the nodes in reach */
    const Mu__Node__V1__LogsLine *line; /* borrowed from its page */
};

struct logs_reach {
    struct cli *cli;
    const char *trace;
    struct reach reach;              /* owned */
    Mu__Node__V1__LogsReply **pages; /* owned, as the pages */
    size_t page_count;
    struct logs_reach_line *lines; /* owned */
    size_t line_count;
    Mu__Node__V1__LogsReply **last; /* owned: the last page of each node, borrowed from `pages`;
                                       NULL: none came yet */
    Mu__Node__V1__LogsRequest request;
};

static void logs_reach_deinit(struct logs_reach *logs)
{
    for (size_t i = 0; i < logs->page_count; i++)
        mu__node__v1__logs_reply__free_unpacked(logs->pages[i], NULL);
    free(logs->pages);
    free(logs->lines);
    free(logs->last);
    reach_close(&logs->reach);
}

/* ---- asking ---- */

static bool logs_reach_next(void *user, size_t index, struct reach_ask *ask)
{
    struct logs_reach *logs = user;
    const Mu__Node__V1__LogsReply *last = logs->last[index];

    if (last != NULL && last->next == NULL)
        return false;
    logs->request.from = last != NULL ? last->next : NULL;
    *ask = (struct reach_ask){ "node.Logs", &logs->request.base,
        &mu__node__v1__logs_reply__descriptor };
    return true;
}

static int logs_reach_keep(
        struct logs_reach *logs, size_t index, const Mu__Node__V1__LogsReply *page)
{
    struct logs_reach_line *lines =
            reallocarray(logs->lines, logs->line_count + page->n_lines + 1, sizeof(*lines));

    if (lines == NULL)
        return (int)failure_of_memory(logs->cli);
    logs->lines = lines;
    for (size_t i = 0; i < page->n_lines; i++) {
        const ProtobufCBinaryData *text = &page->lines[i]->text;
        struct logs_reach_line *line = &lines[logs->line_count];

        if (logs->line_count == LOGS_LINES_MAX ||
                !log_line_is_of((const char *)text->data, text->len, logs->trace))
            continue;
        *line = (struct logs_reach_line){ .order = logs->line_count,
            .node_index = index,
            .node = logs->reach.nodes[index].known->name,
            .line = page->lines[i] };
        log_line_time((const char *)text->data, text->len, line->time);
        logs->line_count += 1;
    }
    return EXIT_OK;
}

static int logs_reach_got(void *user, size_t index, ProtobufCMessage *message)
{
    struct logs_reach *logs = user;
    Mu__Node__V1__LogsReply *page = (Mu__Node__V1__LogsReply *)(void *)message;
    Mu__Node__V1__LogsReply **pages =
            reallocarray(logs->pages, logs->page_count + 1, sizeof(*pages));

    if (pages == NULL) {
        mu__node__v1__logs_reply__free_unpacked(page, NULL);
        return (int)failure_of_memory(logs->cli);
    }
    logs->pages = pages;
    pages[logs->page_count++] = page;
    logs->last[index] = page;
    return logs_reach_keep(logs, index, page);
}

/* ---- printing ---- */

static int logs_reach_compare(const void *a, const void *b)
{
    const struct logs_reach_line *left = a;
    const struct logs_reach_line *right = b;
    int order = strcmp(left->time, right->time);

    if (order != 0)
        return order;
    if (left->node_index != right->node_index)
        return left->node_index < right->node_index ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

/* True for a line that came twice, as its file was rotated meanwhile. */
static bool logs_reach_is_again(
        const struct logs_reach_line *line, const struct logs_reach_line *before)
{
    return line->node == before->node && strcmp(line->line->service, before->line->service) == 0 &&
           line->line->text.len == before->line->text.len &&
           memcmp(line->line->text.data, before->line->text.data, line->line->text.len) == 0;
}

static void logs_reach_print(const struct cli *cli, const struct logs_reach_line *line)
{
    const char *text = (const char *)line->line->text.data;
    size_t size = line->line->text.len;
    char who[256];
    json_t *root;

    if (!output_is_json(cli)) {
        snprintf(who, sizeof(who), "%s at %s", line->line->service, line->node);
        log_line_print(cli, who, text, size);
        return;
    }
    root = json_loadb(text, size, 0, NULL);
    json_object_set_new(root, "node", json_string(line->node));
    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
}

static int logs_reach_print_all(struct logs_reach *logs, size_t lines)
{
    size_t from = logs->line_count > lines ? logs->line_count - lines : 0;

    if (logs->line_count > 0)
        qsort(logs->lines, logs->line_count, sizeof(logs->lines[0]), logs_reach_compare);
    for (size_t i = from; i < logs->line_count; i++) {
        if (i == 0 || !logs_reach_is_again(&logs->lines[i], &logs->lines[i - 1]))
            logs_reach_print(logs->cli, &logs->lines[i]);
    }
    return output_flush(logs->cli);
}

static int logs_reach_run(struct logs_reach *logs, size_t lines)
{
    const struct reach_question question = { logs_reach_next, logs_reach_got, logs };
    char fix[128];
    int code = reach_open(logs->cli, &logs->reach);

    if (code != EXIT_OK)
        return code;
    logs->last = calloc(logs->reach.count + 1, sizeof(*logs->last));
    if (logs->last == NULL)
        return (int)failure_of_memory(logs->cli);
    code = reach_ask_all(logs->cli, &logs->reach, &question);
    if (code != EXIT_OK)
        return code;
    reach_talk(logs->cli, &logs->reach);
    if (logs->line_count > 0)
        return logs_reach_print_all(logs, lines);
    snprintf(fix, sizeof(fix), "what its calls came to: mu trace show %s --nodes", logs->trace);
    return (int)failure_say(logs->cli, EXIT_NOT_FOUND, fix,
            "no log of a node that answered has a line of trace %s", logs->trace);
}

int logs_reach_show(struct cli *cli, const char *trace, const char *only, size_t lines)
{
    struct logs_reach logs = { .cli = cli, .trace = trace };
    int code;

    mu__node__v1__logs_request__init(&logs.request);
    logs.request.trace = (char *)(uintptr_t)trace;
    if (only != NULL)
        logs.request.service = (char *)(uintptr_t)only;
    code = logs_reach_run(&logs, lines);
    logs_reach_deinit(&logs);
    return code;
}
