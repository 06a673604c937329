/* base/err.h - errors inside a process.
 *
 * A fallible function returns an int: 0 is done; < 0 is a -errno, fatal for this operation and
 * forwarded unchanged; > 0 is an outcome of that one function's enum, handled by its caller. The
 * three calls below record the path an error took when MU_ERR_TRACE is set in the environment. */
#pragma once

#include <errno.h>

/* Marks the place where an error is born. `code` is a -errno (< 0). Returns `code`;
 * -ENOTRECOVERABLE where it is no error after all (a library that failed without errno), since this
 * one is. */
#define err_new(code) err_mark(err_below_zero(code), "new", __FILE__, __LINE__)

/* Marks a place that forwards an error (or 0, or an outcome) unchanged. Returns `code`. */
#define err_trace(code) err_mark((code), "from", __FILE__, __LINE__)

/* Turns an outcome (> 0) that its caller did not expect into -ENOTRECOVERABLE. */
#define err_fold(code) err_mark(err_folded(code), "fold", __FILE__, __LINE__)

void err_record(int code, const char *how, const char *file, int line);

/* In the header, so that compilers and analysers see that a code comes out as it went in. */
static inline int err_mark(int code, const char *how, const char *file, int line)
{
    if (code < 0)
        err_record(code, how, file, line);
    return code;
}

static inline int err_below_zero(int code)
{
    return code < 0 ? code : -ENOTRECOVERABLE;
}

static inline int err_folded(int code)
{
    return code > 0 ? -ENOTRECOVERABLE : code;
}
