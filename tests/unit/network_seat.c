// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/network_seat.h"

#include <dirent.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "services/network/link/admissions.h"

const struct seal_cost cheap = { .passes = 1, .memory_kib = 8 };

struct founding world_founding(const char *node)
{
    return (struct founding){ .node = node,
        .owner = "alice",
        .passphrase = { (const uint8_t *)"open sesame", 11 },
        .cost = &cheap,
        .now_s = NOW_S };
}

int world_set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct founding founding = world_founding("desk");
    struct membership membership;

    CHECK(world != NULL && sodium_init() >= 0);
    folder_make(&world->folder);
    CHECK(seat_open(&world->seat, world->folder.path) == 0);
    CHECK(!world->seat.joined);
    CHECK(founding_found(&founding, &membership, world->sealed) == FOUNDING_OK);
    CHECK(admissions_put_name(&world->seat.vault, membership_name(&membership),
                  &membership.key.public) == VAULT_OK);
    CHECK(seat_take(&world->seat, &membership) == 0);
    *state = world;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *world = *state;

    seat_close(&world->seat);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

void world_reopen(struct world *world)
{
    seat_close(&world->seat);
    CHECK(seat_open(&world->seat, world->folder.path) == 0);
}

void world_ask(
        const struct token *token, const char *name, struct key *key, struct request *request)
{
    CHECK(key_init(key) == 0);
    CHECK(request_join(request, key, token, name) == 0);
}

void world_admit(
        struct world *world, const char *name, uint64_t now_s, struct key *key, struct chain *chain)
{
    struct request request;
    struct token token;

    CHECK(authority_invite(&world->seat, 1, now_s + HOUR_S, &world->seat.membership.whereabouts,
                  now_s, &token) == 0);
    world_ask(&token, name, key, &request);
    CHECK(authority_answer(&world->seat, &request, NULL, now_s, chain) == 0);
    token_wipe(&token);
}

static void file_copy(const char *from, const char *to, const char *name)
{
    static uint8_t bytes[1 << 20];
    char path[512];
    size_t size;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", from, name);
    file = fopen(path, "rb");
    CHECK(file != NULL);
    size = fread(bytes, 1, sizeof(bytes), file);
    CHECK(size < sizeof(bytes));
    fclose(file);
    snprintf(path, sizeof(path), "%s/%s", to, name);
    file = fopen(path, "wb");
    CHECK(file != NULL && chmod(path, 0600) == 0);
    CHECK(fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

void folder_copy(const char *from, const char *to)
{
    DIR *folder = opendir(from);

    CHECK(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_type == DT_REG)
            file_copy(from, to, entry->d_name);
    closedir(folder);
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name);

    return size >= strlen(suffix) && strcmp(name + size - strlen(suffix), suffix) == 0;
}

void world_find(const struct world *world, const char *suffix, char path[256])
{
    DIR *folder = opendir(world->folder.path);
    struct dirent *entry;

    CHECK(folder != NULL);
    do
        entry = readdir(folder);
    while (entry != NULL && !ends_with(entry->d_name, suffix));
    CHECK(entry != NULL);
    snprintf(path, 256, "%s/%.128s", world->folder.path, entry->d_name);
    closedir(folder);
}

unsigned world_count(const struct world *world, const char *suffix)
{
    DIR *folder = opendir(world->folder.path);
    unsigned count = 0;

    CHECK(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += ends_with(entry->d_name, suffix) ? 1 : 0;
    closedir(folder);
    return count;
}
