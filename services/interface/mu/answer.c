// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/answer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/standing.h"
#include "services/interface/mu/trace_id.h"

enum { ANSWER_FIX_MAX = 512 }; /* bytes with the final NUL */

static unsigned answer_flags(const struct cli *cli, bool is_item)
{
    bool is_pretty = cli->format == OUTPUT_PRETTY ||
                     (cli->format == OUTPUT_DEFAULT && !is_item && isatty(STDOUT_FILENO) == 1);

    return MU_JSON_DEFAULTS | (is_pretty ? MU_JSON_PRETTY : MU_JSON_COMPACT);
}

int answer_print(
        const struct cli *cli, const struct request *request, struct mu_bytes body, bool is_item)
{
    CLEANUP(cleanup_free) char *json = NULL;
    struct mu_schema_error error = { "" };

    if (cli->format == OUTPUT_RAW) {
        fwrite(body.data, 1, body.size, stdout);
    } else {
        if (mu_body_to_json(request->description.schema, request->method->reply, body,
                    answer_flags(cli, is_item), &json, &error) < 0)
            return (int)failure_say(cli, EXIT_INTERNAL,
                    "take its bytes as they are: -o raw\n"
                    "its program may be newer than the types that the registry holds",
                    "%s answered what is no %s: %s", request->endpoint,
                    request->method->reply->name, error.text);
        puts(json);
    }
    return is_item ? output_flush(cli) : EXIT_OK;
}

void answer_trace(const struct cli *cli, const struct request *request, uint64_t started_us,
        const uint8_t *trace)
{
    uint64_t took_us = clock_us() - started_us;
    char text[TRACE_ID_TEXT_MAX];
    char parent[TRACE_ID_TRACEPARENT_MAX];

    if (!request->trace && !cli->verbose)
        return;
    fflush(stdout);
    fprintf(stderr, "%.2f ms  trace %s\n", (double)took_us / 1000.0,
            trace_id_print(trace, TRACE_ID_SIZE, text));
    if (request->trace)
        fprintf(stderr, "traceparent %s\n", trace_id_print_traceparent(trace, parent));
}

bool answer_is_away(const struct mu_status *status)
{
    return status->code == MU_UNAVAILABLE ||
           (status->code == MU_NOT_FOUND && strcmp(status->origin, "router") == 0);
}

/* Appends how to see what became of it: where the router had it, and for whom it may say so. */
static const char *answer_hint(const struct cli *cli, const struct mu_status *status,
        const uint8_t *trace, const char *fix, char text[ANSWER_FIX_MAX])
{
    char id[TRACE_ID_TEXT_MAX];

    if (trace == NULL || cli->node != NULL || strcmp(status->origin, "client") == 0)
        return fix;
    snprintf(text, ANSWER_FIX_MAX, "%s%swhat became of it: mu why %s", fix != NULL ? fix : "",
            fix != NULL ? "\n" : "", trace_id_print(trace, TRACE_ID_SHORT / 2, id));
    return text;
}

int answer_failure(struct cli *cli, const struct request *request, const struct mu_status *status,
        const uint8_t *trace)
{
    const char *service = request->description.name;
    struct mu_status known = *status;
    enum standing standing;
    char why[STANDING_WHY_MAX];
    char fix[ANSWER_FIX_MAX / 2];
    char hint[ANSWER_FIX_MAX];

    if (!answer_is_away(status))
        return (int)failure_of_call(cli, request->endpoint, status,
                answer_hint(cli, status, trace, bus_fix(cli, status), hint));
    standing = standing_of(cli, service, why);
    standing_fix(standing, service, fix, sizeof(fix));
    /* The router knows who takes calls; who should, the supervisor knows. */
    if (standing != STANDING_UNKNOWN)
        known.code = MU_UNAVAILABLE;
    if (standing != STANDING_UNKNOWN && standing != STANDING_UP &&
            status->executed == MU_EXECUTED_NO)
        snprintf(known.message, sizeof(known.message), "%s %s", service, why);
    return (int)failure_of_call(
            cli, request->endpoint, &known, answer_hint(cli, status, trace, fix, hint));
}
