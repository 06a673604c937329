/* services/network/link/offers.h - what this node offers to others: its registry's local instances,
 * watched as they come and go.
 *
 * A thread of its own waits for the registry's words and puts them into the inbox. It runs only
 * while this node is in a network. */
#pragma once

#include <pthread.h>

#include "mu/client.h"
#include "services/network/link/advert.h"

struct inbox_item;
struct mesh;

struct local_instance {
    uint64_t number;
    char service[SERVICE_NAME_MAX + 1];
    char version[ADVERT_VERSION_MAX + 1];
    uint8_t types[ADVERT_TYPES_SIZE];
    bool has_types;
};

struct offers {
    struct local_instance *instances; /* owned array of instance_count, room for instance_room */
    uint32_t instance_count;
    uint32_t instance_room;
    bool live; /* the snapshot is whole */

    pthread_t thread;
    bool runs;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t stop_wanted;
    bool stop;
    struct mu_stream *stream; /* owned by the thread; to be cancelled by others */
};

/* Begins to watch. Returns 0 or -errno. */
int offers_start(struct mesh *mesh);

/* Ends that. Fine where it was not begun. Without the mesh's lock, as the thread ends in its own
 * time. */
void offers_stop(struct mesh *mesh);

/* Tells routes what there is, behind their beginning. */
void offers_tell(struct mesh *mesh);

/* True where a local instance of any service has these types. */
bool offers_know_types(const struct offers *offers, struct span types);

/* True where a local instance has these types; its version's name in `*versionp`, borrowed. */
bool offers_find_types(
        const struct offers *offers, struct span service, struct span types, const char **versionp);
