/* transport/secure/link_limits.h - limits of links between nodes, by name. docs/limits.md quotes
 * them. */
#pragma once

enum {
    HANDSHAKE_MS = 3000,          /* a handshake that is not done by then is closed by its owner */
    HANDSHAKE_MESSAGE_MAX = 4096, /* bytes of one handshake message */
    RECORD_BODY_MAX = 65511,      /* bytes of one record's body */
    RECORD_REKEY_COUNT = 65536,   /* records under one key; then both sides replace it */
    RECORD_CLASS_MAX = 3          /* the least urgent class of a record; 0 is the most urgent */
};

/* Records of one direction of a link. The last one is kept for CLOSE. */
#define RECORD_COUNT_MAX 4294967296u
