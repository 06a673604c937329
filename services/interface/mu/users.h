/* users.h - `mu account`, `mu token`, `mu rule`, `mu audit`: what their commands share. All of them
 * ask the service `auth`. */
#pragma once

#include "mu/auth/v1/auth.pb-c.h"
#include "services/interface/mu/cli.h"

#define USERS_SERVICE "auth"

struct arguments;

enum {
    USERS_NAME_MAX = 65, /* bytes of an account's name, with the final NUL */
    USERS_LIST_MAX = 17  /* values of one flag: one over what auth takes, so that it says so */
};

/* A flag that may be given several times. */
struct users_list {
    size_t count;
    char *each[USERS_LIST_MAX]; /* borrowed from the arguments */
};

/* Calls `endpoint` of the service `auth`. `*replyp` is the caller's (bus_reply_free). Says why it
 * failed, and what to do. Returns EXIT_OK or an exit status. */
int users_call(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, ProtobufCMessage **replyp);

/* Says how a call to `auth` failed. Returns the exit status. */
int users_failure(struct cli *cli, const char *endpoint, const struct mu_status *status);

/* Prints a message of `auth` as JSON. Returns EXIT_OK or an exit status. */
int users_print_json(const struct cli *cli, const ProtobufCMessage *message);

/* All values of a flag. */
void users_flag(const struct arguments *arguments, const char *name, struct users_list *list);

/* Reads a flag's time into whole seconds, up to `max_s`; `*secondsp` keeps its value where the flag
 * was not given. Returns EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int users_seconds(const struct cli *cli, const struct arguments *arguments, const char *name,
        uint32_t max_s, uint32_t *secondsp);

/* Texts of a list, with a blank between, "-" for none; cut where there are many. Returns `text`. */
char *users_join(char *const *texts, size_t count, char *text, size_t size);
