/* address.h - where nodes listen: `HOST:PORT`, with an IPv6 address in brackets. */
#pragma once

#include <stdbool.h>

#include "services/interface/mu/cli.h"

#define ADDRESS_DEFAULT "0.0.0.0:7400" /* where the first node of a network listens */

enum {
    ADDRESS_TEXT_MAX = 129, /* bytes with the final NUL */
    ADDRESS_LIST_MAX = 8    /* addresses that others are told of: what a join token holds */
};

/* A few addresses, each a text of its own. */
struct address_list {
    char texts[ADDRESS_LIST_MAX][ADDRESS_TEXT_MAX];
    char *items[ADDRESS_LIST_MAX]; /* borrowed from `texts`: the form that messages take */
    size_t count;
};

/* True for a host, a colon, and a port of 1..65535. The link says more about a host that is none.
 */
bool address_is_valid(const char *text);

/* The same; says so where it is none, with `what` it was meant for. Returns EXIT_OK or EXIT_USAGE.
 */
int address_need(const struct cli *cli, const char *what, const char *text);

/* True for 0.0.0.0:PORT and [::]:PORT: every address of the machine, which nobody can dial. */
bool address_is_any(const char *text);

/* Adds a copy. Returns false where the list is full or the text too long. */
bool address_add(struct address_list *list, const char *text);

/* Adds this machine's own addresses, with the port of `listen`: those of interfaces that are up and
 * no loopback, IPv4 first, without those that only hold on one wire (link-local). */
void address_add_own(struct address_list *list, const char *listen);

/* Writes 127.0.0.1 with a port that nobody listens on now. Returns 0 or -errno. */
int address_free_port(char text[ADDRESS_TEXT_MAX]);
