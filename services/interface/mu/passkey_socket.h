/* passkey_socket.h - a software key: a program that listens on a unix socket and speaks CTAPHID
 * there, reports of 64 bytes, as a key does over USB. Keys that another machine has can be handed
 * on that way, too. */
#pragma once

#include <fido.h>
#include <stdbool.h>

/* True where `path` is a socket. */
bool passkey_socket_is(const char *path);

/* Has `dev` speak over sockets; then fido_dev_open(dev, path). Returns FIDO_OK or libfido2's error.
 */
int passkey_socket_use(fido_dev_t *dev);
