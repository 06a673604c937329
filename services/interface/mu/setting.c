// SPDX-License-Identifier: Apache-2.0
/* One table of words: reading, printing and explaining all go by it. */
#include "services/interface/mu/setting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mu/status.h"
#include "services/interface/mu/duration.h"

const char setting_choices[] =
        "timeout=|timeout-max=|in-flight=|bytes-in-flight=|rate=|burst=|"
        "retries=|backoff=|idempotent=|breaker=|breaker-percent=|breaker-window=|eject=|"
        "weight=|label=|hedge=|mirror=|abort=|delay=|percent=";

enum { SETTING_CODE_MAX = 16 };

void setting_begin(struct setting_policy *policy, const char *endpoints)
{
    memset(policy, 0, sizeof(*policy));
    mu__router__v1__policy__init(&policy->message);
    mu__router__v1__rate__init(&policy->rate);
    mu__router__v1__retries__init(&policy->retries);
    mu__router__v1__breaker__init(&policy->breaker);
    mu__router__v1__fault__init(&policy->fault);
    mu__router__v1__hedge__init(&policy->hedge);
    mu__router__v1__mirror__init(&policy->mirror);
    policy->message.endpoints = (char *)(uintptr_t)endpoints;
    policy->message.weights = policy->each_weight;
    policy->message.labels = policy->each_label;
}

/* ---- reading ---- */

static bool setting_number(const char *value, uint32_t *numberp)
{
    unsigned long long number;
    char *end;

    errno = 0;
    number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || number == 0 ||
            number > UINT32_MAX)
        return false;
    *numberp = (uint32_t)number;
    return true;
}

static bool setting_time(const char *value, uint32_t *msp)
{
    return duration_parse(value, msp) == 0;
}

static bool setting_timeout(struct setting_policy *policy, const char *value)
{
    return setting_time(value, &policy->message.timeout_ms);
}

static bool setting_timeout_max(struct setting_policy *policy, const char *value)
{
    return setting_time(value, &policy->message.timeout_max_ms);
}

static bool setting_in_flight(struct setting_policy *policy, const char *value)
{
    return setting_number(value, &policy->message.in_flight_max);
}

/* `1048576`, `1024KiB` or `1MiB`. */
static bool setting_bytes(struct setting_policy *policy, const char *value)
{
    size_t digits = strspn(value, "0123456789");
    const char *unit = value + digits;
    char text[SETTING_PART_MAX];
    uint32_t number;

    snprintf(text, sizeof(text), "%.*s", (int)digits, value);
    if (!setting_number(text, &number))
        return false;
    policy->message.bytes_in_flight_max = number;
    if (strcmp(unit, "KiB") == 0)
        policy->message.bytes_in_flight_max <<= 10;
    else if (strcmp(unit, "MiB") == 0)
        policy->message.bytes_in_flight_max <<= 20;
    else
        return unit[0] == '\0';
    return true;
}

static bool setting_rate(struct setting_policy *policy, const char *value)
{
    policy->message.rate = &policy->rate;
    return setting_number(value, &policy->rate.per_s);
}

static bool setting_burst(struct setting_policy *policy, const char *value)
{
    policy->message.rate = &policy->rate;
    return setting_number(value, &policy->rate.burst);
}

static bool setting_retries(struct setting_policy *policy, const char *value)
{
    policy->message.retries = &policy->retries;
    return setting_number(value, &policy->retries.max);
}

static bool setting_backoff(struct setting_policy *policy, const char *value)
{
    policy->message.retries = &policy->retries;
    return setting_time(value, &policy->retries.backoff_ms);
}

static bool setting_idempotent(struct setting_policy *policy, const char *value)
{
    policy->message.retries = &policy->retries;
    policy->retries.idempotent = strcmp(value, "yes") == 0;
    return policy->retries.idempotent || strcmp(value, "no") == 0;
}

