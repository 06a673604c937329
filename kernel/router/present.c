// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/present.h"

#include <string.h>

#include "kernel/router/own.h"
#include "kernel/router/right.h"
#include "kernel/router/say.h"
#include "mu/router/v1/access.pb-c.h"

/* The peer's calls are the user's; with NULL its own. */
static void present_take(struct router *router, struct peer *peer, struct user *user)
{
    if (user != NULL && user != &router->users.refused)
        user_hold(user);
    user_release(&router->users, peer->on_behalf);
    peer->on_behalf = user;
}

static void present_try(struct router *router, struct peer *peer, const struct envelope *envelope,
        const char *token)
{
    Mu__Router__V1__PresentReply reply = MU__ROUTER__V1__PRESENT_REPLY__INIT;
    struct user_refusal why;
    struct user *user =
            user_find(&router->users, (struct span){ (const uint8_t *)token, strlen(token) },
                    router->node, router->unix_s, &why);

    present_take(router, peer, user != NULL ? user : &router->users.refused);
    if (user == NULL) {
        right_refuse_token(router, peer, envelope, &why);
        return;
    }
    reply.subject = user->subject;
    reply.left_ms = (user->expires_s - router->unix_s) * 1000;
    own_reply(router, peer, envelope->id, &reply.base);
}

void present_token(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__PresentReply none = MU__ROUTER__V1__PRESENT_REPLY__INIT;
    Mu__Router__V1__PresentRequest *request =
            own_unpack(router, peer, envelope, &mu__router__v1__present_request__descriptor);

    if (request == NULL) {
        present_take(router, peer, &router->users.refused);
        return;
    }
    if (request->token[0] != '\0') {
        present_try(router, peer, envelope, request->token);
    } else {
        present_take(router, peer, NULL);
        own_reply(router, peer, envelope->id, &none.base);
    }
    mu__router__v1__present_request__free_unpacked(request, NULL);
}
