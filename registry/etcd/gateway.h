/* registry/etcd/gateway.h - HTTP to the members of an etcd cluster: one is asked at a time, each
 * answer has a deadline, and one watch goes on beside the questions.
 *
 * Of one thread, but for gateway_wake. A member that does not answer, or answers that it cannot, is
 * left for the next one by gateway_next; whom to ask, and when again, is the caller's to decide. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "mu/api.h"
#include "registry/etcd/limits.h"

enum { GATEWAY_REASON_MAX = 512 }; /* bytes with the final NUL */

/* Bytes that come in. */
struct gateway_buffer {
    uint8_t *data; /* owned */
    size_t size;
    size_t room;
    bool overflowed;
};

struct gateway {
    CURLM *multi;              /* owned, as are the two below it */
    CURL *question;            /* kept for its connection */
    CURL *watch;               /* NULL: there is none */
    struct curl_slist *common; /* owned headers */
    struct gateway_buffer answer;
    struct gateway_buffer lines; /* of the watch */
    size_t lines_read;           /* bytes of `lines` that were given out */
    size_t lines_seen;           /* bytes of them in which no other end of a line is */
    bool watch_ended;
    char *watch_request; /* owned */
    char endpoints[ETCD_ENDPOINTS_MAX][ETCD_ENDPOINT_SIZE_MAX + 1];
    uint32_t endpoint_count;
    uint32_t endpoint;               /* the one that is asked */
    char reason[GATEWAY_REASON_MAX]; /* why the last question had no answer, for people */
};

/* Is it `http://HOST:PORT`? */
bool gateway_endpoint_is_valid(const char *endpoint);

/* `endpoints`: 1 to ETCD_ENDPOINTS_MAX valid ones. Returns 0 or -ENOMEM. */
int gateway_open(struct gateway *gateway, char *const *endpoints, size_t count);

/* Safe on zeroes, and safe twice. */
void gateway_close(struct gateway *gateway);

/* Asks `path` with a JSON `request`, and waits ETCD_ANSWER_MS for the answer, which is borrowed
 * until the next question. Returns 0; -ETIMEDOUT, -ECONNREFUSED or -EIO where there is none, with
 * gateway->reason; -E2BIG for one over ETCD_ANSWER_SIZE_MAX; -ENOMEM. */
int gateway_ask(
        struct gateway *gateway, const char *path, const char *request, struct mu_bytes *answerp);

/* From now on the next member is asked; a watch on this one ends. */
void gateway_next(struct gateway *gateway);

/* Opens the watch of `request`, in place of the one before it. Returns 0 or -ENOMEM. */
int gateway_watch(struct gateway *gateway, const char *request);

/* Ends the watch. */
void gateway_unwatch(struct gateway *gateway);

/* The next line of the watch, borrowed until the next call. Returns 1; 0 where none is there yet;
 * -EPIPE where the watch ended, or there is none. */
int gateway_line(struct gateway *gateway, struct mu_bytes *linep);

/* Waits until the watch has something to say, gateway_wake was called, or `wait_ms` are over. */
void gateway_wait(struct gateway *gateway, uint32_t wait_ms);

/* Makes gateway_wait return, now or when it is called next. From any thread. */
void gateway_wake(struct gateway *gateway);