static bool setting_breaker(struct setting_policy *policy, const char *value)
{
    policy->message.breaker = &policy->breaker;
    return setting_number(value, &policy->breaker.failures);
}

static bool setting_breaker_percent(struct setting_policy *policy, const char *value)
{
    policy->message.breaker = &policy->breaker;
    return setting_number(value, &policy->breaker.percent);
}

static bool setting_breaker_window(struct setting_policy *policy, const char *value)
{
    policy->message.breaker = &policy->breaker;
    return setting_time(value, &policy->breaker.window_ms);
}

static bool setting_eject(struct setting_policy *policy, const char *value)
{
    policy->message.breaker = &policy->breaker;
    return setting_time(value, &policy->breaker.eject_ms);
}

/* Takes what stands before the last colon of `value`; NULL where there is none, or no room. */
static char *setting_part(struct setting_policy *policy, const char *value, const char **restp)
{
    const char *colon = strrchr(value, ':');
    char *part;

    if (colon == NULL || colon == value || colon - value >= SETTING_PART_MAX)
        return NULL;
    part = policy->parts[policy->part_count++];
    snprintf(part, SETTING_PART_MAX, "%.*s", (int)(colon - value), value);
    *restp = colon + 1;
    return part;
}

static bool setting_weight(struct setting_policy *policy, const char *value)
{
    size_t place = policy->message.n_weights;
    Mu__Router__V1__Weight *weight = &policy->weights[place];
    const char *rest;

    if (place == SETTING_WEIGHTS)
        return false;
    mu__router__v1__weight__init(weight);
    weight->version = setting_part(policy, value, &rest);
    if (weight->version == NULL ||
            (strcmp(rest, "0") != 0 && !setting_number(rest, &weight->percent)))
        return false;
    policy->each_weight[place] = weight;
    policy->message.n_weights += 1;
    return true;
}

static bool setting_label(struct setting_policy *policy, const char *value)
{
    size_t place = policy->message.n_labels;
    Mu__Router__V1__Policy__LabelsEntry *label = &policy->labels[place];
    const char *rest;

    if (place == SETTING_LABELS)
        return false;
    mu__router__v1__policy__labels_entry__init(label);
    label->key = setting_part(policy, value, &rest);
    if (label->key == NULL)
        return false;
    label->value = (char *)(uintptr_t)rest;
    policy->each_label[place] = label;
    policy->message.n_labels += 1;
    return true;
}

static bool setting_hedge(struct setting_policy *policy, const char *value)
{
    policy->message.hedge = &policy->hedge;
    return setting_time(value, &policy->hedge.delay_ms);
}

static bool setting_mirror(struct setting_policy *policy, const char *value)
{
    const char *rest;

    if (policy->message.mirror != NULL)
        return false; /* one version */
    policy->message.mirror = &policy->mirror;
    policy->mirror.version = setting_part(policy, value, &rest);
    return policy->mirror.version != NULL && setting_number(rest, &policy->mirror.percent);
}

static bool setting_abort(struct setting_policy *policy, const char *value)
{
    policy->message.fault = &policy->fault;
    for (uint32_t code = 1; code <= SETTING_CODE_MAX; code++) {
        if (strcmp(value, mu_code_name((enum mu_code)code)) == 0)
            policy->fault.abort_code = code;
    }
    return policy->fault.abort_code != 0;
}

static bool setting_delay(struct setting_policy *policy, const char *value)
{
    policy->message.fault = &policy->fault;
    return setting_time(value, &policy->fault.delay_ms);
}

static bool setting_percent(struct setting_policy *policy, const char *value)
{
    policy->message.fault = &policy->fault;
    return setting_number(value, &policy->fault.percent);
}

