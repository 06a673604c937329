/* tests/unit/auth_book.h - a book of mu-auth in a folder of a test's own. */
#pragma once

#include <sodium.h>

#include "base/check.h"
#include "services/platform/auth/book.h"
#include "tests/unit/registry_folder.h"

enum { NOW_S = 1800000000, NOW_MS = 5000000 };

struct shelf {
    struct folder folder;
    struct book book;
};

static inline int shelf_set_up(void **state)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));

    CHECK(shelf != NULL && sodium_init() >= 0);
    folder_make(&shelf->folder);
    CHECK(book_open(&shelf->book, shelf->folder.path) == 0);
    *state = shelf;
    return 0;
}

static inline int shelf_tear_down(void **state)
{
    struct shelf *shelf = *state;

    book_close(&shelf->book);
    folder_remove(&shelf->folder);
    free(shelf);
    return 0;
}

/* Drops what was not committed, as a kill does. */
static inline void shelf_reopen(struct shelf *shelf)
{
    book_close(&shelf->book);
    CHECK(book_open(&shelf->book, shelf->folder.path) == 0);
}
