/* base/check.h - promises of the programmer. Always on: a broken one ends the process. */
#pragma once

/* Aborts with the text of the promise, its file and line, unless `promise` holds. Never use it
 * for input from outside: bad input is an outcome, not a broken promise. */
#define CHECK(promise) ((promise) ? (void)0 : check_failed(#promise, __FILE__, __LINE__))

_Noreturn void check_failed(const char *promise, const char *file, int line);
