/* transport/outbox.h - envelopes waiting for one peer, laid out as they will leave.
 *
 * While a send is under way, envelopes gather; what leaves next leaves with one send. No lock: its
 * owner has one.
 *
 * Where several send to the peer they take turns by bytes. Time is counted in rounds, a batch each;
 * in each round a sender may put OUTBOX_QUANTUM bytes, and what it has more goes into later ones:
 * its place is where it would leave if all that wait were served evenly, bit by bit (start-time
 * fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996, with rounds for the exact order; as deficit
 * round robin: Shreedhar and Varghese, 1995). So whoever comes to a peer for which much waits is
 * behind one round of it, an envelope is put where it leaves and never moved, and a sender alone
 * has whole batches. What has no sender - answers, credits, what the router itself says - goes into
 * the round that leaves next. */
#pragma once

#include <stdatomic.h>

#include "transport/batch.h"

enum outbox_lane {
    OUTBOX_CALLS,  /* refused above OUTBOX_HARD_MAX */
    OUTBOX_RESULTS /* results, items, credits, cancels: refused above OUTBOX_HARD_MAX + _RESERVE */
};

enum outbox_outcome {
    OUTBOX_OK,
    OUTBOX_FULL,     /* over the limit of the lane: the envelope stays with the caller */
    OUTBOX_NO_MEMORY /* the same */
};

/* One who sends to the peer, and where it stands. Zeroes until it does. */
struct turn {
    uint64_t round; /* in which its last envelope is; before the outbox's: nothing of it waits */
    uint64_t end;   /* bytes of service behind that, counted as the outbox does */
};

/* A round, and how many senders have their last envelope in it. */
struct round {
    struct batch batch;
    uint32_t senders;
};

struct outbox {
    struct round next; /* what leaves next */
    struct round
            *later; /* owned ring: the rounds behind it, by number; NULL: nothing waits there */
    uint32_t later_room;  /* a power of two */
    uint32_t later_count; /* of those that are not empty */
    size_t later_size;    /* bytes in them */
    uint64_t round;       /* the number of `next` */
    uint64_t end;         /* of all turns, the highest */
    uint32_t senders;     /* that have something waiting here */
    size_t own;           /* bytes of `next` that have no sender … */
    size_t own_leaving;   /* … and of those under way */
    size_t leaving; /* bytes that were taken and are under way still; they count for the limits */
    const atomic_uint_least64_t *taken; /* borrowed: bytes that the system took of it so far, all
                                           in all, which grows meanwhile; NULL: nobody counts */
    uint64_t taken_before;              /* that, when those that are leaving were none of them */
    enum frame_link link;
};

/* `link` is FRAME_IPC or FRAME_TCP. */
void outbox_init(struct outbox *outbox, enum frame_link link);

/* Safe on zeroes, and safe twice. */
void outbox_deinit(struct outbox *outbox);

/* Puts the stream's greeting in front of all frames; the outbox is empty. False where memory ends.
 */
bool outbox_greet(struct outbox *outbox);

/* True where nothing is there to be taken. */
static inline bool outbox_is_empty(const struct outbox *outbox)
{
    return outbox->next.batch.size == 0;
}

/* Bytes that wait for the peer, with those under way. */
static inline size_t outbox_queued(const struct outbox *outbox)
{
    return outbox->next.batch.size + outbox->later_size + outbox->leaving;
}

/* Those of them that have no sender: what the peer brought about itself. */
static inline size_t outbox_own(const struct outbox *outbox)
{
    return outbox->own + (outbox->leaving > 0 ? outbox->own_leaving : 0);
}

/* All without what the system took already: a large send is under way for as long as its peer
 * needs to read it, and has left little by little. */
static inline size_t outbox_waiting(const struct outbox *outbox)
{
    uint64_t gone = outbox->taken != NULL && outbox->leaving > 0
                            ? atomic_load(outbox->taken) - outbox->taken_before
                            : 0;

    return outbox_queued(outbox) - (gone < outbox->leaving ? (size_t)gone : outbox->leaving);
}

/* Appends a copy of `envelope` to what leaves next. */
enum outbox_outcome outbox_put(
        struct outbox *outbox, const struct envelope *envelope, enum outbox_lane lane);

/* Puts a copy of it where it is the sender's turn: behind all that was put for the same one. */
enum outbox_outcome outbox_put_for(struct outbox *outbox, const struct envelope *envelope,
        enum outbox_lane lane, struct turn *turn);

/* Bytes that wait here for the turn's sender, or that it had in advance of others who wait. */
static inline size_t outbox_share(const struct outbox *outbox, const struct turn *turn)
{
    uint64_t begin = outbox->round * OUTBOX_QUANTUM;

    return turn->round >= outbox->round && turn->end > begin ? (size_t)(turn->end - begin) : 0;
}

/* Moves what leaves next into `leaving`, which is empty, and begins the next round. */
void outbox_load(struct outbox *outbox, struct batch *leaving);

/* The same without moving: closes the open frame and gives the bytes, borrowed until the next put
 * … */
struct span outbox_take(struct outbox *outbox);

/* … and forgets them, for the next round. */
void outbox_clear(struct outbox *outbox);
