/* tests/unit/network_seat.h - a network that was just founded, in a folder of a test's own. */
#pragma once

#include "services/network/link/authority.h"
#include "services/network/link/founding.h"
#include "tests/unit/registry_folder.h"

#define NOW_S UINT64_C(1767225600) /* 2026-01-01 00:00:00 UTC */

enum { HOUR_S = 3600, DAY_S = 86400 };

/* Cheap, so that networks can be founded by the dozen. */
extern const struct seal_cost cheap;

struct world {
    struct folder folder;
    struct seat seat; /* of desk.alice, who founded the network */
    uint8_t sealed[SEALED_KEY_SIZE];
};

int world_set_up(void **state);
int world_tear_down(void **state);

/* Closes the vault and opens it again, as a new process would. */
void world_reopen(struct world *world);

/* What founds a network as `node`.alice. */
struct founding world_founding(const char *node);

/* A request to join as `name` with a key of its own, which the caller deinits. */
void world_ask(
        const struct token *token, const char *name, struct key *key, struct request *request);

/* Lets `name` in at `now_s`. */
void world_admit(struct world *world, const char *name, uint64_t now_s, struct key *key,
        struct chain *chain);

/* Copies the files of one folder into another, readable by their owner alone. */
void folder_copy(const char *from, const char *to);

/* Path of a file in the world's folder whose name ends so; fails the test where there is none. */
void world_find(const struct world *world, const char *suffix, char path[256]);

/* How many files there are whose names end so. */
unsigned world_count(const struct world *world, const char *suffix);
