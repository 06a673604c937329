// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/rule.h"

#include <string.h>

static const char rule_user[] = "user:";
static const char rule_service[] = "service:";

/* The name behind `prefix`; NULL where `who` does not begin so. */
static const char *rule_name(const char *who, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(who, prefix, size) == 0 ? who + size : NULL;
}

static bool rule_name_is_valid(const char *name)
{
    size_t size = strlen(name);

    if (size > 0 && name[size - 1] == '*')
        size -= 1;
    else if (size == 0)
        return false;
    return size <= ACCESS_SUBJECT_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._@-") == size;
}

bool rule_who_is_valid(const char *who)
{
    const char *name = rule_name(who, rule_user);

    if (name == NULL)
        name = rule_name(who, rule_service);
    return name != NULL ? rule_name_is_valid(name) : strcmp(who, "*") == 0;
}

static bool rule_ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static struct span rule_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

bool rule_is_valid(const struct rule *rule)
{
    return rule->id != 0 && rule_ends(rule->who, sizeof(rule->who)) &&
           rule_ends(rule->endpoints, sizeof(rule->endpoints)) &&
           rule_ends(rule->reason, sizeof(rule->reason)) && rule_who_is_valid(rule->who) &&
           pattern_is_valid(rule_text(rule->endpoints)) && text_is_valid(rule_text(rule->reason));
}

/* `name` is what the rule says, `has` what the caller is; nobody matches no name, not even `*`. */
static bool rule_is_about(const char *name, const char *has)
{
    size_t size = strlen(name);

    if (name[size - 1] == '*')
        return has[0] != '\0' && strncmp(name, has, size - 1) == 0;
    return strcmp(name, has) == 0;
}

bool rule_matches(const struct rule *rule, const struct rule_call *call)
{
    const char *user = rule_name(rule->who, rule_user);
    const char *service = rule_name(rule->who, rule_service);

    if (!pattern_matches(rule_text(rule->endpoints), call->endpoint))
        return false;
    if (user == NULL && service == NULL)
        return true;
    if (call->is_foreign)
        return false;
    return user != NULL ? rule_is_about(user, call->subject)
                        : rule_is_about(service, call->service);
}

const struct rule *rules_decide(
        const struct rule *rules, size_t count, const struct rule_call *call)
{
    const struct rule *best = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = &rules[i];
        bool better = best == NULL || rule->priority > best->priority ||
                      (rule->priority == best->priority && rule->deny && !best->deny);

        if (better && rule_matches(rule, call))
            best = rule;
    }
    return best;
}