static const struct setting_word {
    const char *key;
    const char *owner; /* the setting that it belongs to */
    bool (*take)(struct setting_policy *policy, const char *value);
    const char *like; /* a value that it takes */
    const char *about;
} setting_words[] = {
    { "timeout", "timeout", setting_timeout, "2s", "for calls that bring no time of their own" },
    { "timeout-max", "timeout-max", setting_timeout_max, "10s", "no call has longer" },
    { "in-flight", "in-flight", setting_in_flight, "100", "calls of the scope at a time" },
    { "bytes-in-flight", "bytes-in-flight", setting_bytes, "8MiB",
            "bytes that calls of the scope bring at a time" },
    { "rate", "rate", setting_rate, "50", "calls of the scope a second" },
    { "burst", "rate", setting_burst, "100", "as many at once, after a pause" },
    { "retries", "retries", setting_retries, "2", "tries after the first, 1 to 3" },
    { "backoff", "retries", setting_backoff, "10ms", "the longest first pause; it doubles" },
    { "idempotent", "retries", setting_idempotent, "yes",
            "carrying a call out twice does no harm" },
    { "breaker", "breaker", setting_breaker, "5", "failures in a row that leave an instance out" },
    { "breaker-percent", "breaker", setting_breaker_percent, "50",
            "failures in a window that leave an instance out" },
    { "breaker-window", "breaker", setting_breaker_window, "10s", "how long a window is" },
    { "eject", "breaker", setting_eject, "30s", "for how long, the first time" },
    { "weight", "weight", setting_weight, "1.1.0:10", "a version's share of 100; several times" },
    { "label", "label", setting_label, "zone:north",
            "only instances whose metadata say so; several times" },
    { "hedge", "hedge", setting_hedge, "20ms",
            "then a second instance is asked, too; idempotent calls only" },
    { "mirror", "mirror", setting_mirror, "2.0.0:10",
            "a version that is sent copies, and of how many of 100 calls" },
    { "abort", "fault", setting_abort, "UNAVAILABLE", "a fault: calls fail so" },
    { "delay", "fault", setting_delay, "200ms", "a fault: calls wait" },
    { "percent", "fault", setting_percent, "10", "the part of calls that a fault hits" },
};

enum { SETTING_WORDS = sizeof(setting_words) / sizeof(setting_words[0]) };

static const struct setting_word *setting_find(const char *key, size_t size)
{
    for (int i = 0; i < SETTING_WORDS; i++) {
        if (strlen(setting_words[i].key) == size && strncmp(setting_words[i].key, key, size) == 0)
            return &setting_words[i];
    }
    return NULL;
}

bool setting_take(struct setting_policy *policy, const char *word, char error[SETTING_ERROR_MAX])
{
    size_t size = strcspn(word, "=");
    const struct setting_word *setting = setting_find(word, size);

    if (word[size] == '\0')
        snprintf(error, SETTING_ERROR_MAX, "`%.40s` is no key=value, such as timeout=2s", word);
    else if (setting == NULL)
        snprintf(error, SETTING_ERROR_MAX, "there is no setting `%.*s`",
                (int)(size < 40 ? size : 40), word);
    else if (!setting->take(policy, word + size + 1))
        snprintf(error, SETTING_ERROR_MAX, "%s: `%.60s` is none; write e.g. %s=%s", setting->key,
                word + size + 1, setting->key, setting->like);
    else
        return true;
    return false;
}

const char *setting_about(const char *key)
{
    const struct setting_word *setting = setting_find(key, strlen(key));

    return setting != NULL ? setting->about : NULL;
}

/* ---- printing ---- */

/* A text that grows up to SETTING_TEXT_MAX; beyond it, it is cut. */
struct setting_text {
    char *text;
    size_t size;
    const char *only;
};

