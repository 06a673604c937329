/* mu/client.h - calls to services, from a program that is one or that is none.
 *
 * A client is one connection to the node's router; or, on a machine where no node runs, one
 * encrypted connection to a node elsewhere, on which all of it works alike. It is safe to use from
 * many threads. Where the connection is lost, calls in flight end with UNAVAILABLE and executed
 * UNKNOWN, and the next call connects anew. Where the router says that it will be restarted, calls
 * in flight end as ever, and those made meanwhile wait for its successor, as long as their time
 * allows. Every function here that returns an int returns 0 or -errno; how a call ended stands in
 * its status. */
#pragma once

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "mu/status.h"

struct mu_client; /* opaque; from mu_client_open or mu_service_client */
struct mu_call;   /* a call that this process serves: mu/service.h */
struct mu_stream; /* a stream that this process opened */

enum {
    MU_TIMEOUT_DEFAULT_MS = 5000, /* of a unary call */
    MU_TIMEOUT_MAX_MS = 600000,   /* longer ones are cut to it */
    MU_ENDPOINT_MAX = 128,        /* bytes of `service.Method` with the final NUL */
    MU_MESSAGE_MAX = 1048576,     /* bytes of one body */
    MU_CLIENT_CALLS_MAX = 8192,   /* calls in flight of one client */
    MU_WHY_MAX = 256,             /* bytes of mu_client_options.why */
    MU_TRACE_SIZE = 24,           /* bytes: trace id 16, span id 8 */
    MU_KEY_MAX = 64               /* bytes of a call's key */
};

/* All texts are borrowed during open only. Where it connects to is said by the first of these that
 * is there: address, node, dir, the environment's MU_NODE and then MU_DIR, the default place. */
struct mu_client_options {
    const char *dir;     /* folder of the node, as `--dir`; NULL: the default place */
    const char *address; /* "ipc:///.../bus.sock" or "tcp://127.0.0.1:...": a router's socket */
    const char *node;    /* "HOST:PORT" of a node elsewhere, as `--node` */
    const char *token;   /* the client token by which that node lets this client in, as `--token`;
                          * NULL: MU_TOKEN's, else the one that it was let in by before */
    uint32_t open_ms;    /* for such a node to let this client in; 0: 10 s */
    const char *user_token; /* the access token by which its calls are a user's; "": none. NULL:
                             * MU_TOKEN_USER's, else, at a node here, the one that `mu login` keeps
                             * (CONFIG/token), else none */
    char *why;              /* MU_WHY_MAX bytes for a reason in words, where open fails; or NULL */
};

/* Connects to the node's public socket; a node whose router is just being restarted is waited for,
 * up to 5 s. `options` may be NULL. Success gives the client to the caller in `*clientp`, who
 * closes it. Returns 0; -ENOENT where no node has its socket there; -ECONNREFUSED where none
 * answers; -EACCES where the node does not want this uid; -EINVAL for an address that is none, or a
 * folder (or MU_DIR) without a name; -ENAMETOOLONG; -ENOMEM. Of a node elsewhere also: -ENOKEY
 * where no token of it is known; -EKEYEXPIRED; -EACCES where it lets this client in no more, or a
 * file of this client's can be read by others; -EPROTO where it is not the node of the token;
 * -EBUSY where it has no room; -ETIMEDOUT and other -errno of connections. With an access token
 * also: -EKEYREJECTED where the node does not believe it (any more), and -EACCES where others can
 * read its file. */
MU_PUBLIC int mu_client_open(struct mu_client **clientp, const struct mu_client_options *options);

/* Ends what is in flight (CANCELLED), waits for its callbacks, frees the client; streams that are
 * open still end, and are finished later. NULL is fine. Not from one of its own callbacks. Returns
 * NULL. */
MU_PUBLIC struct mu_client *mu_client_close(struct mu_client *client);

/* From now on the client's calls are on behalf of the token's user, and reach what both the client
 * and the token may; also over connections to come. "" or NULL: nobody's, as before. Waits for the
 * router's answer, at most MU_TIMEOUT_DEFAULT_MS. Where the token is refused (UNAUTHENTICATED), and
 * when it has ended, every call fails with UNAUTHENTICATED until another is presented. `status` may
 * be NULL. Not from a callback. Returns the status's code. */
MU_PUBLIC enum mu_code mu_client_present(
        struct mu_client *client, const char *token, struct mu_status *status);

struct mu_call_options {
    uint32_t timeout_ms;    /* 1..MU_TIMEOUT_MAX_MS; 0: default for unary calls, none for streams */
    struct mu_call *parent; /* borrowed: the call being served, whose deadline, cancel, trace
                               and user pass on; NULL: the one this thread is handling, if any */
    const uint8_t *trace;   /* borrowed: MU_TRACE_SIZE bytes; NULL: the router makes them */
    const char *service;    /* borrowed: for generated stubs, the name their service goes by on
                               the bus; NULL: its type's own. Elsewhere the endpoint names it */
    const char *token;      /* borrowed: an access token, on behalf of whose user this call is made;
                               for those who serve many users. NULL: none of its own */
    bool detached;          /* no parent, also while this thread is handling a call: made with this
                               process's own right, whoever is served */
    struct mu_bytes key; /* borrowed: 1..MU_KEY_MAX bytes, of unary calls. A later call of the same
                            service (or user) with the same key, endpoint and request is not
                            carried out: for 10 minutes it is told what this one was answered, or
                            that nobody knows (executed UNKNOWN). Empty: none */
};

