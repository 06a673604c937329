// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int bytes_read(int fd, uint8_t **datap, size_t *sizep)
{
    uint8_t *data = NULL;
    size_t size = 0;
    size_t room = 0;

    for (;;) {
        ssize_t got;

        if (size == room) {
            uint8_t *larger;

            room = room == 0 ? 65536 : room * 2;
            larger = realloc(data, room);
            if (larger == NULL) {
                free(data);
                return -ENOMEM;
            }
            data = larger;
        }
        got = read(fd, data + size, room - size);
        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = -errno;

            free(data);
            return error;
        }
        size += (size_t)got;
    }
    *datap = data;
    *sizep = size;
    return 0;
}

int bytes_write(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, data, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        data += put;
        size -= (size_t)put;
    }
    return 0;
}
