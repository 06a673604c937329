/* tests/unit/protoc_libmu_double.h - a libmu that only notes how the stubs called it. */
#pragma once

#include "mu/service.h"

struct libmu_double {
    char endpoint[MU_ENDPOINT_MAX];
    const ProtobufCMessage *message;          /* borrowed: what was sent last */
    const ProtobufCMessageDescriptor *wanted; /* of the answer */
    const struct mu_call_options *options;
    enum mu_shape shape;
    enum mu_code refused;
    enum mu_code result;     /* what a call ends with */
    ProtobufCMessage *reply; /* what it brings; given away with the next call */
    int ended;
    int finished;
};

extern struct libmu_double libmu;
