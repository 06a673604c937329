/* kernel/router/cause.h - why a call was refused, how it ended, and why one who could have been
 * sent it was not: the numbers of mu.router.v1.Cause, Side and Party, and what each means stands
 * there. */
#pragma once

enum cause {
    CAUSE_NONE = 0,
    CAUSE_ANSWERED = 1,
    CAUSE_CANCELLED = 2,
    CAUSE_CALLER_GONE = 3,
    CAUSE_CALLEE_GONE = 4,
    CAUSE_DEADLINE = 5,
    CAUSE_PARENT_OVER = 6,
    CAUSE_CAPABILITY_ENDED = 7,
    CAUSE_STREAM_BROKEN = 8,
    CAUSE_ITEM_NO_ROOM = 9,
    CAUSE_ANSWER_NO_ROOM = 10,
    CAUSE_KEY_ANSWERED = 11,

    CAUSE_MALFORMED = 20,
    CAUSE_NOT_FOR_CLIENTS = 21,
    CAUSE_NOT_FOR_NODES = 22,
    CAUSE_NO_CAPABILITY = 23,
    CAUSE_NOT_EXPORTED = 24,
    CAUSE_NO_SERVICE = 25,
    CAUSE_NO_INSTANCE = 26,
    CAUSE_NO_ROUTE = 27,
    CAUSE_FULL = 28,
    CAUSE_SHARE_FULL = 29,
    CAUSE_ROUTES_FULL = 30,
    CAUSE_BODY_TOO_LARGE = 31,
    CAUSE_CALLER_FULL = 32,
    CAUSE_ROUTER_FULL = 33,
    CAUSE_QUEUE_FULL = 34,
    CAUSE_TOO_FAR = 35,
    CAUSE_TIME_OVER = 36,
    CAUSE_POLICY = 37,
    CAUSE_ROUTER_REFUSED = 38,
    CAUSE_OTHER = 39,
    CAUSE_TOKEN = 40,
    CAUSE_SCOPE = 41,
    CAUSE_RULE = 42,
    CAUSE_KEY_DIFFERS = 43,
    CAUSE_KEY_FULL = 44,
    CAUSE_KEY_USED = 45,
    CAUSE_ROUTER_DRAINING = 46,
    CAUSE_NAMESPACE = 47,
    CAUSE_LINK_LEAVING = 48,
    CAUSE_AWAY = 49,

    CAUSE_SILENT = 50,
    CAUSE_DRAINING = 51,
    CAUSE_STARTING = 52,
    CAUSE_FIT = 53,
    CAUSE_CAME_FROM_THERE = 54,
    CAUSE_NOT_CONNECTED = 55,
    CAUSES
};

enum side { SIDE_NONE = 0, SIDE_HERE = 1, SIDE_THERE = 2 };

enum party {
    PARTY_NONE = 0,
    PARTY_PROCESS = 1,
    PARTY_NODE = 2,
    PARTY_CLIENT = 3,
    PARTY_ROUTER = 4
};
