/* cause.h - why a call ended as it did, in words. */
#pragma once

#include <stdbool.h>

#include "mu/router/v1/router.pb-c.h"

/* "NO_CAPABILITY", as it stands in the proto without its prefix; "UNKNOWN" for one of a newer
 * router. Static text. */
const char *cause_name(Mu__Router__V1__Cause cause);

/* True where the callee never heard of the call, whether it was refused at once or waited before.
 */
bool cause_is_refusal(Mu__Router__V1__Cause cause);

/* A clause that follows the name of the call: "was answered". Static text. */
const char *cause_of_call(Mu__Router__V1__Cause cause);

/* A clause that follows the name of one who was considered: "has as many calls as it takes". Static
 * text. */
const char *cause_of_candidate(Mu__Router__V1__Cause cause);