struct mu_result {
    struct mu_status status;
    uint8_t *body; /* owned: freed by mu_result_deinit; NULL unless MU_OK */
    size_t size;
    uint8_t trace[MU_TRACE_SIZE]; /* the one the call went by */
};

/* Frees the body. Safe on zeroes, and safe twice. */
MU_PUBLIC void mu_result_deinit(struct mu_result *result);

/* Calls the unary `endpoint` ("greeter.Hello") with a packed `request`, and waits for the answer.
 * `options` may be NULL. Always fills `*result`; the caller deinits it. From a callback of the same
 * client it fails with FAILED_PRECONDITION: it would wait for itself. Returns the status's code. */
MU_PUBLIC enum mu_code mu_call(struct mu_client *client, const char *endpoint,
        struct mu_bytes request, const struct mu_call_options *options, struct mu_result *result);

/* Takes the answer of a call. `result` is borrowed for the length of this function; setting its
 * body to NULL takes the body away. Runs on a thread of the library (or on the caller's own, when
 * the call fails at once) and must not block; making further calls from it is fine. */
typedef void (*mu_result_fn)(struct mu_result *result, void *user);

/* The same without waiting: `fn(result, user)` runs exactly once. Returns the call's number for
 * mu_call_cancel. */
MU_PUBLIC uint64_t mu_call_async(struct mu_client *client, const char *endpoint,
        struct mu_bytes request, const struct mu_call_options *options, mu_result_fn fn,
        void *user);

/* Gives up on an asynchronous call: its callback runs with CANCELLED, unless it ran already. */
MU_PUBLIC void mu_call_cancel(struct mu_client *client, uint64_t id);

/* The typed forms, for generated stubs: pack, call, unpack. `*replyp` is the caller's, freed with
 * protobuf_c_message_free_unpacked(reply, NULL), and set only on MU_OK. `status` may be NULL. */
MU_PUBLIC enum mu_code mu_call_message(struct mu_client *client, const char *endpoint,
        const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
        const struct mu_call_options *options, ProtobufCMessage **replyp, struct mu_status *status);

/* Who is to hear of an answer. */
struct mu_message_hearer;

/* `reply` is borrowed for the length of this function, NULL unless MU_OK; so is `hearer`. */
typedef void (*mu_message_fn)(const struct mu_status *status, const ProtobufCMessage *reply,
        const struct mu_message_hearer *hearer);

/* A function of any type, cast back before it is called. */
typedef void (*mu_any_fn)(void);

struct mu_message_hearer {
    mu_message_fn fn;
    mu_any_fn then; /* what `fn` may need besides: a stub's typed callback */
    void *user;
};

/* The same without waiting: as mu_call_async. `*hearer` is copied. */
MU_PUBLIC uint64_t mu_call_message_async(struct mu_client *client, const char *endpoint,
        const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
        const struct mu_call_options *options, const struct mu_message_hearer *hearer);

/* Streams. One thread sends and one receives at a time; they may be two. */

/* What became of a send or a receive. */
enum mu_stream_outcome {
    MU_STREAM_OK = 0,
    MU_STREAM_ENDED = 1,  /* the call ended: mu_stream_finish says how */
    MU_STREAM_TIMEOUT = 2 /* nothing came within `wait_ms` */
};

/* Opens a stream of `shape` to `endpoint`. `request` is the one message of a server stream, empty
 * for the other shapes. Always gives a stream in `*streamp` (a failure shows at the first receive),
 * which the caller finishes. Returns 0 or -ENOMEM. */
MU_PUBLIC int mu_stream_open(struct mu_client *client, const char *endpoint, enum mu_shape shape,
        struct mu_bytes request, const struct mu_call_options *options, struct mu_stream **streamp);

/* Sends one item; waits while the receiver has given no credit. Returns MU_STREAM_OK or _ENDED. */
MU_PUBLIC enum mu_stream_outcome mu_stream_send(struct mu_stream *stream, struct mu_bytes item);

/* Says that no more items come from here. */
MU_PUBLIC void mu_stream_end(struct mu_stream *stream);

/* Waits up to `wait_ms` (UINT32_MAX: for ever) for the next item. On MU_STREAM_OK `*item` is
 * borrowed until the next receive or finish. A client stream's one answer is an item, too. */
MU_PUBLIC enum mu_stream_outcome mu_stream_receive(
        struct mu_stream *stream, uint32_t wait_ms, struct mu_bytes *item);

/* Makes a waiting send or receive return MU_STREAM_ENDED, and the call end with CANCELLED. */
MU_PUBLIC void mu_stream_cancel(struct mu_stream *stream);

/* Ends the stream (by cancel, where it goes on still), says in `*status` (may be NULL) how it
 * ended, frees it. Returns the status's code. NULL is fine: MU_OK. */
MU_PUBLIC enum mu_code mu_stream_finish(struct mu_stream *stream, struct mu_status *status);

/* The typed forms, for generated stubs. */
MU_PUBLIC int mu_stream_open_message(struct mu_client *client, const char *endpoint,
        enum mu_shape shape, const ProtobufCMessage *request, const struct mu_call_options *options,
        struct mu_stream **streamp);
MU_PUBLIC enum mu_stream_outcome mu_stream_send_message(
        struct mu_stream *stream, const ProtobufCMessage *item);
/* On MU_STREAM_OK `*itemp` is the caller's, for protobuf_c_message_free_unpacked(item, NULL). */
MU_PUBLIC enum mu_stream_outcome mu_stream_receive_message(struct mu_stream *stream,
        uint32_t wait_ms, const ProtobufCMessageDescriptor *type, ProtobufCMessage **itemp);
