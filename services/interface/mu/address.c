// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/interface/mu/failure.h"

static bool address_port_is_valid(const char *digits)
{
    size_t size = strlen(digits);

    return size >= 1 && size <= 5 && strspn(digits, "0123456789") == size && digits[0] != '0' &&
           strtol(digits, NULL, 10) <= UINT16_MAX;
}

bool address_is_valid(const char *text)
{
    const char *colon = strrchr(text, ':');

    if (colon == NULL || colon == text || strlen(text) >= ADDRESS_TEXT_MAX)
        return false;
    if (text[0] == '[' ? colon[-1] != ']' : strchr(text, ':') != colon)
        return false;
    return strcspn(text, " \t\n/@") == strlen(text) && address_port_is_valid(colon + 1);
}

int address_need(const struct cli *cli, const char *what, const char *text)
{
    if (address_is_valid(text))
        return EXIT_OK;
    return (int)failure_say(cli, EXIT_USAGE,
            "write HOST:PORT, as barn.example:7400, 192.168.1.5:7400 or [fd00::5]:7400",
            "%s: \"%s\" is no address", what, text);
}

bool address_is_any(const char *text)
{
    return strncmp(text, "0.0.0.0:", 8) == 0 || strncmp(text, "[::]:", 5) == 0;
}

bool address_add(struct address_list *list, const char *text)
{
    if (list->count == ADDRESS_LIST_MAX || strlen(text) >= ADDRESS_TEXT_MAX)
        return false;
    snprintf(list->texts[list->count], ADDRESS_TEXT_MAX, "%s", text);
    list->items[list->count] = list->texts[list->count];
    list->count += 1;
    return true;
}

/* False where it is none that another machine could dial. */
static bool address_print(
        const struct ifaddrs *interface, int family, const char *port, char text[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (interface->ifa_addr == NULL || interface->ifa_addr->sa_family != family ||
            (interface->ifa_flags & IFF_UP) == 0 || (interface->ifa_flags & IFF_LOOPBACK) != 0)
        return false;
    if (family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(void *)interface->ifa_addr;

        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
        snprintf(text, ADDRESS_TEXT_MAX, "%s:%s", host, port);
        return strncmp(host, "169.254.", 8) != 0;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(void *)interface->ifa_addr;

    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
    snprintf(text, ADDRESS_TEXT_MAX, "[%s]:%s", host, port);
    return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

void address_add_own(struct address_list *list, const char *listen)
{
    static const int families[] = { AF_INET, AF_INET6 };
    const char *port = strrchr(listen, ':') + 1;
    bool is_v4 = listen[0] != '['; /* then nobody listens on the machine's IPv6 addresses */
    struct ifaddrs *all = NULL;
    char text[ADDRESS_TEXT_MAX];

    if (getifaddrs(&all) < 0)
        return;
    for (int i = 0; i < (is_v4 ? 1 : 2); i++) {
        for (struct ifaddrs *next = all; next != NULL; next = next->ifa_next) {
            if (address_print(next, families[i], port, text))
                address_add(list, text);
        }
    }
    freeifaddrs(all);
}

int address_free_port(char text[ADDRESS_TEXT_MAX])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    CLEANUP(cleanup_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(address);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return err_new(-errno);
    snprintf(text, ADDRESS_TEXT_MAX, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    return 0;
}
