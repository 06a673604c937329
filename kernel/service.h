/* kernel/service.h - a service as the supervisor knows it: what its manifest asks for, and one
 * child for each instance. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/child.h"
#include "transport/envelope.h"

enum service_kind {
    SERVICE_ORDINARY, /* needs the registry, and what it names */
    SERVICE_REGISTRY, /* needs the router */
    SERVICE_ROUTER    /* needs nothing; all others fall with it */
};

/* What the core must know of a manifest. One block of memory, texts and all: service_config_copy.
 */
struct service_config {
    enum service_kind kind;
    const char *name;
    const char *version;
    const char *const *needs;
    uint32_t need_count;
    uint32_t instances;
    uint32_t calls_max; /* at a time and process */
    struct child_rule rule;
    char space[SERVICE_NAME_MAX + 1]; /* its namespace; "" for none */
    struct span manifest; /* packed: two are the same service where these are the same bytes */
};

struct service {
    struct list link;
    struct service_config *config; /* owned */
    struct service_config *next;   /* owned: takes over once every process has ended */
    struct child *children;        /* owned: config->instances of them */
    bool in_node_file;             /* what runs is what the node file says */
    bool leaving;                  /* forgotten once every process has ended */
    bool held;                     /* stopped by an operator: down until request_start */
    uint32_t expected_ms;          /* what the router was told last: standing_expected_ms */
};

/* A copy in one block, which the caller frees with free(). NULL: out of memory. */
struct service_config *service_config_copy(const struct service_config *config);

/* A service with every child down, that owns `config` from success on. NULL: out of memory. */
struct service *service_new(struct service_config *config);

/* None of its children has a process or an effect. Returns NULL. */
struct service *service_free(struct service *service);

/* Lets `next` take over: new children, all down. Returns 0, or -ENOMEM with all as before. */
int service_renew(struct service *service);

/* At least one instance takes calls. */
bool service_is_ready(const struct service *service);

/* No child has a process, nor anything that the shell must still do for it. */
bool service_is_quiet(const struct service *service);

bool service_needs(const struct service_config *config, const char *name);
