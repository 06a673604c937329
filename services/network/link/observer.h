/* services/network/link/observer.h - what operators ask of other nodes: questions on their way, and
 * the answers to them on theirs.
 *
 * A question is for one node. Each node on the way passes it to the neighbour by which it reaches
 * that node, at most ROUTE_HOPS_MAX links far, and the last one asks its own router or supervisor.
 * A node answers only neighbours of its own owner, and only what it would tell them about itself:
 * who passes a question on gets no more than it could ask for. That who asked first may ask is
 * looked at where it asked (observing.c).
 *
 * A core: `(event, now_ms) -> effect`. Times are monotonic. A question that is not answered in time
 * is answered here, as is one whose link is lost: whoever asked always hears something, once. */
#pragma once

#include "services/network/link/network_limits.h"
#include "services/network/link/route_limits.h"
#include "transport/secure/key.h"

enum { OBSERVER_TEXT_MAX = 256 }; /* bytes with the final NUL */

/* How a node is reached. */
enum observer_way_kind {
    OBSERVER_NO_WAY,
    OBSERVER_SELF, /* it is this node */
    OBSERVER_LINK  /* over link number `link`, whose node is called `name` */
};

struct observer_way {
    enum observer_way_kind kind;
    uint64_t link;
    const char *name; /* `node.owner`; borrowed during the call */
};

/* Where this node stands when it is asked. */
struct observer_stand {
    const char *self;        /* its name; borrowed during the call */
    struct observer_way way; /* to the node that is asked */
    uint64_t now_ms;
};

struct observer_question {
    uint64_t number; /* of who sends it */
    struct public_key node;
    const char *endpoint; /* borrowed, as the next */
    struct span request;
    uint32_t timeout_ms;
    uint32_t hops; /* links that it may go over from here */
};

struct observer_answer {
    uint64_t number; /* the question's */
    uint32_t code;   /* mu.bus.v1.Code; 0: `reply` is the endpoint's */
    const char *message;
    struct span reply;
};

/* One that is not answered yet. */
struct observation {
    uint64_t number; /* by which this node asked; 0: the place is free */
    uint64_t until_ms;
    uint64_t asked;        /* the link that it went over; 0: this node's own parts */
    uint64_t link;         /* the link that it came from; 0: it is of an operator here */
    uint64_t their_number; /* of who asked, over that link */
    void *call;            /* owned: of the operator here */
};

struct observer {
    struct observation each[OBSERVATIONS_MAX];
    uint64_t last_number;
};

enum observer_effect_kind {
    OBSERVER_NOTHING,
    OBSERVER_ASK_LINK,    /* `question` goes over `link` */
    OBSERVER_ASK_HERE,    /* this node's own parts are asked `question` */
    OBSERVER_ANSWER_LINK, /* `answer` goes over `link` */
    OBSERVER_ANSWER_CALL  /* `call` gets `answer`, and is the receiver's from here on */
};

/* What is to be done. What it points to is borrowed from the event, or is static. */
struct observer_effect {
    enum observer_effect_kind kind;
    uint64_t link;
    void *call;
    struct observer_question question;
    struct observer_answer answer;
    char text[OBSERVER_TEXT_MAX]; /* of an answer that was made here */
};

/* True for what may be asked of another node: these endpoints only read, and have no bodies of
 * calls in what they answer. */
bool observer_may_ask(const char *endpoint);

/* True where two nodes, by their names `node.owner`, have one owner. */
bool observer_is_same_owner(const char *name, const char *other);

/* An operator asks; `question->number` is not looked at. `call` is answered by an effect, this one
 * or a later one. */
void observer_ask(struct observer *observer, void *call, const struct observer_stand *stand,
        const struct observer_question *question, struct observer_effect *effect);

/* A neighbour asks, over link number `link`; its certificate names it `peer`. */
void observer_hear_question(struct observer *observer, uint64_t link, const char *peer,
        const struct observer_stand *stand, const struct observer_question *question,
        struct observer_effect *effect);

/* A neighbour answers, over link number `link`; with `link` 0: this node's own parts do. What was
 * not asked there, or is over, changes nothing. */
void observer_hear_answer(struct observer *observer, uint64_t link,
        const struct observer_answer *answer, struct observer_effect *effect);

/* The next of those that wait in vain at `now_ms`; effect OBSERVER_NOTHING and false: there is
 * none. To be called until then. */
bool observer_next_late(struct observer *observer, uint64_t now_ms, struct observer_effect *effect);

/* A link is lost: the same for those that went over it. Those that came from it are forgotten. */
bool observer_next_lost(struct observer *observer, uint64_t link, struct observer_effect *effect);

/* This node leaves its network or stops, because of `why`: the same for all. */
bool observer_next_of_all(
        struct observer *observer, const char *why, struct observer_effect *effect);

/* When observer_next_late is due; UINT64_MAX for never. */
uint64_t observer_due(const struct observer *observer);
