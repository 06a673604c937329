// SPDX-License-Identifier: Apache-2.0
/* client-racer TOKEN COUNT - so many clients, each with a key of its own, come with one token, all
 * at once. Prints how many were let in. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "client/remote.h"

enum { RACER_MS = 30000, RACER_TRIES_MAX = 1000 };

static int receive(struct frame_reader *reader, void *user)
{
    (void)reader;
    (void)user;
    return 0;
}

static void closed(void *user)
{
    (void)user;
}

/* Those that the node hung up on, as it does where many come from one address, come again. Returns
 * how many those are; who was refused keeps its connection's end. */
static unsigned race(struct remote **remotes, const struct credentials *credentials, unsigned count,
        unsigned *admittedp)
{
    static const struct carrier_events events = { .receive = receive, .closed = closed };
    unsigned again = 0;

    for (unsigned i = 0; i < count; i++)
        if (remotes[i] == NULL)
            CHECK(remote_begin(&remotes[i], &credentials[i], &events, NULL) == 0);
    *admittedp = 0;
    for (unsigned i = 0; i < count; i++) {
        int r = remote_wait(remotes[i], RACER_MS);

        CHECK(r == 0 || r == -EACCES || r == -ECONNRESET);
        *admittedp += r == 0;
        if (r == -ECONNRESET) {
            remote_drop(remotes[i]);
            remotes[i] = NULL;
            again += 1;
        }
    }
    return again;
}

int main(int argc, char **argv)
{
    unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    struct credentials *credentials = calloc(count + 1, sizeof(*credentials));
    struct remote **remotes = calloc(count + 1, sizeof(struct remote *));
    unsigned admitted = 0;
    unsigned undecided;
    unsigned tries = 0;

    CHECK(credentials != NULL && remotes != NULL && count > 0 && sodium_init() >= 0);
    for (unsigned i = 0; i < count; i++) {
        struct span text = { (const uint8_t *)argv[1], strlen(argv[1]) };

        CHECK(token_parse(&credentials[i].token, text, 0) == TOKEN_OK);
        CHECK(key_init(&credentials[i].key) == 0);
        snprintf(credentials[i].node, sizeof(credentials[i].node), "%s",
                credentials[i].token.addresses[0]);
    }
    for (undecided = count; undecided > 0 && tries < RACER_TRIES_MAX; tries++)
        undecided = race(remotes, credentials, count, &admitted);
    CHECK(undecided == 0);
    for (unsigned i = 0; i < count; i++) {
        remote_drop(remotes[i]);
        credentials_deinit(&credentials[i]);
    }
    free(credentials);
    free(remotes);
    printf("%u\n", admitted);
    return EXIT_SUCCESS;
}
