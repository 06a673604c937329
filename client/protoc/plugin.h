/* client/protoc/plugin.h - one run of the plugin: a request becomes a response. */
#pragma once

#include "client/protoc/parameter.h"
#include "client/protoc/refusals.h"
#include "client/protoc/stub.h"
#include "client/protoc/types.h"

struct plugin {
    Google__Protobuf__Compiler__CodeGeneratorRequest *request;  /* owned */
    Google__Protobuf__Compiler__CodeGeneratorResponse response; /* owns its files; its error is
                                                                   borrowed from the refusals */
    struct refusals refusals;
    struct parameter parameter;
    struct types types;
    struct stub *stubs; /* owned: those of one file together, files in the order of the request */
    size_t stub_count;
};

/* Takes `request` over, and indexes it. */
void plugin_init(struct plugin *plugin, Google__Protobuf__Compiler__CodeGeneratorRequest *request);

/* Fills `plugin->response`: files, or what is wrong with the .proto files. Returns 0; -EPROTO where
 * protoc-gen-c failed, which has been said on standard error. */
int plugin_run(struct plugin *plugin);

/* Safe on zeroes, and safe twice. */
void plugin_deinit(struct plugin *plugin);
