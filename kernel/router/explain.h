/* kernel/router/explain.h - router.Explain: what holds for calls of an endpoint, and why. */
#pragma once

struct envelope;
struct peer;
struct router;

void explain_answer(struct router *router, struct peer *peer, const struct envelope *envelope);
