/* transport/secure/address.h - where a node listens: `host:port`. */
#pragma once

#include <stdbool.h>

#include "transport/envelope.h"

/* True for a host name, an IPv4 address or an IPv6 address in brackets, a colon, and a port of
 * 1..65535 in decimal without leading zeros; at most ADDRESS_SIZE_MAX bytes. A name's parts are of
 * letters, digits and `-`, which neither begins nor ends one. */
bool address_is_valid(struct span text);
