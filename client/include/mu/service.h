/* mu/service.h - a program that is a service.
 *
 *     static void hello(struct mu_call *call, const Greeter__V1__HelloRequest *request) { … }
 *
 *     int main(int argc, char **argv)
 *     {
 *         static const struct greeter_handlers handlers = { .hello = hello };
 *         struct mu_service service = { .type = &greeter_type, .handlers = &handlers };
 *
 *         return mu_service_main(&service, argc, argv);
 *     }
 *
 * Handlers run on the thread that called mu_service_main, one at a time unless `threads` says more;
 * even then, those of one call (items, credit, timer, over) never run at the same time. A call
 * belongs to its handler until it is answered, and is answered exactly once, now or later, also
 * when its caller gave up meanwhile: the answer then goes nowhere. */
#pragma once

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "mu/client.h"
#include "mu/status.h"

enum {
    MU_SERVICE_NAME_MAX = 64,        /* bytes with the final NUL */
    MU_SERVICE_CALLS_DEFAULT = 2048, /* calls at a time */
    MU_SERVICE_THREADS_MAX = 64
};

/* The proto's own idempotency_level. */
enum mu_idempotency { MU_IDEMPOTENCY_UNKNOWN = 0, MU_NO_SIDE_EFFECTS = 1, MU_IDEMPOTENT = 2 };

/* One method; protoc-gen-mu makes these. `handlers` is what mu_service.handlers points to. */
struct mu_method {
    const char *name; /* "Hello" */
    enum mu_shape shape;
    enum mu_idempotency idempotency;
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
    /* Unary and server stream: called once, with the request (borrowed during the call).
     * Client and two-way stream: called when the stream opens, with NULL. A NULL member answers
     * UNIMPLEMENTED. */
    void (*open)(const void *handlers, struct mu_call *call, const ProtobufCMessage *request);
    /* Client and two-way stream: each item (borrowed during the call), then the end of them. */
    void (*item)(const void *handlers, struct mu_call *call, const ProtobufCMessage *item);
    void (*end)(const void *handlers, struct mu_call *call);
};

/* One service of a .proto; protoc-gen-mu makes these. */
struct mu_service_type {
    const char *name;       /* "greeter": the default name on the bus */
    const char *proto_name; /* "greeter.v1.Greeter" */
    const struct mu_method *methods;
    size_t method_count;
    struct mu_bytes types; /* a FileDescriptorSet, with comments */
};

struct mu_service {
    const struct mu_service_type *type;
    const void *handlers; /* of the generated `struct <name>_handlers` */
    const char *name;     /* NULL: type->name */
    const char *version;  /* NULL: the manifest's, else "0.0.0" */
    void *state;          /* the program's own: mu_call_state() */
    uint32_t threads;     /* that run handlers; 0: one, the caller's */

    /* All optional. `start` runs before the first call, with a connected client and the folder for
     * what must last; < 0 (-errno) ends the process with 111. `settle` runs when every call that
     * had come was handled, before the thread waits: the place for one commit and many answers.
     * `drain` runs once, on the thread that called mu_service_main, when the service is told to
     * stop and waits for the calls that are open: the place to end streams that would go on for
     * ever. `stop` runs after the last call. */
    int (*start)(void *state, struct mu_client *client, const char *state_dir);
    void (*settle)(void *state);
    void (*drain)(void *state);
    void (*stop)(void *state);
    /* Health: true, or false with a sentence in `reason` (size bytes). */
    bool (*healthy)(void *state, char *reason, size_t size);
};

/* Runs the service until it is told to stop: arguments (--help, --version, --dir, --name),
 * bootstrap, connection, types to the registry, readiness, dispatch, health, drain on SIGTERM.
 * Returns the exit status: 0 done, 100 do not restart me, 111 restart me later. */
MU_PUBLIC int mu_service_main(const struct mu_service *service, int argc, char **argv);

/* ---- a call that is being served ---- */

