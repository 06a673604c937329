// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "transport/secure/identity_limits.h"

enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535, LABEL_SIZE_MAX = 63 };

static bool letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool label_is_valid(const uint8_t *label, size_t size)
{
    if (size == 0 || size > LABEL_SIZE_MAX || !letter_or_digit(label[0]) ||
            !letter_or_digit(label[size - 1]))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!letter_or_digit(label[i]) && label[i] != '-')
            return false;
    }
    return true;
}

/* Labels with dots between; IPv4 addresses are such. */
static bool name_is_valid(struct span name)
{
    size_t start = 0;

    for (size_t i = 0; i <= name.size; i++) {
        if (i < name.size && name.data[i] != '.')
            continue;
        if (!label_is_valid(name.data + start, i - start))
            return false;
        start = i + 1;
    }
    return true;
}

static bool host_is_valid(struct span host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    size_t size = host.size - 2; /* without the brackets */

    if (host.size == 0)
        return false;
    if (host.data[0] != '[')
        return name_is_valid(host);
    if (host.size < 3 || host.data[host.size - 1] != ']' || size >= sizeof(text))
        return false;
    memcpy(text, host.data + 1, size);
    text[size] = '\0';
    return strlen(text) == size && inet_pton(AF_INET6, text, &parsed) == 1;
}

static bool port_is_valid(const uint8_t *digits, size_t size)
{
    uint32_t port = 0;

    if (size == 0 || size > PORT_DIGITS_MAX || digits[0] == '0')
        return false;
    for (size_t i = 0; i < size; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        port = port * 10 + digits[i] - '0';
    }
    return port <= PORT_MAX;
}

bool address_is_valid(struct span text)
{
    const uint8_t *colon;
    size_t host_size;

    if (text.size == 0 || text.size > ADDRESS_SIZE_MAX)
        return false;
    colon = memrchr(text.data, ':', text.size);
    if (colon == NULL)
        return false;
    host_size = (size_t)(colon - text.data);
    return host_is_valid((struct span){ text.data, host_size }) &&
           port_is_valid(colon + 1, text.size - host_size - 1);
}
