/* registry/handlers.h - what main.c puts together: a handler for each method, and what else has its
 * time in the life of the process. */
#pragma once

#include "mu/registry/v1/registry.mu.h"
#include "mu/schema.h"
#include "registry/shell.h"

/* foreign.c */
void foreign_import(struct mu_call *call, const Mu__Registry__V1__ImportRequest *request);
void foreign_import_types(
        struct mu_call *call, const Mu__Registry__V1__ImportTypesRequest *request);

/* lookup.c */
void lookup_list(struct mu_call *call, const Mu__Registry__V1__ListRequest *request);
void lookup_show(struct mu_call *call, const Mu__Registry__V1__ShowRequest *request);
void lookup_describe(struct mu_call *call, const Mu__Registry__V1__DescribeRequest *request);

/* presence.c */
void presence_attach(struct mu_call *call, const Mu__Registry__V1__AttachRequest *request);
void presence_detach(struct mu_call *call, const Mu__Registry__V1__DetachRequest *request);
void presence_reset(struct mu_call *call, const Mu__Registry__V1__ResetRequest *request);
void presence_announce(struct mu_call *call, const Mu__Registry__V1__AnnounceRequest *request);
void presence_renew(struct mu_call *call, const Mu__Registry__V1__RenewRequest *request);

/* publication.c */
void publication_publish(struct mu_call *call, const Mu__Registry__V1__PublishRequest *request);

/* The BLAKE2b-256 of a set. */
void publication_hash(uint8_t types[TYPES_HASH_SIZE], struct mu_bytes set);

/* Reads the types of a publication, which lacks its methods: `methods` is where they go. Returns
 * true, or answers the call with what is wrong with them. The schema that is given owns the texts.
 */
bool publication_read(struct mu_call *call, struct mu_bytes set, struct publication *publication,
        const char *methods[REGISTRY_METHODS_MAX], struct mu_schema **schemap);

/* Publishes the types of the node's own parts, which cannot do it themselves. */
void publication_publish_own(struct shell *shell);

/* registration.c */
void registration_register(struct mu_call *call, const Mu__Registry__V1__RegisterRequest *request);
void registration_deregister(
        struct mu_call *call, const Mu__Registry__V1__DeregisterRequest *request);

/* Has the node run all that is registered. Returns 0, or -EAGAIN where the node does not answer. */
int registration_apply_all(struct shell *shell, struct mu_client *client);

/* Answers of the node that are still to come are ignored from now on. */
void registration_stop(struct shell *shell);

/* watch.c */
void watch_open(struct mu_call *call, const Mu__Registry__V1__WatchRequest *request);

/* Tells each watcher all that it has not heard and can take. */
void watch_tell_all(struct shell *shell);

/* Ends all watches: the registry is about to stop. */
void watch_end_all(struct shell *shell);

/* Lets go of the watchers, whose calls are gone. */
void watch_stop(struct shell *shell);
