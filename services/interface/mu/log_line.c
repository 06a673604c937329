// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/log_line.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/plain.h"
#include "services/interface/mu/trace_id.h"

#define LOG_LINE_TRACE "trace_id"

void log_line_time(const char *line, size_t size, char time[LOG_LINE_TIME_MAX])
{
    static const char start[] = "{\"ts\":\"";
    const char *end;

    time[0] = '\0';
    if (size < sizeof(start) || strncmp(line, start, sizeof(start) - 1) != 0)
        return;
    line += sizeof(start) - 1;
    end = memchr(line, '"', size - sizeof(start) + 1);
    if (end != NULL && end - line < LOG_LINE_TIME_MAX)
        snprintf(time, LOG_LINE_TIME_MAX, "%.*s", (int)(end - line), line);
}

/* UTC to the time on this machine's clocks. */
static void log_line_local(const char *utc, char *text, size_t size)
{
    struct tm parts = { 0 };
    time_t seconds;

    snprintf(text, size, "%8s", ""); /* for a time that is none */
    if (strptime(utc, "%Y-%m-%dT%H:%M:%S", &parts) == NULL)
        return;
    seconds = timegm(&parts);
    if (localtime_r(&seconds, &parts) != NULL)
        strftime(text, size, "%H:%M:%S", &parts);
}

static const char *log_line_color(const char *level)
{
    if (strcmp(level, "error") == 0)
        return COLOR_BAD;
    if (strcmp(level, "warn") == 0)
        return COLOR_WARN;
    return COLOR_DIM;
}

/* As it is, where it is a word: a program may write anything there. */
static const char *log_line_level(const char *level)
{
    size_t letters = 0;

    while (isalpha((unsigned char)level[letters]))
        letters += 1;
    return level[letters] == '\0' ? level : "";
}

static void log_line_plain(const char *text)
{
    plain_print(stdout, text, strlen(text));
}

static bool log_line_is_known(const char *key)
{
    return strcmp(key, "ts") == 0 || strcmp(key, "level") == 0 || strcmp(key, "service") == 0 ||
           strcmp(key, "msg") == 0 || strcmp(key, LOG_LINE_TRACE) == 0 ||
           strcmp(key, "span_id") == 0;
}

static const char *log_line_text(const json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));

    return text != NULL ? text : "";
}

void log_line_print(const struct cli *cli, const char *service, const char *line, size_t size)
{
    json_t *root = size > 0 && line[0] == '{' ? json_loadb(line, size, 0, NULL) : NULL;
    const char *level = log_line_text(root, "level");
    char clock[16];
    const char *key;
    json_t *value;

    if (!json_is_object(root)) {
        json_decref(root);
        printf("%14s %s: ", "", service);
        plain_print(stdout, line, size);
        putchar('\n');
        return;
    }
    log_line_local(log_line_text(root, "ts"), clock, sizeof(clock));
    printf("%s%s%s %s%-5s%s %s: ", color_on(cli, stdout, COLOR_DIM), clock, color_off(cli, stdout),
            color_on(cli, stdout, log_line_color(level)), log_line_level(level),
            color_off(cli, stdout), service);
    log_line_plain(log_line_text(root, "msg"));
    json_object_foreach(root, key, value)
    {
        CLEANUP(cleanup_free) char *text = NULL;

        if (log_line_is_known(key))
            continue;
        text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        putchar(' ');
        log_line_plain(key);
        putchar('=');
        log_line_plain(text != NULL ? text : json_string_value(value));
    }
    if (log_line_text(root, LOG_LINE_TRACE)[0] != '\0') {
        fputs(" trace=", stdout);
        plain_print(stdout, log_line_text(root, LOG_LINE_TRACE),
                strnlen(log_line_text(root, LOG_LINE_TRACE), TRACE_ID_SHORT));
    }
    putchar('\n');
    json_decref(root);
}

void log_line_json(const char *service, const char *line, size_t size)
{
    json_t *text = json_stringn(line, size);
    json_t *root = json_pack("{s:s, s:o}", "service", service, "msg",
            text != NULL ? text : json_string("(bytes that are no text)"));

    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
}

bool log_line_is_of(const char *line, size_t size, const char *trace)
{
    json_t *root;
    bool is_of;

    /* Looked for as bytes first: few lines have it. */
    if (size == 0 || line[0] != '{' || memmem(line, size, trace, strlen(trace)) == NULL)
        return false;
    root = json_loadb(line, size, 0, NULL);
    is_of = strncmp(log_line_text(root, LOG_LINE_TRACE), trace, strlen(trace)) == 0;
    json_decref(root);
    return is_of;
}
