// SPDX-License-Identifier: Apache-2.0
/* A service whose every execution leaves a mark that outlives it: four bytes at the end of the file
 * TALLY_FILE, written before the answer. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tally/v1/tally.mu.h"

static void serve_add(struct mu_call *call, const Tally__V1__AddRequest *request)
{
    Tally__V1__AddReply reply = TALLY__V1__ADD_REPLY__INIT;
    const int *file = mu_call_state(call);

    if (write(*file, &request->number, sizeof(request->number)) != sizeof(request->number))
        abort();
    tally_add_reply(call, &reply);
}

int main(int argc, char **argv)
{
    static const struct tally_handlers handlers = { .add = serve_add };
    const char *path = getenv("TALLY_FILE");
    int file = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    const struct mu_service service = {
        .type = &tally_type, .handlers = &handlers, .state = &file
    };

    return mu_service_main(&service, argc, argv);
}
