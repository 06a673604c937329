// SPDX-License-Identifier: Apache-2.0
/* mu audit - what was done about rights, and by whom. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/users.h"

enum { AUDIT_LINES_DEFAULT = 20, AUDIT_LINES_MAX = 256, AUDIT_STAMP_MAX = 32 };

/* ---- entries ---- */

static const char *audit_stamp(uint64_t time_ms, char text[AUDIT_STAMP_MAX])
{
    time_t at = (time_t)(time_ms / 1000);
    struct tm parts;

    snprintf(text, AUDIT_STAMP_MAX, "another age");
    if (localtime_r(&at, &parts) != NULL)
        strftime(text, AUDIT_STAMP_MAX, "%Y-%m-%d %H:%M:%S", &parts);
    return text;
}

static int audit_print(const struct cli *cli, const Mu__Auth__V1__AuditEntry *entry)
{
    char stamp[AUDIT_STAMP_MAX];

    if (output_is_json(cli))
        return users_print_json(cli, &entry->base);
    printf("%" PRIu64 "  %s  %-16s  %s%s%s%s%s%s\n", entry->number,
            audit_stamp(entry->time_ms, stamp), entry->event, entry->by,
            entry->about[0] != '\0' ? "  " : "", entry->about,
            entry->detail[0] != '\0' ? "  (" : "", entry->detail,
            entry->detail[0] != '\0' ? ")" : "");
    return EXIT_OK;
}

/* All pages from where the request begins; only the first where it asks for the latest. */
static int audit_list(struct cli *cli, Mu__Auth__V1__AuditRequest *request)
{
    bool more = true;
    int code = EXIT_OK;

    while (code == EXIT_OK && more) {
        CLEANUP(bus_reply_free) Mu__Auth__V1__AuditReply *reply = NULL;

        code = users_call(cli, "auth.Audit", &request->base, &mu__auth__v1__audit_reply__descriptor,
                (ProtobufCMessage **)&reply);
        for (size_t i = 0; code == EXIT_OK && i < reply->n_entries; i++) {
            request->after = reply->entries[i]->number;
            code = audit_print(cli, reply->entries[i]);
        }
        more = code == EXIT_OK && reply->more && !request->latest;
    }
    return code;
}

static int audit_follow(struct cli *cli, const Mu__Auth__V1__AuditRequest *request)
{
    struct mu_stream *stream = NULL;
    struct mu_status status;
    int code = bus_need(cli);
    int r;

    if (code != EXIT_OK)
        return code;
    r = mu_stream_open_message(
            cli->client, "auth.FollowAudit", MU_SERVER_STREAM, &request->base, NULL, &stream);
    if (r < 0)
        return (int)failure_of_memory(cli);
    while (code == EXIT_OK) {
        CLEANUP(bus_reply_free) Mu__Auth__V1__AuditEntry *entry = NULL;

        if (mu_stream_receive_message(stream, UINT32_MAX, &mu__auth__v1__audit_entry__descriptor,
                    (ProtobufCMessage **)&entry) != MU_STREAM_OK)
            break;
        code = audit_print(cli, entry);
        if (code == EXIT_OK)
            code = output_flush(cli);
    }
    if (mu_stream_finish(stream, &status) != MU_OK && code == EXIT_OK)
        code = users_failure(cli, "auth.FollowAudit", &status);
    return code;
}

/* ---- verify ---- */

static void audit_hex(const ProtobufCBinaryData *bytes, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < bytes->len && 2 * i + 3 <= size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes->data[i]);
}

