// SPDX-License-Identifier: Apache-2.0
/* libcurl's multi interface on one thread: a question is driven until it is answered or its time is
 * over, and the watch gathers lines meanwhile. `Grpc-Metadata-hasleader` has a member that lost its
 * quorum end the watch, which would be silent for ever without it. */
#include "registry/etcd/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "registry/etcd/v3.h"

enum { GATEWAY_ROOM_FIRST = 4096, GATEWAY_STEP_MS = 1000 };

bool gateway_endpoint_is_valid(const char *endpoint)
{
    static const char scheme[] = "http://";
    const char *host = endpoint + sizeof(scheme) - 1;
    const char *colon;

    if (strlen(endpoint) > ETCD_ENDPOINT_SIZE_MAX ||
            strncmp(endpoint, scheme, sizeof(scheme) - 1) != 0)
        return false;
    colon = strrchr(host, ':');
    return colon != NULL && colon > host && colon[1] != '\0' && strlen(colon) <= 6 &&
           strspn(colon + 1, "0123456789") == strlen(colon + 1) && strpbrk(host, "/?#@ ") == NULL;
}

/* ---- buffers ---- */

static void gateway_buffer_clear(struct gateway_buffer *buffer)
{
    buffer->size = 0;
    buffer->overflowed = false;
}

/* Takes bytes off the wire. Anything but `size * count` ends the transfer. */
static size_t gateway_receive(char *data, size_t size, size_t count, void *user)
{
    struct gateway_buffer *buffer = user;
    size_t more = size * count;
    size_t room = buffer->room > 0 ? buffer->room : GATEWAY_ROOM_FIRST;
    uint8_t *larger;

    if (buffer->size + more > ETCD_ANSWER_SIZE_MAX) {
        buffer->overflowed = true;
        return 0;
    }
    while (room < buffer->size + more)
        room *= 2;
    if (room > buffer->room) {
        larger = realloc(buffer->data, room);
        if (larger == NULL)
            return 0;
        buffer->data = larger;
        buffer->room = room;
    }
    memcpy(buffer->data + buffer->size, data, more);
    buffer->size += more;
    return more;
}

/* ---- opening ---- */

static CURL *gateway_easy(struct gateway *gateway, struct gateway_buffer *buffer)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, gateway->common);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ETCD_ANSWER_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, gateway_receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, buffer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, gateway);
    return easy;
}

static int gateway_add_header(struct gateway *gateway, const char *header)
{
    struct curl_slist *longer = curl_slist_append(gateway->common, header);

    if (longer == NULL)
        return err_new(-ENOMEM);
    gateway->common = longer;
    return 0;
}

