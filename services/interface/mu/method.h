/* method.h - a service's methods as commands: mu greeter hello --name World */
#pragma once

#include "services/interface/mu/description.h"

/* argv[0] is the service, whose `description` is borrowed; the method and its flags follow. Returns
 * an exit status. */
int method_run(struct cli *cli, const struct description *description, int argc, char **argv);

enum { METHOD_FLAGS_MAX = 512, METHOD_DEPTH_MAX = 4 };

/* The flags of a request: one for each field, and for those of messages in it --outer.inner. */
struct method_flags {
    struct method_flag *list; /* owned: by index as `flags` */
    struct flag *flags;       /* owned: ends with a NULL name */
    size_t count;
};

struct method_flag {
    char name[96];  /* "user.first-name" */
    char path[96];  /* "user.first_name", for assignment_apply */
    char help[160]; /* type and comment's first line */
    char value[48];
    char choices[256]; /* of an enum: "A|B" */
    bool is_map;
    bool is_message;
    bool is_bool;
};

/* Returns 0 or -ENOMEM. */
int method_flags_init(struct method_flags *flags, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type);

/* Safe on zeroes, and safe twice. */
void method_flags_deinit(struct method_flags *flags);

/* The method whose name in kebab-case (or as it is) is `name`; NULL where there is none. */
const struct mu_schema_method *method_find(
        const struct mu_schema_service *service, const char *name);

/* The first sentence or line of a comment. */
void method_brief(const char *comment, char *text, size_t size);
