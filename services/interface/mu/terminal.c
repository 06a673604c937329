// SPDX-License-Identifier: Apache-2.0
/* A secret is read byte by byte, with the terminal neither showing nor cutting lines nor sending
 * signals: so ^C is seen here, and no way out leaves the terminal mute. */
#include "services/interface/mu/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

enum {
    TERMINAL_INTERRUPT = 0x03, /* ^C */
    TERMINAL_END = 0x04,       /* ^D */
    TERMINAL_BACKSPACE = 0x08,
    TERMINAL_KILL = 0x15, /* ^U */
    TERMINAL_DELETE = 0x7f,
    TERMINAL_COLUMNS = 80
};

static int terminal_open(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool terminal_is_there(void)
{
    CLEANUP(cleanup_close) int fd = terminal_open();

    return fd >= 0;
}

static void terminal_say(int fd, const char *text)
{
    size_t size = strlen(text);

    while (size > 0) {
        ssize_t count = write(fd, text, size);

        if (count < 0 && errno != EINTR)
            return; /* the read behind it finds out */
        text += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
}

/* Takes back one letter of UTF-8. */
static size_t terminal_erase(const char *answer, size_t count)
{
    while (count > 0 && ((unsigned char)answer[count - 1] & 0xc0) == 0x80)
        count -= 1;
    return count > 0 ? count - 1 : 0;
}

static int terminal_read_secret(int fd, char *answer, size_t size)
{
    size_t count = 0;
    char letter;

    for (;;) {
        ssize_t got = read(fd, &letter, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_new(-errno);
        if (letter == TERMINAL_INTERRUPT)
            return -ECANCELED;
        if (got == 0 || letter == TERMINAL_END)
            return -ENODATA;
        if (letter == '\n' || letter == '\r')
            break;
        if (letter == TERMINAL_BACKSPACE || letter == TERMINAL_DELETE)
            count = terminal_erase(answer, count);
        else if (letter == TERMINAL_KILL)
            count = 0;
        else if (count + 1 < size)
            answer[count++] = letter;
        else
            return -E2BIG;
    }
    answer[count] = '\0';
    return (int)count;
}

int terminal_ask_secret(const char *question, char *answer, size_t size)
{
    CLEANUP(cleanup_close) int fd = terminal_open();
    struct termios before;
    struct termios mute;
    int count;

    if (fd < 0 || tcgetattr(fd, &before) < 0)
        return err_new(-errno);
    mute = before;
    mute.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    mute.c_cc[VMIN] = 1;
    mute.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSAFLUSH, &mute) < 0) /* before it asks: who answers fast is not shown */
        return err_new(-errno);
    terminal_say(fd, question);
    count = terminal_read_secret(fd, answer, size);
    tcsetattr(fd, TCSAFLUSH, &before);
    terminal_say(fd, "\n");
    return count;
}

bool terminal_ask_yes(const char *question)
{
    CLEANUP(cleanup_close) int fd = terminal_open();
    char answer[16];
    ssize_t got;

    if (fd < 0)
        return false;
    terminal_say(fd, question);
    do {
        got = read(fd, answer, sizeof(answer) - 1);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    answer[got] = '\0';
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

int terminal_columns(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    if (columns != NULL && strtol(columns, NULL, 10) > 0 && strtol(columns, NULL, 10) < 10000)
        return (int)strtol(columns, NULL, 10);
    return TERMINAL_COLUMNS;
}

bool terminal_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