static void setting_put(struct setting_text *out, const char *key, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static void setting_put(struct setting_text *out, const char *key, const char *format, ...)
{
    size_t room = SETTING_TEXT_MAX - out->size;
    va_list args;
    int size;

    if (out->only != NULL && strcmp(setting_find(key, strlen(key))->owner, out->only) != 0)
        return;
    size = snprintf(out->text + out->size, room, "%s%s=", out->size > 0 ? " " : "", key);
    out->size += (size_t)size < room ? (size_t)size : room - 1;
    room = SETTING_TEXT_MAX - out->size;
    va_start(args, format);
    size = vsnprintf(out->text + out->size, room, format, args);
    va_end(args);
    out->size += (size_t)size < room ? (size_t)size : room - 1;
}

static void setting_put_number(struct setting_text *out, const char *key, uint32_t number)
{
    if (number != 0)
        setting_put(out, key, "%u", number);
}

/* So that it is read back as it was: `1500ms`, `2s`. */
static void setting_put_time(struct setting_text *out, const char *key, uint32_t ms)
{
    if (ms != 0 && ms % 1000 == 0)
        setting_put(out, key, "%us", ms / 1000);
    else if (ms != 0)
        setting_put(out, key, "%ums", ms);
}

/* The same: `8MiB`, `1536KiB`. */
static void setting_put_bytes(struct setting_text *out, const char *key, uint64_t bytes)
{
    bool mebi = bytes % 1048576 == 0;
    bool kibi = bytes % 1024 == 0;

    if (bytes != 0)
        setting_put(out, key, "%" PRIu64 "%s",
                bytes >> (mebi          ? 20
                                 : kibi ? 10
                                        : 0),
                mebi   ? "MiB"
                : kibi ? "KiB"
                       : "");
}

static void setting_put_instances(struct setting_text *out, const Mu__Router__V1__Policy *policy)
{
    const Mu__Router__V1__Breaker *breaker = policy->breaker;

    if (breaker != NULL) {
        setting_put_number(out, "breaker", breaker->failures);
        setting_put_number(out, "breaker-percent", breaker->percent);
        setting_put_time(out, "breaker-window", breaker->window_ms);
        setting_put_time(out, "eject", breaker->eject_ms);
    }
    for (size_t i = 0; i < policy->n_weights; i++)
        setting_put(
                out, "weight", "%s:%u", policy->weights[i]->version, policy->weights[i]->percent);
    for (size_t i = 0; i < policy->n_labels; i++)
        setting_put(out, "label", "%s:%s", policy->labels[i]->key, policy->labels[i]->value);
}

void setting_print(
        const Mu__Router__V1__Policy *policy, const char *only, char text[SETTING_TEXT_MAX])
{
    struct setting_text out = { .text = text, .only = only };

    text[0] = '\0';
    setting_put_time(&out, "timeout", policy->timeout_ms);
    setting_put_time(&out, "timeout-max", policy->timeout_max_ms);
    setting_put_number(&out, "in-flight", policy->in_flight_max);
    setting_put_bytes(&out, "bytes-in-flight", policy->bytes_in_flight_max);
    if (policy->rate != NULL) {
        setting_put_number(&out, "rate", policy->rate->per_s);
        setting_put_number(&out, "burst", policy->rate->burst);
    }
    if (policy->retries != NULL) {
        setting_put_number(&out, "retries", policy->retries->max);
        setting_put_time(&out, "backoff", policy->retries->backoff_ms);
        if (policy->retries->idempotent)
            setting_put(&out, "idempotent", "yes");
    }
    setting_put_instances(&out, policy);
    if (policy->hedge != NULL)
        setting_put_time(&out, "hedge", policy->hedge->delay_ms);
    if (policy->mirror != NULL)
        setting_put(&out, "mirror", "%s:%u", policy->mirror->version, policy->mirror->percent);
    if (policy->fault != NULL) {
        if (policy->fault->abort_code != 0)
            setting_put(&out, "abort", "%s", mu_code_name((enum mu_code)policy->fault->abort_code));
        setting_put_time(&out, "delay", policy->fault->delay_ms);
        setting_put_number(&out, "percent", policy->fault->percent);
    }
}
