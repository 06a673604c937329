/* transport/secure/node_id.h - a node's public key as text: `mu:` and 52 characters of base32
 * (RFC 4648, section 6, in lower case and without padding). */
#pragma once

#include "transport/secure/key.h"

enum {
    NODE_ID_SIZE = 55,      /* characters of the whole text */
    NODE_ID_SHORT_SIZE = 8, /* of the form for people: the first characters behind `mu:` */
};

enum node_id_outcome { NODE_ID_OK, NODE_ID_BAD };

void node_id_print(const struct public_key *key, char text[NODE_ID_SIZE + 1]);

/* 40 bits: enough to tell nodes apart by eye, never enough to believe one. */
void node_id_print_short(const struct public_key *key, char text[NODE_ID_SHORT_SIZE + 1]);

/* Reads what node_id_print prints and nothing else: no capitals, blanks or padding. `*key` is set
 * on NODE_ID_OK only. */
enum node_id_outcome node_id_parse(struct public_key *key, struct span text);
