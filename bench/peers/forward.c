// SPDX-License-Identifier: Apache-2.0
/* bench_forward PORT UPSTREAM - somebody on the way between two ports of 127.0.0.1, who copies
 * bytes. For each connection that comes it prints when, and when the side that dialled began to
 * speak for the third time: a line on standard input cuts the last one, the end of it ends the
 * program. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "bench/load.h"

enum {
    COPY_SIZE = 262144,
    TURNS_TOLD = 5 /* times that one of the two began to speak: the third time of who dialled */
};

struct connection { /* both owned */
    int near;
    int far;
};

/* Who speaks on a connection. */
struct turns {
    int speaker; /* a descriptor; -1: nobody yet */
    unsigned count;
};

static struct sockaddr_in forward_address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

/* Has what is written leave at once. */
static void forward_hurry(int fd)
{
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) == 0);
}

static int forward_listen(uint16_t port)
{
    struct sockaddr_in address = forward_address(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) == 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0);
    return fd;
}

static int forward_connect(uint16_t port)
{
    struct sockaddr_in address = forward_address(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

/* In one go, as two threads tell. */
static void forward_tell(const char *what)
{
    char line[64];
    int size =
            snprintf(line, sizeof(line), "{\"%s\": %llu}\n", what, (unsigned long long)clock_us());

    CHECK(write(STDOUT_FILENO, line, (size_t)size) == size);
}

/* Notes that something came of `from`. */
static void forward_count(struct turns *turns, int from)
{
    if (turns->speaker == from)
        return;
    turns->speaker = from;
    turns->count += 1;
    if (turns->count == TURNS_TOLD)
        forward_tell("talked_us");
}

/* Copies what is there. False where either end is gone. */
static bool forward_copy(int from, int to, uint8_t *bytes, struct turns *turns)
{
    ssize_t size = recv(from, bytes, COPY_SIZE, 0);

    if (size > 0)
        forward_count(turns, from);
    for (ssize_t sent = 0; sent < size;) {
        ssize_t now = send(to, bytes + sent, (size_t)(size - sent), MSG_NOSIGNAL);

        if (now < 0)
            return false;
        sent += now;
    }
    return size > 0;
}

/* Carries a connection until it ends, and frees what it was given. */
static void *forward_carry(void *user)
{
    struct connection *connection = user;
    struct pollfd waits[] = { { connection->near, POLLIN, 0 }, { connection->far, POLLIN, 0 } };
    struct turns turns = { .speaker = -1 };
    uint8_t *bytes = malloc(COPY_SIZE);
    bool goes_on = true;

    CHECK(bytes != NULL);
    while (goes_on) {
        CHECK(poll(waits, 2, -1) > 0);
        if (waits[0].revents != 0)
            goes_on = forward_copy(connection->near, connection->far, bytes, &turns);
        if (goes_on && waits[1].revents != 0)
            goes_on = forward_copy(connection->far, connection->near, bytes, &turns);
    }
    shutdown(connection->near, SHUT_RDWR); /* main has another descriptor of it */
    shutdown(connection->far, SHUT_RDWR);
    close(connection->near);
    close(connection->far);
    free(connection);
    free(bytes);
    return NULL;
}

/* Takes the next connection, says so, and has it carried. Returns a descriptor by which to cut it.
 */
static int forward_take(int listener, uint16_t upstream)
{
    struct connection *connection = malloc(sizeof(*connection));
    pthread_t thread;
    int cut;

    CHECK(connection != NULL);
    connection->near = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    forward_tell("connected_us");
    connection->far = forward_connect(upstream);
    forward_hurry(connection->near);
    forward_hurry(connection->far);
    cut = dup(connection->near);
    CHECK(cut >= 0 && pthread_create(&thread, NULL, forward_carry, connection) == 0);
    pthread_detach(thread);
    return cut;
}

int main(int argc, char **argv)
{
    uint16_t upstream = argc == 3 ? (uint16_t)strtoul(argv[2], NULL, 10) : 0;
    int listener = argc == 3 ? forward_listen((uint16_t)strtoul(argv[1], NULL, 10)) : -1;
    char line[16];
    int cut = -1;

    CHECK(listener >= 0);
    load_say_ready();
    for (;;) {
        struct pollfd waits[] = { { listener, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };

        CHECK(poll(waits, 2, -1) > 0);
        if (waits[1].revents != 0) {
            if (fgets(line, sizeof(line), stdin) == NULL)
                return 0;
            shutdown(cut, SHUT_RDWR);
        }
        if (waits[0].revents != 0) {
            close(cut);
            cut = forward_take(listener, upstream);
        }
    }
}
