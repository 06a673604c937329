// SPDX-License-Identifier: Apache-2.0
#include "registry/shell.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "registry/space.h"

enum { SHELL_PATH_MAX = 4096 }; /* bytes with the final NUL */

uint64_t shell_random_number(void)
{
    uint64_t number;

    do {
        randombytes_buf(&number, sizeof(number));
        number >>= 1;
    } while (number == 0);
    return number;
}

static const char *shell_explain(int r)
{
    switch (r) {
    case -EBUSY:
        return "another registry has it open";
    case -EBADMSG:
        return "it is damaged; restore the folder from a copy, or remove it and register anew";
    case -ENOSPC:
        return "the disk is full";
    default:
        return strerror(-r);
    }
}

int shell_open(struct shell *shell, const char *path)
{
    struct catalog_config config;
    char folder[SHELL_PATH_MAX];
    uint64_t revision;
    int r;

    *shell = (struct shell){ .etcd = shell->etcd };
    list_init(&shell->watches);
    list_init(&shell->tasks);
    if (sodium_init() < 0)
        return err_new(-ENOSYS);
    if ((size_t)snprintf(folder, sizeof(folder), "%s/journal", path) >= sizeof(folder))
        return err_new(-ENAMETOOLONG);
    r = journal_open(&shell->journal, folder, &revision);
    if (r == 0) {
        config = catalog_defaults(revision, shell_random_number());
        r = catalog_init(&shell->catalog, &config);
    }
    if (r == 0)
        r = journal_identify(&shell->journal, shell_random_number(), &shell->identity);
    if (r == 0)
        r = journal_load(&shell->journal, &shell->catalog);
    if (r < 0) {
        log_error("the journal in %s cannot be used: %s", folder, shell_explain(r));
        shell_close(shell);
        return err_trace(r);
    }
    batch_init(&shell->batch, &shell->catalog, &shell->journal);
    return 0;
}

void shell_close(struct shell *shell)
{
    batch_deinit(&shell->batch);
    catalog_deinit(&shell->catalog);
    journal_close(&shell->journal);
}

struct shell *shell_look(struct mu_call *call)
{
    struct shell *shell = mu_call_state(call);

    catalog_expire(&shell->catalog, clock_ms());
    return shell;
}

struct shell *shell_change(struct mu_call *call)
{
    struct shell *shell = shell_look(call);
    int r = 0;

    if (journal_needs_reserve(&shell->journal, &shell->catalog)) {
        batch_settle(&shell->batch);
        r = journal_reserve(&shell->journal, &shell->catalog);
    }
    if (r == 0)
        return shell;
    log_error("no revisions can be reserved: %s", shell_explain(r));
    shell_fail(call, r == -ENOSPC ? CATALOG_FULL : r, "the change");
    return NULL;
}

static const char *shell_reason(int outcome)
{
    if (outcome == CATALOG_FULL)
        return "the registry is full, or its disk is; remove what is no longer needed";
    if (outcome == -ENOMEM)
        return "the registry has no memory";
    return outcome < 0 ? strerror(-outcome) : "not expected";
}

static bool shell_is_exhausted(int outcome)
{
    return outcome == CATALOG_FULL || outcome == -ENOMEM;
}

void shell_fail(struct mu_call *call, int outcome, const char *what)
{
    if (shell_is_exhausted(outcome))
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "%s: %s", what, shell_reason(outcome));
    else
        mu_call_fail(call, MU_INTERNAL, "%s: %s", what, shell_reason(outcome));
}

void shell_fail_halfway(struct mu_call *call, int outcome, const char *what)
{
    mu_call_fail(call, shell_is_exhausted(outcome) ? MU_RESOURCE_EXHAUSTED : MU_INTERNAL, "%s: %s",
            what, shell_reason(outcome));
}

void shell_fail_unknown(struct mu_call *call, const struct shell *shell, const char *name)
{
    const struct service *near =
            catalog_nearest(&shell->catalog, name, mu_call_caller(call)->space);

    if (near != NULL)
        mu_call_refuse(call, MU_NOT_FOUND, "no service \"%.*s\"; did you mean %s?",
                REGISTRY_NAME_MAX, name, near->name);
    else
        mu_call_refuse(call, MU_NOT_FOUND,
                "no service \"%.*s\"; `mu registry list` shows those there are", REGISTRY_NAME_MAX,
                name);
}

const struct service *shell_find(struct mu_call *call, const struct shell *shell, const char *name)
{
    const struct service *service = catalog_find(&shell->catalog, name);

    if (service != NULL && space_shows_service(mu_call_caller(call)->space, service))
        return service;
    shell_fail_unknown(call, shell, name);
    return NULL;
}

bool shell_name_is_taken(struct mu_call *call, const char *name, const char *space)
{
    const struct shell *shell = mu_call_state(call);
    const struct service *service = catalog_find(&shell->catalog, name);

    if (service == NULL || service_is_idle(service) || strcmp(service->space, space) == 0)
        return false;
    mu_call_refuse(call, MU_ALREADY_EXISTS,
            "the name %s is taken: names are given once on a node, whatever the namespace, and "
            "stay "
            "in the one that they were given in; choose another name, or deregister it first",
            name);
    return true;
}

bool shell_may_speak_for(const struct mu_call *call, const char *name)
{
    const struct mu_caller *caller = mu_call_caller(call);

    return caller->is_operator || strcmp(caller->service, name) == 0;
}
