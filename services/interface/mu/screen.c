// SPDX-License-Identifier: Apache-2.0
/* Plain ANSI, as every terminal of the last decades has it: one screen of text needs no library. A
 * frame leaves with one write and clears each line just before it is written, so nothing flickers.
 * Signals are handled on whatever thread they meet, so they only put their number into a pipe. */
#include "services/interface/mu/screen.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"

#define SCREEN_ENTER "\033[?1049h\033[?25l\033[2J"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"

enum {
    SCREEN_COLUMNS = 80, /* where nobody says how many */
    SCREEN_ROWS = 24,
    SCREEN_ESCAPE = 0x1b,
    SCREEN_ESCAPE_MS = 30 /* the rest of a key's bytes follows within it */
};

/* That end the program, if nobody catches them; and those that concern the screen. */
static const int screen_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };

enum { SCREEN_SIGNALS = sizeof(screen_signals) / sizeof(screen_signals[0]) };

static int screen_pipe[2] = { -1, -1 }; /* a signal's handler knows nothing else */
static struct sigaction screen_actions[SCREEN_SIGNALS];

static void screen_signal(int number)
{
    unsigned char byte = (unsigned char)number;
    int error = errno;

    if (write(screen_pipe[1], &byte, 1) < 0)
        byte = 0; /* it is full of others */
    errno = error;
}

bool screen_is_possible(void)
{
    const char *kind = getenv("TERM");

    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && kind != NULL &&
           strcmp(kind, "dumb") != 0;
}

static void screen_write(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t count = write(STDOUT_FILENO, text, size);

        if (count < 0 && errno != EINTR)
            return; /* the wait behind it finds out */
        text += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
}

static int screen_enter(struct screen *screen)
{
    struct termios raw = screen->before;

    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* ISIG stays: ^C and ^Z are what they are */
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
        return err_new(-errno);
    screen_write(SCREEN_ENTER, sizeof(SCREEN_ENTER) - 1);
    screen->is_open = true;
    return 0;
}

static void screen_leave(struct screen *screen)
{
    if (!screen->is_open)
        return;
    screen->is_open = false;
    screen_write(SCREEN_LEAVE, sizeof(SCREEN_LEAVE) - 1);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->before);
}