struct mu_caller {
    const char *node;    /* borrowed from the call, as all texts here */
    const char *service; /* "" for one who is no service */
    uint64_t instance;
    uint32_t uid; /* UINT32_MAX, which is nobody's, for a caller on another node */
    uint32_t pid;
    bool is_operator;  /* its uid owns the node; false for a caller on another node */
    const char *owner; /* of the node that the call came from; "" for this node */
    uint32_t hops;     /* links that the call came over; 0 for a caller on this node. Of others only
                          node and owner are certain: they are the last link's other end */
    const char *client;   /* its name among the clients of `node`, where it has no node of its own;
                             then `service` is "client". Else "" */
    const char *user;     /* on whose behalf: the subject of an access token; "" for nobody's. With
                             `hops`, what the other node says: see mu_call_user */
    const uint8_t *token; /* that token's id, 16 bytes; NULL: none, or of another node */
    const char *space; /* the namespace of `service`; "" for none. With `hops`, what the other node
                          says */
};

/* Who calls; the router's word. Borrowed until the call is answered. */
MU_PUBLIC const struct mu_caller *mu_call_caller(const struct mu_call *call);

/* The user on whose behalf the call is: the subject of an access token that this node's router
 * believed; NULL for nobody's, and for a call of another node, whose word for it is in
 * mu_call_caller. Borrowed until the call is answered. What the handler's thread calls meanwhile is
 * on the user's behalf, too, and reaches what both the service and the token may. */
MU_PUBLIC const char *mu_call_user(const struct mu_call *call);

/* mu_service.state. */
MU_PUBLIC void *mu_call_state(const struct mu_call *call);

/* The service's own connection, for calls to others. */
MU_PUBLIC struct mu_client *mu_call_client(const struct mu_call *call);

/* The method's name, e.g. "Hello". */
MU_PUBLIC const char *mu_call_method(const struct mu_call *call);

/* How long the caller still waits, in ms; UINT32_MAX for ever, 0 when it gave up. */
MU_PUBLIC uint32_t mu_call_remaining_ms(const struct mu_call *call);

/* The caller gave up, died, or its time is over. */
MU_PUBLIC bool mu_call_is_over(const struct mu_call *call);

/* MU_TRACE_SIZE bytes, borrowed until the call is answered. */
MU_PUBLIC const uint8_t *mu_call_trace(const struct mu_call *call);

/* Something of the handler's own, kept with the call; NULL at first. */
MU_PUBLIC void mu_call_set_data(struct mu_call *call, void *data);
MU_PUBLIC void *mu_call_data(const struct mu_call *call);

/* The answer of a unary call or a client stream: packs `reply`, sends it, frees the call. A reply
 * over MU_MESSAGE_MAX answers RESOURCE_EXHAUSTED with executed YES instead. From any thread. */
MU_PUBLIC void mu_call_reply(struct mu_call *call, const ProtobufCMessage *reply);

/* The end of a server or two-way stream, with OK; frees the call. From any thread. */
MU_PUBLIC void mu_call_finish(struct mu_call *call);

/* An error as the answer, of any shape; frees the call. `executed` is YES unless mu_call_refuse
 * says it with NO. From any thread. */
MU_PUBLIC void mu_call_fail(struct mu_call *call, enum mu_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
MU_PUBLIC void mu_call_refuse(struct mu_call *call, enum mu_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* What became of mu_call_send. */
enum mu_send_outcome {
    MU_SEND_OK = 0,
    MU_SEND_FULL = 1, /* not sent: no credit; `fn` of mu_call_on_credit runs when there is some */
    MU_SEND_OVER = 2  /* not sent: mu_call_is_over */
};

/* Sends one item of a server or two-way stream. From any thread. */
MU_PUBLIC enum mu_send_outcome mu_call_send(struct mu_call *call, const ProtobufCMessage *item);

typedef void (*mu_call_fn)(struct mu_call *call);

/* `fn` runs, on the handlers' thread, each time credit comes after a MU_SEND_FULL. */
MU_PUBLIC void mu_call_on_credit(struct mu_call *call, mu_call_fn fn);

/* `fn` runs once, on the handlers' thread, when the caller gave up or its time is over: the place
 * to answer (with anything) and let go. Not run for a call that was answered before. */
MU_PUBLIC void mu_call_on_over(struct mu_call *call, mu_call_fn fn);

/* `fn` runs once, on the handlers' thread, `delay_ms` from now; one timer a call, a new one
 * replaces it, NULL stops it. */
MU_PUBLIC void mu_call_after(struct mu_call *call, uint32_t delay_ms, mu_call_fn fn);
