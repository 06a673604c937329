// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/cause.h"

#include <stddef.h>
#include <string.h>

#define CAUSE(NAME) [MU__ROUTER__V1__CAUSE__CAUSE_##NAME]

static const struct {
    const char *of_call;      /* NULL: it is of candidates only */
    const char *of_candidate; /* NULL: it is of calls only */
} causes[] = {
    CAUSE(NONE) = { "ended", NULL },
    CAUSE(ANSWERED) = { "was answered", "had it as well, and failed it" },
    CAUSE(CANCELLED) = { "was given up by its caller", "had it as well, and did not answer first" },
    CAUSE(CALLER_GONE) = { "ended with its caller, whose channel closed", NULL },
    CAUSE(CALLEE_GONE) = { "ended with its callee: the process or the link was lost",
            "had it as well, and was lost" },
    CAUSE(DEADLINE) = { "got no answer within its time", NULL },
    CAUSE(PARENT_OVER) = { "ended because the call on whose behalf it was made was over", NULL },
    CAUSE(CAPABILITY_ENDED) = { "ended because the capability that let it through was taken back",
            NULL },
    CAUSE(STREAM_BROKEN) = { "ended because a side of its stream broke the protocol", NULL },
    CAUSE(ITEM_NO_ROOM) = { "ended because a receiver of its items does not read", NULL },
    CAUSE(ANSWER_NO_ROOM) = { "was answered, but its caller has no room for the answer", NULL },
    CAUSE(KEY_ANSWERED) = { "got the answer of an earlier call with its key, and was not carried "
                            "out itself",
            NULL },
    CAUSE(MALFORMED) = { "was refused: it is no call as the protocol has it", NULL },
    CAUSE(NOT_FOR_CLIENTS) = { "was refused: a client without a node may not make it", NULL },
    CAUSE(NOT_FOR_NODES) = { "was refused: another node may not make it", NULL },
    CAUSE(NO_CAPABILITY) = { "was refused: no capability of its caller covers it", NULL },
    CAUSE(NOT_EXPORTED) = { "was refused: the service does not export it to this caller",
            "does not export it to this caller" },
    CAUSE(NO_SERVICE) = { "was refused: nobody ever offered such a service here", NULL },
    CAUSE(NO_INSTANCE) = { "was refused: no instance of the service takes calls", NULL },
    CAUSE(NO_ROUTE) = { "was refused: other nodes have the service, but no way there is open to "
                        "this call",
            "has no way for it" },
    CAUSE(FULL) = { "was refused: every instance has as many calls as it takes",
            "has as many calls as it takes" },
    CAUSE(SHARE_FULL) = { "was refused: the instance takes no more calls of this caller",
            "takes no more calls of this caller" },
    CAUSE(ROUTES_FULL) = { "was refused: the ways to other nodes have as much as they carry",
            "carries as much as it can" },
    CAUSE(BODY_TOO_LARGE) = { "was refused: its body is too large", "takes no body of this size" },
    CAUSE(CALLER_FULL) = { "was refused: its caller has as many calls under way as one may have",
            NULL },
    CAUSE(ROUTER_FULL) = { "was refused: the router has as many calls under way as it can hold",
            NULL },
    CAUSE(QUEUE_FULL) = { "was refused: too many bytes wait for the service already",
            "has too many bytes waiting" },
    CAUSE(TOO_FAR) = { "was refused: it came over as many links as a call may",
            "is further away than a call may go" },
    CAUSE(TIME_OVER) = { "was refused: its time was over when it came from another node", NULL },
    CAUSE(POLICY) = { "was refused by a policy", "is ruled out by a policy" },
    CAUSE(ROUTER_REFUSED) = { "was refused by the router, which was asked itself", NULL },
    CAUSE(OTHER) = { "was refused", "was not taken" },
    CAUSE(TOKEN) = { "was refused: the token of its user is not good", NULL },
    CAUSE(SCOPE) = { "was refused: the token of its user does not cover it", NULL },
    CAUSE(RULE) = { "was refused by a rule of the node", NULL },
    CAUSE(KEY_DIFFERS) = { "was refused: its key came with another endpoint or body before", NULL },
    CAUSE(KEY_FULL) = { "was refused: the router has no room to remember its key", NULL },
    CAUSE(KEY_USED) = { "was not carried out: an earlier call with its key was, or may have been",
            NULL },
    CAUSE(ROUTER_DRAINING) = { "came too late for the router, which was being restarted", NULL },
    CAUSE(LINK_LEAVING) = { "came too late for a link that was being restarted, or took too long "
                            "for that",
            NULL },
    CAUSE(AWAY) = { "waited for a way to another node that was being restarted, and was not back "
                    "in time",
            NULL },
    CAUSE(NAMESPACE) = { "was refused: another namespace has the service, or it is the node's "
                         "alone; its "
                         "caller may not know of it",
            "is another namespace's, and does not exist for this caller" },
    CAUSE(SILENT) = { NULL, "does not answer: the time of a call ran out, and none was answered "
                            "since" },
    CAUSE(DRAINING) = { NULL, "is stopping and takes no new calls" },
    CAUSE(STARTING) = { NULL, "is starting and takes no calls yet" },
    CAUSE(FIT) = { NULL, "could have taken it" },
    CAUSE(CAME_FROM_THERE) = { NULL, "is where it came from" },
    CAUSE(NOT_CONNECTED) = { NULL, "is not connected now" },
};

enum { CAUSES = sizeof(causes) / sizeof(causes[0]) };

const char *cause_name(Mu__Router__V1__Cause cause)
{
    const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(&mu__router__v1__cause__descriptor, (int)cause);

    return value != NULL ? value->name + strlen("CAUSE_") : "UNKNOWN";
}

bool cause_is_refusal(Mu__Router__V1__Cause cause)
{
    return cause >= MU__ROUTER__V1__CAUSE__CAUSE_MALFORMED &&
           cause < MU__ROUTER__V1__CAUSE__CAUSE_SILENT;
}

const char *cause_of_call(Mu__Router__V1__Cause cause)
{
    size_t index = (size_t)cause;

    return index < CAUSES && causes[index].of_call != NULL ? causes[index].of_call : "ended";
}

const char *cause_of_candidate(Mu__Router__V1__Cause cause)
{
    size_t index = (size_t)cause;

    return index < CAUSES && causes[index].of_candidate != NULL ? causes[index].of_candidate
                                                                : "was not taken";
}