int screen_open(struct screen *screen)
{
    struct sigaction action = { .sa_handler = screen_signal, .sa_flags = SA_RESTART };

    *screen = (struct screen){ 0 };
    fflush(stdout);
    if (tcgetattr(STDIN_FILENO, &screen->before) < 0 ||
            pipe2(screen_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_new(-errno);
    for (size_t i = 0; i < SCREEN_SIGNALS; i++)
        sigaction(screen_signals[i], &action, &screen_actions[i]);
    return screen_enter(screen);
}

void screen_close(struct screen *screen)
{
    screen_leave(screen);
    if (screen->frame != NULL)
        fclose(screen->frame);
    free(screen->text);
    *screen = (struct screen){ 0 };
    if (screen_pipe[0] < 0)
        return;
    for (size_t i = 0; i < SCREEN_SIGNALS; i++)
        sigaction(screen_signals[i], &screen_actions[i], NULL);
    close(screen_pipe[0]);
    close(screen_pipe[1]);
    screen_pipe[0] = -1;
    screen_pipe[1] = -1;
}

void screen_die(struct screen *screen, int number)
{
    screen_close(screen);
    signal(number, SIG_DFL);
    raise(number);
    _exit(128 + number); /* it was blocked */
}

/* ^Z: the shell gets its terminal as it was, and when the program goes on it takes it again. */
static void screen_stop(struct screen *screen)
{
    screen_leave(screen);
    raise(SIGSTOP);
    screen_enter(screen);
}

/* One byte, within `wait_ms`; -1: none came. */
static int screen_byte(int wait_ms)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    unsigned char byte;

    if (poll(&input, 1, wait_ms) != 1 || read(STDIN_FILENO, &byte, 1) != 1)
        return -1;
    return byte;
}

/* A key that sends several bytes: ESC [ A, or ESC O A; with numbers in between. */
static int screen_long_key(void)
{
    static const int keys[] = { SCREEN_KEY_UP, SCREEN_KEY_DOWN, SCREEN_KEY_RIGHT, SCREEN_KEY_LEFT };
    int byte = screen_byte(SCREEN_ESCAPE_MS);

    if (byte < 0)
        return SCREEN_ESCAPE;
    if (byte != '[' && byte != 'O')
        return SCREEN_KEY_OTHER;
    do {
        byte = screen_byte(SCREEN_ESCAPE_MS);
    } while ((byte >= '0' && byte <= '9') || byte == ';');
    return byte >= 'A' && byte <= 'D' ? keys[byte - 'A'] : SCREEN_KEY_OTHER;
}

static enum screen_event screen_take_signal(struct screen *screen, int *keyp)
{
    unsigned char number;

    if (read(screen_pipe[0], &number, 1) != 1)
        return SCREEN_TIME;
    if (number == SIGWINCH)
        return SCREEN_SIZE;
    if (number == SIGTSTP) {
        screen_stop(screen);
        return SCREEN_SIZE;
    }
    *keyp = number;
    return SCREEN_SIGNAL;
}

enum screen_event screen_wait(struct screen *screen, int wait_ms, int *keyp)
{
    struct pollfd inputs[] = {
        { .fd = screen_pipe[0], .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN },
    };
    int count = poll(inputs, 2, wait_ms);

    if (count == 0 || (count < 0 && errno == EINTR && inputs[0].revents == 0))
        return SCREEN_TIME;
    if ((inputs[0].revents & POLLIN) != 0)
        return screen_take_signal(screen, keyp);
    if ((inputs[1].revents & POLLIN) == 0)
        return SCREEN_GONE;
    *keyp = screen_byte(0);
    if (*keyp < 0)
        return SCREEN_GONE;
    if (*keyp == SCREEN_ESCAPE)
        *keyp = screen_long_key();
    return SCREEN_KEY;
}

FILE *screen_begin(struct screen *screen)
{
    struct winsize size;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;

    screen->columns = is_known ? size.ws_col : SCREEN_COLUMNS;
    screen->rows = is_known && size.ws_row > 0 ? size.ws_row : SCREEN_ROWS;
    free(screen->text);
    screen->text = NULL;
    screen->frame = open_memstream(&screen->text, &screen->size);
    return screen->frame;
}

/* How many of the line's bytes are in the first `columns` columns; what steers the terminal takes
 * none, and letters are taken to be one wide. */
static size_t screen_cut(const char *line, size_t size, int columns)
{
    size_t at = 0;

    for (int used = 0; at < size;) {
        if (line[at] == SCREEN_ESCAPE) {
            while (at < size && !isalpha((unsigned char)line[at]))
                at += 1;
            at += at < size;
            continue;
        }
        if (used == columns)
            break;
        used += 1;
        at += 1;
        while (at < size && ((unsigned char)line[at] & 0xc0) == 0x80)
            at += 1;
    }
    return at;
}

void screen_end(struct screen *screen)
{
    static const char home[] = "\033[H";
    static const char clear[] = "\033[2K";
    static const char plain[] = "\033[m"; /* where a colour's end was cut off */
    static const char rest[] = "\033[J";
    char *shown = NULL;
    size_t size = 0;
    FILE *stream;
    const char *line;
    int row = 0;

    fclose(screen->frame); /* which gives the text its NUL */
    screen->frame = NULL;
    stream = open_memstream(&shown, &size);
    if (stream == NULL || screen->text == NULL)
        return;
    fputs(home, stream);
    for (line = screen->text; *line != '\0' && row < screen->rows; row++) {
        size_t length = strcspn(line, "\n");

        /* Cleared before it is written: behind its last column some terminals take that, too. */
        fprintf(stream, "%s%s%.*s%s", row > 0 ? "\n" : "", clear,
                (int)screen_cut(line, length, screen->columns), line, plain);
        line += length;
        line += *line == '\n';
    }
    fputs(rest, stream);
    fclose(stream);
    screen_write(shown, size);
    free(shown);
}
