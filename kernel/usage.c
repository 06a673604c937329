// SPDX-License-Identifier: Apache-2.0
#include "kernel/usage.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { USAGE_FILE_MAX = 4096, USAGE_FIELDS_BEFORE_UTIME = 11 };

/* Reads /proc/PID/NAME, a small file. False where it is not there. */
static bool usage_read(uint32_t pid, const char *name, char text[USAGE_FILE_MAX])
{
    char path[64];
    CLEANUP(cleanup_close) int fd = -1;
    ssize_t size;

    snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size = read(fd, text, USAGE_FILE_MAX - 1);
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}

/* The second number of statm is in pages; everybody may read it. */
static uint32_t usage_resident_kib(uint32_t pid)
{
    char text[USAGE_FILE_MAX];
    const char *pages;

    if (!usage_read(pid, "statm", text))
        return 0;
    pages = strchr(text, ' ');
    return pages != NULL ? (uint32_t)(strtoul(pages, NULL, 10) *
                                      (unsigned long)sysconf(_SC_PAGESIZE) / 1024)
                         : 0;
}

uint32_t usage_memory_kib(uint32_t pid)
{
    char text[USAGE_FILE_MAX];
    const char *share;

    if (!usage_read(pid, "smaps_rollup", text))
        return usage_resident_kib(pid);
    share = strstr(text, "\nPss:");
    return share != NULL ? (uint32_t)strtoul(share + strlen("\nPss:"), NULL, 10) : 0;
}

uint64_t usage_cpu_ms(uint32_t pid)
{
    char text[USAGE_FILE_MAX];
    uint64_t ticks;
    char *at;

    if (!usage_read(pid, "stat", text))
        return 0;
    at = strrchr(text, ')'); /* the name before it may hold anything */
    if (at == NULL)
        return 0;
    at += 1;
    for (int i = 0; i < USAGE_FIELDS_BEFORE_UTIME && at != NULL; i++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return 0;
    ticks = strtoull(at, &at, 10);
    ticks += strtoull(at, NULL, 10);
    return ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* The set of signals behind `name`, a line of /proc/PID/status. */
static uint64_t usage_signals(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return line != NULL ? strtoull(line + strlen(name), NULL, 16) : 0;
}

/* Its number in its own namespace is the last of those in the line NSpid. */
static bool usage_is_first(const char *status)
{
    static const char name[] = "\nNSpid:";
    const char *line = strstr(status, name);
    const char *end;

    if (line == NULL)
        return false;
    line += strlen(name);
    end = line + strcspn(line, "\n");
    return end - line > 2 && end[-1] == '1' && end[-2] == '\t';
}

bool usage_heeds_signal(uint32_t pid, int number)
{
    char text[USAGE_FILE_MAX];

    if (!usage_read(pid, "status", text) || !usage_is_first(text))
        return true;
    return ((usage_signals(text, "\nSigCgt:") | usage_signals(text, "\nSigIgn:") |
                    usage_signals(text, "\nSigBlk:")) >>
                           (number - 1) &
                   1) != 0;
}
