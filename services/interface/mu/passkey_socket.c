// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/passkey_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

enum { PASSKEY_REPORT_SIZE = 64 }; /* bytes */

bool passkey_socket_is(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* libfido2's handle is a pointer, and NULL is none: the descriptor and one. */
static void *passkey_socket_open(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
            (int)sizeof(address.sun_path))
        return NULL;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return NULL;
    }
    return (void *)((intptr_t)fd + 1);
}

static int passkey_socket_fd(void *handle)
{
    return (int)((intptr_t)handle - 1);
}

static void passkey_socket_close(void *handle)
{
    close(passkey_socket_fd(handle));
}

/* What is left of `ms` (< 0: for ever) since `since_ms`. */
static int passkey_socket_left(int ms, uint64_t since_ms)
{
    uint64_t gone = clock_ms() - since_ms;

    if (ms < 0)
        return -1;
    return gone < (uint64_t)ms ? ms - (int)gone : 0;
}

static int passkey_socket_read(void *handle, unsigned char *report, size_t size, int ms)
{
    uint64_t since_ms = clock_ms();
    size_t got = 0;

    if (size != PASSKEY_REPORT_SIZE)
        return -1;
    while (got < size) {
        struct pollfd ready = { .fd = passkey_socket_fd(handle), .events = POLLIN };
        ssize_t count;

        if (poll(&ready, 1, passkey_socket_left(ms, since_ms)) <= 0)
            return -1;
        count = read(ready.fd, report + got, size - got);
        if (count <= 0)
            return -1;
        got += (size_t)count;
    }
    return (int)got;
}

/* The first byte is USB's report number, which has no meaning here. */
static int passkey_socket_write(void *handle, const unsigned char *report, size_t size)
{
    size_t sent = 1;

    if (size != PASSKEY_REPORT_SIZE + 1)
        return -1;
    while (sent < size) {
        ssize_t count = send(passkey_socket_fd(handle), report + sent, size - sent, MSG_NOSIGNAL);

        if (count <= 0)
            return -1;
        sent += (size_t)count;
    }
    return (int)size;
}

int passkey_socket_use(fido_dev_t *dev)
{
    static const fido_dev_io_t io = {
        .open = passkey_socket_open,
        .close = passkey_socket_close,
        .read = passkey_socket_read,
        .write = passkey_socket_write,
    };

    return fido_dev_set_io_functions(dev, &io);
}
