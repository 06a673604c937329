// SPDX-License-Identifier: Apache-2.0
/* mu-post URL [HEADER] - POSTs the JSON at standard input, and says how that went by its exit
 * status: 0 it was taken, 1 the server did not want it, 2 wrong words, 4 there was no answer. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    POST_BODY_MAX = 268435456, /* bytes */
    POST_BLOCK = 65536,        /* bytes read at a time, first */
    POST_TIMEOUT_S = 30,
    POST_REASON_MAX = 512, /* bytes of an answer that are shown */
    POST_TAKEN = 0,
    POST_REFUSED = 1,
    POST_USAGE = 2,
    POST_UNANSWERED = 4
};

struct reason {
    char text[POST_REASON_MAX + 1];
    size_t size;
};

/* Keeps the beginning of what the server answers, for the case that it is a reason. */
static size_t post_take(char *data, size_t size, size_t count, void *user)
{
    struct reason *reason = user;
    size_t room = POST_REASON_MAX - reason->size;
    size_t more = size * count < room ? size * count : room;

    memcpy(reason->text + reason->size, data, more);
    reason->size += more;
    reason->text[reason->size] = '\0';
    return size * count;
}

/* All of standard input, to be freed; NULL: no memory, or too much. */
static char *post_read(size_t *sizep)
{
    size_t room = POST_BLOCK;
    char *text = malloc(room);
    size_t size = 0;

    while (text != NULL) {
        char *larger;
        size_t got = fread(text + size, 1, room - size, stdin);

        size += got;
        if (got == 0 || size < room)
            break;
        room *= 2;
        larger = room <= POST_BODY_MAX ? realloc(text, room) : NULL;
        if (larger == NULL)
            free(text);
        text = larger;
    }
    *sizep = size;
    return text;
}

static int post_send(CURL *curl, const char *url, const char *header, const char *body, size_t size)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct reason reason = { "", 0 };
    long status = 0;
    CURLcode error;

    if (header != NULL)
        headers = curl_slist_append(headers, header);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)POST_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, post_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reason);
    error = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (error != CURLE_OK) {
        fprintf(stderr, "mu-post: %s\n", curl_easy_strerror(error));
        return POST_UNANSWERED;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300)
        return POST_TAKEN;
    for (size_t i = 0; i < reason.size; i++) {
        if ((unsigned char)reason.text[i] < 0x20 || reason.text[i] == 0x7f)
            reason.text[i] = ' ';
    }
    fprintf(stderr, "mu-post: HTTP %ld %s\n", status, reason.text);
    return POST_REFUSED;
}

int main(int argc, char **argv)
{
    int code = POST_UNANSWERED;
    size_t size = 0;
    char *body;
    CURL *curl;

    if (argc < 2 || argc > 3 || argv[1][0] == '-') {
        fputs("usage: mu-post URL [HEADER] < JSON\n", stderr);
        return POST_USAGE;
    }
    body = post_read(&size);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    if (body != NULL && curl != NULL)
        code = post_send(curl, argv[1], argc == 3 ? argv[2] : NULL, body, size);
    else
        fputs("mu-post: no room for what came\n", stderr);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    free(body);
    return code;
}
