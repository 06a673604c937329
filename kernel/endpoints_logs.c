// SPDX-License-Identifier: Apache-2.0
#include "kernel/endpoints_logs.h"

#include <stdio.h>
#include <string.h>

#include "kernel/answer.h"
#include "kernel/inquiry.h"
#include "kernel/logscan.h"

/* The lines of one answer. */
struct logs_page {
    Mu__Node__V1__LogsLine lines[LOG_PAGE_LINES_MAX];
    Mu__Node__V1__LogsLine *each[LOG_PAGE_LINES_MAX];
    char services[LOG_PAGE_LINES_MAX][LOGFILE_NAME_MAX];
    size_t count;
    size_t size; /* bytes used of `text` */
    char text[LOG_PAGE_SIZE_MAX];
};

static bool logs_keep(const char *service, const char *line, size_t size, void *user)
{
    struct logs_page *page = user;
    Mu__Node__V1__LogsLine *kept = &page->lines[page->count];

    if (page->count == LOG_PAGE_LINES_MAX || size > sizeof(page->text) - page->size)
        return false;
    mu__node__v1__logs_line__init(kept);
    snprintf(page->services[page->count], LOGFILE_NAME_MAX, "%s", service);
    kept->service = page->services[page->count];
    kept->text = (ProtobufCBinaryData){ size, (uint8_t *)page->text + page->size };
    memcpy(page->text + page->size, line, size);
    page->size += size;
    page->each[page->count++] = kept;
    return true;
}

static bool logs_is_service(const char *name)
{
    return strlen(name) < LOGFILE_NAME_MAX &&
           service_name_is_valid((struct span){ (const uint8_t *)name, strlen(name) });
}

/* False where the request is none, which the caller is told. */
static bool logs_read(const struct inquiry *inquiry, struct logscan *scan)
{
    const Mu__Node__V1__LogsRequest *request = (const void *)inquiry->request;
    const Mu__Node__V1__LogsPlace *from = request->from;

    *scan = (struct logscan){
        .folder = inquiry->node->folders.logs, .trace = request->trace, .service = request->service
    };
    if (!logscan_is_trace(request->trace) ||
            (request->service[0] != '\0' && !logs_is_service(request->service)) ||
            (from != NULL && (!logs_is_service(from->service) || from->file > LOG_FILES_OLD ||
                                     from->offset > INT64_MAX))) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_INVALID_ARGUMENT,
                "trace: 4 to 32 digits of 0-9 and a-f; service: a name, or none; from: `next` of "
                "an answer");
        return false;
    }
    if (from != NULL) {
        snprintf(scan->place.service, sizeof(scan->place.service), "%s", from->service);
        scan->place.file = from->file;
        scan->place.offset = from->offset;
    }
    return true;
}

void endpoints_logs(const struct inquiry *inquiry)
{
    Mu__Node__V1__LogsReply reply = MU__NODE__V1__LOGS_REPLY__INIT;
    Mu__Node__V1__LogsPlace next = MU__NODE__V1__LOGS_PLACE__INIT;
    struct logs_page page = { .count = 0 };
    struct logscan scan;

    if (!logs_read(inquiry, &scan))
        return;
    if (logscan_step(&scan, logs_keep, &page)) {
        next.service = scan.place.service;
        next.file = scan.place.file;
        next.offset = scan.place.offset;
        reply.next = &next;
    }
    reply.lines = page.each;
    reply.n_lines = page.count;
    answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}
