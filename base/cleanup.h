/* base/cleanup.h - a local that cleans up after itself when its scope ends. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free(void *pointerp)
{
    free(*(void **)pointerp);
}

/* Closes once and never retries: on Linux the descriptor is gone even after EINTR. */
static inline void cleanup_close(const int *fdp)
{
    if (*fdp >= 0)
        close(*fdp);
}

static inline void cleanup_fclose(FILE **filep)
{
    if (*filep != NULL)
        fclose(*filep);
}
