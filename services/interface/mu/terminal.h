/* terminal.h - asking the person at the terminal, whatever standard input and output are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* True where there is a person to ask: a terminal to read from and to write to. */
bool terminal_is_there(void);

/* Asks `question` and reads the answer without showing it, at most `size` - 1 bytes. ^U begins
 * anew. Returns how many bytes, -ECANCELED after ^C, -ENODATA at the end of input, -E2BIG for more,
 * -errno. The terminal shows again what is typed in every case. */
int terminal_ask_secret(const char *question, char *answer, size_t size);

/* Asks `question` and returns true for y and yes. */
bool terminal_ask_yes(const char *question);

/* How many columns standard output has; 80 where nobody says. */
int terminal_columns(void);

/* True where the locale can show box characters and the like. */
bool terminal_is_utf8(void);