int gateway_open(struct gateway *gateway, char *const *endpoints, size_t count)
{
    int r;

    *gateway = (struct gateway){ .endpoint_count = (uint32_t)count };
    for (size_t i = 0; i < count; i++)
        snprintf(gateway->endpoints[i], sizeof(gateway->endpoints[i]), "%s", endpoints[i]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    r = gateway_add_header(gateway, "Content-Type: application/json");
    if (r == 0)
        r = gateway_add_header(gateway, "Grpc-Metadata-hasleader: true");
    if (r == 0)
        r = gateway_add_header(gateway, "Expect:");
    if (r == 0) {
        gateway->multi = curl_multi_init();
        gateway->question = gateway_easy(gateway, &gateway->answer);
    }
    if (gateway->multi == NULL || gateway->question == NULL) {
        gateway_close(gateway);
        return err_new(-ENOMEM);
    }
    return 0;
}

void gateway_close(struct gateway *gateway)
{
    if (gateway->multi != NULL)
        gateway_unwatch(gateway);
    curl_easy_cleanup(gateway->question);
    curl_multi_cleanup(gateway->multi);
    curl_slist_free_all(gateway->common);
    free(gateway->answer.data);
    free(gateway->lines.data);
    *gateway = (struct gateway){ 0 };
}

void gateway_next(struct gateway *gateway)
{
    gateway_unwatch(gateway);
    gateway->endpoint = (gateway->endpoint + 1) % gateway->endpoint_count;
}

/* ---- driving ---- */

static void gateway_set_url(struct gateway *gateway, CURL *easy, const char *path)
{
    char url[ETCD_ENDPOINT_SIZE_MAX + 64];

    snprintf(url, sizeof(url), "%s%s", gateway->endpoints[gateway->endpoint], path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
}

/* Moves all transfers on. Returns true where the question has ended, with how in `*codep`. */
static bool gateway_drive(struct gateway *gateway, CURLcode *codep)
{
    bool answered = false;
    CURLMsg *message;
    int running;
    int left;

    curl_multi_perform(gateway->multi, &running);
    while ((message = curl_multi_info_read(gateway->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        if (message->easy_handle == gateway->question) {
            *codep = message->data.result;
            answered = true;
        } else {
            gateway->watch_ended = true;
        }
    }
    return answered;
}

/* What the end of a question comes to. */
static int gateway_conclude(struct gateway *gateway, CURLcode code)
{
    const char *endpoint = gateway->endpoints[gateway->endpoint];
    long status = 0;

    curl_easy_getinfo(gateway->question, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == 200)
        return 0;
    if (gateway->answer.overflowed) {
        snprintf(gateway->reason, sizeof(gateway->reason), "%s: an answer over %d bytes", endpoint,
                ETCD_ANSWER_SIZE_MAX);
        return err_new(-E2BIG);
    }
    if (code == CURLE_OK)
        snprintf(gateway->reason, sizeof(gateway->reason), "%s: HTTP %ld: %.*s", endpoint, status,
                (int)(gateway->answer.size < 100 ? gateway->answer.size : 100),
                gateway->answer.data != NULL ? (const char *)gateway->answer.data : "");
    else
        snprintf(gateway->reason, sizeof(gateway->reason), "%s: %s", endpoint,
                curl_easy_strerror(code));
    return err_new(code == CURLE_COULDNT_CONNECT      ? -ECONNREFUSED
                   : code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT
                                                      : -EIO);
}

int gateway_ask(
        struct gateway *gateway, const char *path, const char *request, struct mu_bytes *answerp)
{
    uint64_t deadline_ms = clock_ms() + ETCD_ANSWER_MS;
    CURLcode code = CURLE_OPERATION_TIMEDOUT;
    int r;

    gateway_buffer_clear(&gateway->answer);
    gateway_set_url(gateway, gateway->question, path);
    curl_easy_setopt(gateway->question, CURLOPT_POSTFIELDS, request);
    curl_easy_setopt(gateway->question, CURLOPT_TIMEOUT_MS, (long)ETCD_ANSWER_MS);
    if (curl_multi_add_handle(gateway->multi, gateway->question) != CURLM_OK)
        return err_new(-ENOMEM);
    while (!gateway_drive(gateway, &code)) {
        uint64_t now_ms = clock_ms();

        if (now_ms >= deadline_ms)
            break;
        curl_multi_poll(gateway->multi, NULL, 0, (int)(deadline_ms - now_ms), NULL);
    }
    curl_multi_remove_handle(gateway->multi, gateway->question);
    r = gateway_conclude(gateway, code);
    if (r == 0)
        *answerp = (struct mu_bytes){ gateway->answer.data, gateway->answer.size };
    return r;
}

/* ---- the watch ---- */

void gateway_unwatch(struct gateway *gateway)
{
    if (gateway->watch != NULL) {
        curl_multi_remove_handle(gateway->multi, gateway->watch);
        curl_easy_cleanup(gateway->watch);
        gateway->watch = NULL;
    }
    free(gateway->watch_request);
    gateway->watch_request = NULL;
    gateway_buffer_clear(&gateway->lines);
    gateway->lines_read = 0;
    gateway->lines_seen = 0;
    gateway->watch_ended = false;
}

int gateway_watch(struct gateway *gateway, const char *request)
{
    gateway_unwatch(gateway);
    gateway->watch_request = strdup(request);
    gateway->watch = gateway_easy(gateway, &gateway->lines);
    if (gateway->watch_request == NULL || gateway->watch == NULL) {
        gateway_unwatch(gateway);
        return err_new(-ENOMEM);
    }
    gateway_set_url(gateway, gateway->watch, V3_WATCH);
    curl_easy_setopt(gateway->watch, CURLOPT_POSTFIELDS, gateway->watch_request);
    if (curl_multi_add_handle(gateway->multi, gateway->watch) != CURLM_OK) {
        gateway_unwatch(gateway);
        return err_new(-ENOMEM);
    }
    return 0;
}

/* The end of the next line; NULL while it has not come. A long line is looked through once. */
static const uint8_t *gateway_line_end(struct gateway *gateway)
{
    const struct gateway_buffer *lines = &gateway->lines;
    const uint8_t *end = NULL;

    if (gateway->lines_seen < lines->size)
        end = memchr(lines->data + gateway->lines_seen, '\n', lines->size - gateway->lines_seen);
    gateway->lines_seen = end != NULL ? (size_t)(end - lines->data) : lines->size;
    return end;
}

int gateway_line(struct gateway *gateway, struct mu_bytes *linep)
{
    struct gateway_buffer *lines = &gateway->lines;
    const uint8_t *end;

    if (gateway->watch == NULL)
        return -EPIPE;
    end = gateway_line_end(gateway);
    if (end != NULL) {
        linep->data = lines->data + gateway->lines_read;
        linep->size = (size_t)(end - linep->data);
        gateway->lines_read += linep->size + 1;
        gateway->lines_seen = gateway->lines_read;
        return 1;
    }
    if (gateway->lines_read > 0) {
        lines->size -= gateway->lines_read;
        memmove(lines->data, lines->data + gateway->lines_read, lines->size);
        gateway->lines_read = 0;
        gateway->lines_seen = lines->size;
    }
    return gateway->watch_ended ? -EPIPE : 0;
}

void gateway_wait(struct gateway *gateway, uint32_t wait_ms)
{
    CURLcode code;

    gateway_drive(gateway, &code);
    if (gateway_line_end(gateway) != NULL || gateway->watch_ended)
        return;
    curl_multi_poll(gateway->multi, NULL, 0, (int)wait_ms, NULL);
    gateway_drive(gateway, &code);
}

void gateway_wake(struct gateway *gateway)
{
    curl_multi_wakeup(gateway->multi);
}
