/* transport/link/assembly.h - what a peer's records make together: the other end of lanes.h.
 * Pure, bounded and strict: what lanes.h would not send is refused. */
#pragma once

#include "transport/link/lanes.h"

struct assembly {
    struct fifo parts[LANES]; /* of what is not whole yet */
    bool whole[LANES];        /* a part that was given out, and goes with the next call */
    uint32_t credit;          /* bytes of envelopes that the peer may send; set by the owner */
};

enum assembly_outcome {
    ASSEMBLY_PART,    /* not whole yet */
    ASSEMBLY_MESSAGE, /* a message between the link processes */
    ASSEMBLY_FRAME,   /* a Frame; that its envelopes are any is for its reader to find out */
    ASSEMBLY_BAD,     /* not what a peer sends: the session is over */
    ASSEMBLY_NO_MEMORY
};

/* Empty on zeroes. Safe twice. */
void assembly_deinit(struct assembly *assembly);

/* Takes a record of type DATA, DATA_MORE or CANCEL. With ASSEMBLY_MESSAGE and ASSEMBLY_FRAME
 * `*wholep` is set, borrowed from the record or, until the next call, from the assembly. */
enum assembly_outcome assembly_take(
        struct assembly *assembly, const struct record *record, struct span *wholep);
