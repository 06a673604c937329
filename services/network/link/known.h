/* services/network/link/known.h - the nodes of the network that this one has heard of: those that
 * are linked, that routes know, and that this authority has let in. */
#pragma once

#include "services/network/link/mesh.h"

struct known_node {
    struct public_key key;
    char name[CERTIFICATE_NAME_MAX + 1]; /* empty where it is not known */
    bool issuer_known;
    struct public_key issuer; /* of its certificate */
};

enum known_outcome {
    KNOWN_OK,
    KNOWN_NONE,
    KNOWN_MANY /* the text fits several */
};

/* Finds one by its name, its id, or the beginning of its id (with or without `mu:`). */
enum known_outcome known_find(struct mesh *mesh, const char *text, struct known_node *node);

/* Visits each once. Returns 0 or -errno. */
typedef void (*known_fn)(const struct known_node *node, void *user);
int known_each(struct mesh *mesh, known_fn fn, void *user);