static int audit_show_verdict(
        const struct cli *cli, const Mu__Auth__V1__VerifyAuditReply *reply, uint64_t verified)
{
    char hash[65];

    audit_hex(&reply->last_hash, hash, sizeof(hash));
    if (output_is_json(cli))
        users_print_json(cli, &reply->base);
    else if (reply->broken == 0)
        printf("%" PRIu64 " entries fit\nlast      %" PRIu64 " %s\n", verified, reply->last, hash);
    if (reply->broken == 0)
        return EXIT_OK;
    return (int)failure_say(cli, EXIT_ANSWERED_ERROR,
            "somebody changed the log, or the disk did: compare with a backup",
            "the audit log breaks at entry %" PRIu64 ": %s; %" PRIu64 " before it fit",
            reply->broken, reply->why, verified);
}

static int audit_verify(struct cli *cli)
{
    Mu__Auth__V1__VerifyAuditRequest request = MU__AUTH__V1__VERIFY_AUDIT_REQUEST__INIT;
    uint64_t verified = 0;

    for (;;) {
        CLEANUP(bus_reply_free) Mu__Auth__V1__VerifyAuditReply *reply = NULL;
        int code = users_call(cli, "auth.VerifyAudit", &request.base,
                &mu__auth__v1__verify_audit_reply__descriptor, (ProtobufCMessage **)&reply);

        if (code != EXIT_OK)
            return code;
        verified += reply->verified;
        if (reply->broken != 0 || reply->next == 0) {
            reply->verified = verified;
            return audit_show_verdict(cli, reply, verified);
        }
        request.from = reply->next;
    }
}

/* ---- mu audit ---- */

static int audit_read_since(
        const struct cli *cli, const struct arguments *arguments, uint64_t *since_msp)
{
    const char *text = arguments_flag(arguments, "since");
    uint32_t ms;

    if (text == NULL)
        return EXIT_OK;
    if (duration_parse(text, &ms) < 0)
        return (int)failure_say(cli, EXIT_USAGE, "write e.g. --since 1h, 30m or 90s",
                "--since: `%.40s` is no length of time", text);
    *since_msp = instant_now_s() * 1000 - ms;
    return EXIT_OK;
}

static int audit_run(struct cli *cli, const struct arguments *arguments)
{
    Mu__Auth__V1__AuditRequest request = MU__AUTH__V1__AUDIT_REQUEST__INIT;
    long lines = AUDIT_LINES_DEFAULT;
    int code = arguments_number(cli, arguments, "lines", 1, AUDIT_LINES_MAX, &lines);

    if (code == EXIT_OK)
        code = audit_read_since(cli, arguments, &request.since_ms);
    if (code != EXIT_OK)
        return code;
    if (arguments_flag(arguments, "verify") != NULL)
        return audit_verify(cli);
    request.latest = request.since_ms == 0 || arguments_flag(arguments, "lines") != NULL;
    request.limit = request.latest ? (uint32_t)lines : 0;
    return arguments_flag(arguments, "follow") != NULL ? audit_follow(cli, &request)
                                                       : audit_list(cli, &request);
}

const struct command audit_command = {
    .name = "audit",
    .group = "Users",
    .summary = "the log of logins, tokens, changes of rights, and refusals",
    .details =
            "Each entry holds a hash over itself and the hash before it. --verify computes all of "
            "them anew and\nsays where they break; it prints the last one, too, which noted "
            "elsewhere proves later that nothing\nbefore it was changed. -o json and jsonl print "
            "one mu.auth.v1.AuditEntry a line.",
    .flags =
            (const struct flag[]){
                    { .name = "follow", .letter = 'f', .help = "go on with what comes" },
                    { .name = "verify", .help = "compute the hashes anew" },
                    { .name = "since", .value = "TIME", .help = "all of the last 1h, 30m, 90s" },
                    { .name = "lines", .letter = 'n', .value = "N", .help = "the last N (20)" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu audit", "the last 20 entries" },
                    { "mu audit -f --json", "each as it comes, for a program" },
                    { "mu audit --since 1h", "all of the last hour" },
                    { "mu audit --verify", "exits with 1 where the chain breaks" },
                    { NULL, NULL },
            },
    .run = audit_run,
};
