/* tests/integration/supervisor/node.h - a whole node in a folder of its own, run in the foreground.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mu/client.h"
#include "mu/node/v1/node.pb-c.h"

enum { NODE_DIR_MAX = 64, NODE_PATIENCE_MS = 20000, NODE_SUPERVISED_MAX = 64 };

/* Promised times are those of a program as it is installed. ThreadSanitizer makes one up to fifteen
 * times slower (its manual says so). */
#ifdef TEST_SHADOW_MEMORY
enum { NODE_SLOWER = 10 };
#else
enum { NODE_SLOWER = 1 };
#endif

struct node {
    char dir[NODE_DIR_MAX];
    pid_t pid;
    int notify_fd;            /* owned: where the supervisor says READY=1 */
    struct mu_client *client; /* owned */
};

/* Makes the folder. */
void node_init(struct node *node);

/* Writes CONFIG/node.yaml. */
void node_write_file(const struct node *node, const char *yaml);

/* Starts mu-node; its own log lines go to DIR/node.err. */
void node_launch(struct node *node);

/* Waits until the supervisor says that the node is ready, and connects. */
void node_await_ready(struct node *node);

/* node_init, node_write_file unless `yaml` is NULL, node_launch, node_await_ready. */
void node_start(struct node *node, const char *yaml);

/* Sends `signal` and waits for the end. Returns the wait status. */
int node_end(struct node *node, int signal);

/* Ends the node where it runs, and removes the folder. */
void node_deinit(struct node *node);

/* Asks for the processes; freed with mu__node__v1__list_reply__free_unpacked. NULL: no answer. */
Mu__Node__V1__ListReply *node_list(struct node *node);

/* The same, for those who would rather ask again soon. */
Mu__Node__V1__ListReply *node_list_within(struct node *node, uint32_t timeout_ms);

/* What node.List says of a service's first process, the texts in static memory. */
struct node_process {
    uint32_t pid;
    uint32_t restarts;
    Mu__Node__V1__ProcessState state;
    const char *last_exit;
    const char *reason;
};
struct node_process node_process(struct node *node, const char *service);

/* Waits until a service's first process is in `state`. */
struct node_process node_await(
        struct node *node, const char *service, Mu__Node__V1__ProcessState state);

/* Calls `endpoint` of the supervisor with a request about `service`. */
enum mu_code node_request(
        struct node *node, const char *endpoint, const char *service, struct mu_status *status);

/* node.Apply. */
enum mu_code node_apply(
        struct node *node, const Mu__Node__V1__Manifest *manifest, struct mu_status *status);

/* Waits until a file below the node's folder holds `text`, or fails the test. */
void node_await_text(const struct node *node, const char *file, const char *text);

/* The whole of it, in static memory; "" where it is not there. Of a service's log its own words,
 * without what the supervisor says of it. */
const char *node_read(const struct node *node, const char *file);

/* Waits up to `timeout_ms` for a process that may be nobody's child. False: it lives. */
bool node_is_gone(pid_t pid, int timeout_ms);

/* What `service` printed, by its log: the texts of its lines, one a line. Static, as node_read's.
 */
const char *node_said(const struct node *node, const char *service);

/* Waits until it has printed `text`. */
void node_await_said(const struct node *node, const char *service, const char *text);
