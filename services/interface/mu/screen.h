/* screen.h - the whole terminal, for a while: drawn anew as often as wanted, keys read one by one,
 * and left as it was, whichever way the program ends. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <termios.h>

/* What screen_wait woke up for. */
enum screen_event {
    SCREEN_TIME,   /* the time is over */
    SCREEN_KEY,    /* a key: `*keyp` */
    SCREEN_SIZE,   /* the terminal has another size */
    SCREEN_SIGNAL, /* to end: `*keyp` is the signal */
    SCREEN_GONE    /* the terminal is no more */
};

enum {
    SCREEN_KEY_UP = 256, /* keys that are no bytes */
    SCREEN_KEY_DOWN,
    SCREEN_KEY_LEFT,
    SCREEN_KEY_RIGHT,
    SCREEN_KEY_OTHER /* any other that sends several bytes */
};

struct screen {
    struct termios before;
    FILE *frame; /* owned while one is drawn */
    char *text;  /* owned: of the frame */
    size_t size;
    int columns;
    int rows;
    bool is_open;
};

/* True where standard input and output are a terminal that can be steered. */
bool screen_is_possible(void);

/* Takes the terminal: the alternate screen, no cursor, keys as they come. One at a time. Returns 0
 * or -errno. */
int screen_open(struct screen *screen);

/* Gives it back as it was. Safe twice, and on zeroes. */
void screen_close(struct screen *screen);

/* Waits for something to happen, `wait_ms` at most. */
enum screen_event screen_wait(struct screen *screen, int wait_ms, int *keyp);

/* Begins a frame, for as many columns and rows as there are now. Lines are written to what it
 * returns; what does not fit is cut off, to the right and at the bottom. NULL: no memory. */
FILE *screen_begin(struct screen *screen);

/* Shows what was written since. */
void screen_end(struct screen *screen);

/* Ends this process by `number` as if it had never been caught, once the terminal is given back. */
_Noreturn void screen_die(struct screen *screen, int number);
