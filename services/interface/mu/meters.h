/* meters.h - what the router counted, method by method, and what the supervisor knows of the
 * processes behind it. */
#pragma once

#include "base/histogram.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "services/interface/mu/cli.h"

struct meter {
    const Mu__Router__V1__MethodMeter *counted; /* borrowed from the replies */
    struct histogram took;
    struct histogram queued;
    uint64_t calls;
    uint64_t failed; /* of them, refused ones among them */
    uint64_t bytes_up;
    uint64_t bytes_down;
    double per_second; /* of a sum: of all nodes together */
};

struct meters {
    Mu__Router__V1__MeterReply **replies; /* owned: what the router answered, page by page */
    size_t reply_count;
    struct meter *list; /* owned: in the router's order */
    size_t count;
    uint64_t started_us;                /* another one than before: counting began anew */
    uint64_t span_us;                   /* for how long was counted what stands in `list` */
    Mu__Node__V1__ListReply *processes; /* owned; NULL: the supervisor did not say */
    bool is_sum; /* of several nodes (meters_sum.h): what is `counted` is owned by the rows */
};

/* Which are meant; all borrowed. */
struct meters_filter {
    const char *service; /* NULL: all */
    const char *method;  /* of that service; NULL: all */
    const char *space;   /* only services of this namespace; NULL: all */
    bool with_own;       /* also the node's own: router, node, registry, SERVICE.mu.* */
};

/* Asks for them. Says what is wrong. Returns EXIT_OK or an exit status. */
int meters_take(struct cli *cli, const struct meters_filter *filter, struct meters *meters);

/* The parts of it, for who asks by himself: the request for the first page, and a page's answer,
 * which `meters` owns in every case; `from` of the next request is its `next`, 0 at the end.
 * Returns EXIT_OK or an exit status. */
void meters_request(const struct meters_filter *filter, Mu__Router__V1__MeterRequest *request);
int meters_keep(struct cli *cli, const struct meters_filter *filter, struct meters *meters,
        Mu__Router__V1__MeterReply *reply);

/* Leaves the services of a namespace alone; which have it, the supervisor's list in `meters` says.
 */
void meters_keep_space(struct meters *meters, const char *space);

/* Safe on zeroes, and safe twice. */
void meters_deinit(struct meters *meters);

/* Fills `since` with `now` less `before`, in the order of `now` and borrowing from it: what came
 * between the two; all of `now`, where counting began anew. `since` is freed by itself. Returns 0
 * or -ENOMEM. */
int meters_since(const struct meters *now, const struct meters *before, struct meters *since);

/* Leaves out the rows of the node's own services. */
void meters_drop_own(struct meters *meters);

/* The names of a row, for people: methods that are counted together have none. Borrowed. */
const char *meters_service(const struct meter *meter);
const char *meters_method(const struct meter *meter);

/* "here", "there" or "-": where the callee was. Static text. */
const char *meters_side(const struct meter *meter);

/* Calls a second. */
double meters_rate(const struct meters *meters, const struct meter *meter);

/* The processes of one service, added up. */
struct meters_service {
    const char *name; /* borrowed from `processes` */
    uint32_t processes;
    uint32_t restarts;
    uint64_t cpu_ms;
    uint64_t memory_kib;
};

/* The service of number `index` of those that the node runs, into `*service`; false where there is
 * none any more. */
bool meters_service_at(const struct meters *meters, size_t index, struct meters_service *service);
