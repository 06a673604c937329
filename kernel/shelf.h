/* kernel/shelf.h - a folder of small records below the node's state: STATE/<name>/<handle>, a file
 * of its own for each. A record is there whole, as it was or as it is to be, whatever ends the node
 * while it is written. */
#pragma once

#include "kernel/folder.h"
#include "transport/envelope.h"

struct shelf {
    const char *name; /* of the folder */
    size_t size_max;  /* bytes of a record */
};

/* What is to become of a record that was read. */
enum shelf_outcome {
    SHELF_KEPT,
    SHELF_OVER, /* it is removed: of no use any more */
    SHELF_BAD   /* the same, and the log says so: it is none */
};

/* Takes a record, borrowed during the call, or says what else; or returns -errno, which ends the
 * load. */
typedef int (*shelf_fn)(void *user, struct span record);

/* Hands over all records, in no order, and removes drafts that were never finished. Returns 0 or
 * -errno. */
int shelf_load(const struct shelf *shelf, const struct folders *folders, shelf_fn fn, void *user);

/* Writes a record, which is on the disk when this returns, in the place of the one before. Returns
 * 0 or -errno, -ENOSPC on a full disk; then the one before is still there. */
int shelf_write(const struct shelf *shelf, const struct folders *folders, uint64_t handle,
        struct span record);

/* Removes a record; fine where there is none. It is gone for good once shelf_sync returned 0. Both
 * return 0 or -errno. */
int shelf_remove(const struct shelf *shelf, const struct folders *folders, uint64_t handle);
int shelf_sync(const struct shelf *shelf, const struct folders *folders);
