// SPDX-License-Identifier: Apache-2.0
#include "mu/manifest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "transport/pattern.h"

enum {
    MANIFEST_CALLS_DEFAULT = 2048,
    MANIFEST_FILES_DEFAULT = 1024,
    MANIFEST_FILE_DEFAULT_MIB = 4096,
    MANIFEST_FAILURES_DEFAULT = 5,
    MANIFEST_WINDOW_DEFAULT_MS = 60000,
    MANIFEST_BACKOFF_DEFAULT_MS = 30000,
    MANIFEST_READY_DEFAULT_MS = 10000,
    MANIFEST_STOP_DEFAULT_MS = 5000,
    MANIFEST_NAME_MAX = 63
};

static uint32_t manifest_value(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

struct mu_manifest_values mu_manifest_values(const Mu__Node__V1__Manifest *manifest)
{
    static const Mu__Node__V1__Limits no_limits = MU__NODE__V1__LIMITS__INIT;
    static const Mu__Node__V1__Restart no_restart = MU__NODE__V1__RESTART__INIT;
    const Mu__Node__V1__Limits *limits = manifest->limits != NULL ? manifest->limits : &no_limits;
    const Mu__Node__V1__Restart *restart =
            manifest->restart != NULL ? manifest->restart : &no_restart;

    return (struct mu_manifest_values){
        .version = manifest->version[0] != '\0' ? manifest->version : "0.0.0",
        .instances = manifest_value(manifest->instances, 1),
        .calls_max = manifest_value(limits->calls_max, MANIFEST_CALLS_DEFAULT),
        .calls_made_max = limits->calls_made_max,
        .rate = limits->rate,
        .memory_mib = limits->memory_mib,
        .files = manifest_value(limits->files, MANIFEST_FILES_DEFAULT),
        .file_mib = manifest_value(limits->file_mib, MANIFEST_FILE_DEFAULT_MIB),
        .policy = restart->policy,
        .failures_max = manifest_value(restart->failures_max, MANIFEST_FAILURES_DEFAULT),
        .window_ms = manifest_value(restart->window_ms, MANIFEST_WINDOW_DEFAULT_MS),
        .backoff_max_ms = manifest_value(restart->backoff_max_ms, MANIFEST_BACKOFF_DEFAULT_MS),
        .ready_timeout_ms = manifest_value(manifest->ready_timeout_ms, MANIFEST_READY_DEFAULT_MS),
        .stop_timeout_ms = manifest_value(manifest->stop_timeout_ms, MANIFEST_STOP_DEFAULT_MS),
    };
}

static int manifest_fail(struct mu_schema_error *error, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static int manifest_fail(struct mu_schema_error *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error != NULL)
        vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return err_new(-EINVAL);
}

static bool manifest_is_name(const char *name)
{
    size_t size = strlen(name);

    return size >= 1 && size <= MANIFEST_NAME_MAX && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* Names of what every node has. */
static bool manifest_is_kernel(const char *name)
{
    return strcmp(name, "node") == 0 || strcmp(name, "router") == 0 ||
           strcmp(name, "registry") == 0;
}

static int manifest_check_name(const char *name, struct mu_schema_error *error)
{
    if (name[0] == '\0')
        return manifest_fail(error, "name: a service needs a name, e.g. `name: greeter`");
    if (!manifest_is_name(name))
        return manifest_fail(error,
                "name: `%.80s` cannot name a service; write a lower-case letter, then lower-case "
                "letters, digits and `-`, %d at most",
                name, MANIFEST_NAME_MAX);
    if (manifest_is_kernel(name) || strcmp(name, "mu") == 0)
        return manifest_fail(
                error, "name: `%s` belongs to the node itself; pick another name", name);
    return 0;
}

/* What the node itself consists of is nobody's. */
static bool manifest_is_part(const char *name)
{
    return manifest_is_kernel(name) || strcmp(name, "link") == 0 || strcmp(name, "etcd") == 0 ||
           strcmp(name, "auth") == 0 || strcmp(name, "client") == 0;
}

static int manifest_check_namespace(
        const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error)
{
    if (manifest->namespace_[0] == '\0')
        return 0;
    if (!manifest_is_name(manifest->namespace_))
        return manifest_fail(error,
                "namespace: `%.80s` cannot name one; write a lower-case letter, then lower-case "
                "letters, digits and `-`, %d at most",
                manifest->namespace_, MANIFEST_NAME_MAX);
    if (manifest_is_part(manifest->name))
        return manifest_fail(error,
                "namespace: `%s` is a part of the node and has none; leave it out", manifest->name);
    return 0;
}

static int manifest_check_needs(
        const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error)
{
    for (size_t i = 0; i < manifest->n_needs; i++) {
        const char *need = manifest->needs[i];

        if (!manifest_is_name(need))
            return manifest_fail(error, "needs: `%.80s` is no name of a service", need);
        if (manifest_is_kernel(need))
            return manifest_fail(error,
                    "needs: `%s` is a part of every node and always there; leave it out", need);
        if (strcmp(need, manifest->name) == 0)
            return manifest_fail(error, "needs: `%s` cannot need itself; leave it out", need);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(need, manifest->needs[j]) == 0)
                return manifest_fail(error, "needs: `%s` is there twice", need);
        }
    }
    return 0;
}

static int manifest_check_count(
        const char *field, size_t count, size_t count_max, struct mu_schema_error *error)
{
    if (count <= count_max)
        return 0;
    return manifest_fail(error, "%s: %zu entries, %zu at most", field, count, count_max);
}

static int manifest_check_text(const char *field, const char *text, struct mu_schema_error *error)
{
    if (strlen(text) <= MU_MANIFEST_TEXT_MAX)
        return 0;
    return manifest_fail(
            error, "%s: %zu bytes, %d at most", field, strlen(text), MU_MANIFEST_TEXT_MAX);
}

static int manifest_check_texts(
        const char *field, char *const *texts, size_t count, struct mu_schema_error *error)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = manifest_check_text(field, texts[i], error);
    return r;
}

static int manifest_check_calls(
        const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error)
{
    for (size_t i = 0; i < manifest->n_calls; i++) {
        const char *call = manifest->calls[i];

        if (!pattern_is_valid((struct span){ (const uint8_t *)call, strlen(call) }))
            return manifest_fail(error,
                    "calls: `%.80s` names no endpoints; write `service.Method`, with `*` for one "
                    "part and `>` for the rest, e.g. `store.*`",
                    call);
    }
    return 0;
}

/* A method, or a set of them, is one where it makes a pattern with the service in front. */
static bool manifest_is_method(const char *service, const char *method)
{
    char endpoints[PATTERN_SIZE_MAX + 2];
    int size = snprintf(endpoints, sizeof(endpoints), "%s.%s", service, method);

    return size <= PATTERN_SIZE_MAX &&
           pattern_is_valid((struct span){ (const uint8_t *)endpoints, (size_t)size });
}

/* A word for many. */
static bool manifest_is_group(const char *to)
{
    return strcmp(to, "@node") == 0 || strcmp(to, "@namespace") == 0 ||
           strcmp(to, "@network") == 0 || strcmp(to, "@clients") == 0;
}

static int manifest_check_export(const Mu__Node__V1__Manifest *manifest,
        const Mu__Node__V1__Export *line, struct mu_schema_error *error)
{
    for (size_t i = 0; i < line->n_methods; i++) {
        if (!manifest_is_method(manifest->name, line->methods[i]))
            return manifest_fail(error,
                    "exports.methods: `%.80s` is none; write `Method`, with `*` for one part and "
                    "`>` for the rest",
                    line->methods[i]);
    }
    for (size_t i = 0; i < line->n_to; i++) {
        const char *to = line->to[i];

        if (strcmp(to, "@namespace") == 0 && manifest->namespace_[0] == '\0')
            return manifest_fail(error,
                    "exports.to: `@namespace` is for a service that has one; write `namespace: "
                    "NAME`, too, or `@node`");
        if (!manifest_is_name(to) && !manifest_is_group(to))
            return manifest_fail(error,
                    "exports.to: `%.80s` is nobody; write a service's name, `@node`, `@namespace`, "
                    "`@network` or `@clients`",
                    to);
    }
    if (line->n_to == 0)
        return manifest_fail(error,
                "exports.to: say to whom: services' names, `@node` for all of "
                "this node, `@namespace` for those of its own namespace, `@network` for those of "
                "other nodes, `@clients` for clients without a node");
    return 0;
}

static int manifest_check_exports(
        const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error)
{
    size_t pairs = 0;
    int r = 0;

    for (size_t i = 0; i < manifest->n_exports && r == 0; i++) {
        const Mu__Node__V1__Export *line = manifest->exports[i];

        r = manifest_check_export(manifest, line, error);
        pairs += (line->n_methods > 0 ? line->n_methods : 1) * line->n_to;
        if (r == 0 && pairs > MU_MANIFEST_EXPORTED_MAX)
            r = manifest_fail(error, "exports: over %d methods times names; use `*` or `@node`",
                    MU_MANIFEST_EXPORTED_MAX);
    }
    return r;
}

static int manifest_check_variable(const char *key, struct mu_schema_error *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

    if (key[0] != '\0' && (key[0] < '0' || key[0] > '9') && strspn(key, letters) == strlen(key))
        return 0;
    return manifest_fail(error,
            "env: `%.80s` cannot name a variable; write letters, digits and `_`, no digit first",
            key);
}

static int manifest_check_lists(
        const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error)
{
    int r = manifest_check_count("args", manifest->n_args, MU_MANIFEST_ARGS_MAX, error);

    if (r == 0)
        r = manifest_check_count("env", manifest->n_env, MU_MANIFEST_ENV_MAX, error);
    if (r == 0)
        r = manifest_check_count("needs", manifest->n_needs, MU_MANIFEST_NEEDS_MAX, error);
    if (r == 0)
        r = manifest_check_count("calls", manifest->n_calls, MU_MANIFEST_CALLS_MAX, error);
    if (r == 0)
        r = manifest_check_count("metadata", manifest->n_metadata, MU_MANIFEST_METADATA_MAX, error);
    if (r == 0)
        r = manifest_check_text("version", manifest->version, error);
    if (r == 0)
        r = manifest_check_text("program", manifest->program, error);
    if (r == 0)
        r = manifest_check_texts("args", manifest->args, manifest->n_args, error);
    if (r == 0)
        r = manifest_check_calls(manifest, error);
    if (r == 0)
        r = manifest_check_exports(manifest, error);
    for (size_t i = 0; i < manifest->n_env && r == 0; i++) {
        r = manifest_check_variable(manifest->env[i]->key, error);
        if (r == 0)
            r = manifest_check_text("env", manifest->env[i]->value, error);
    }
    for (size_t i = 0; i < manifest->n_metadata && r == 0; i++) {
        r = manifest_check_text("metadata", manifest->metadata[i]->key, error);
        if (r == 0)
            r = manifest_check_text("metadata", manifest->metadata[i]->value, error);
    }
    return r;
}

/* ---- the sandbox ---- */

/* Whether `path` is `folder`, or in it. */
static bool manifest_is_in(const char *path, const char *folder)
{
    size_t size = strlen(folder);

    return strncmp(path, folder, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

static bool manifest_has_detour(const char *path)
{
    size_t size = strlen(path);

    return strstr(path, "//") != NULL || strstr(path, "/./") != NULL ||
           strstr(path, "/../") != NULL || (size >= 3 && strcmp(path + size - 3, "/..") == 0) ||
           (size >= 2 && strcmp(path + size - 2, "/.") == 0);
}

static int manifest_check_path(const char *field, const char *path, struct mu_schema_error *error)
{
    static const char *const own[] = { "/proc", "/dev", "/tmp" };
    size_t size = strlen(path);

    if (size > MU_MANIFEST_PATH_MAX)
        return manifest_fail(error, "%s: %zu bytes, %d at most", field, size, MU_MANIFEST_PATH_MAX);
    if (path[0] != '/')
        return manifest_fail(
                error, "%s: `%.80s` is no absolute path; begin it with `/`", field, path);
    if (size == 1)
        return manifest_fail(error, "%s: `/` is everything; list what it needs", field);
    if (path[size - 1] == '/' || manifest_has_detour(path))
        return manifest_fail(error,
                "%s: `%.80s`: write the path without `.`, `..`, `//` and a `/` at the end", field,
                path);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(path, own[i]) == 0 || (i < 2 && manifest_is_in(path, own[i])))
            return manifest_fail(error, "%s: a service has a %s of its own; leave `%.80s` out",
                    field, own[i], path);
    }
    return 0;
}

static int manifest_check_paths(
        const char *field, char *const *paths, size_t count, struct mu_schema_error *error)
{
    int r = manifest_check_count(field, count, MU_MANIFEST_PATHS_MAX, error);

    for (size_t i = 0; i < count && r == 0; i++)
        r = manifest_check_path(field, paths[i], error);
    return r;
}

static bool manifest_is_grade(const char *text)
{
    return text[0] == '\0' || (text[0] >= 'A' && text[0] <= 'D' && text[1] == '\0');
}

static int manifest_check_sandbox(
        const Mu__Node__V1__Sandbox *sandbox, struct mu_schema_error *error)
{
    int r = 0;

    if (sandbox == NULL)
        return 0;
    if (sandbox->network[0] != '\0' && strcmp(sandbox->network, "none") != 0 &&
            strcmp(sandbox->network, "client") != 0 && strcmp(sandbox->network, "server") != 0)
        return manifest_fail(error,
                "sandbox.network: `%.80s` is none of `none`, `client` (it may connect) and "
                "`server` "
                "(it may listen, too)",
                sandbox->network);
    if (!manifest_is_grade(sandbox->min))
        return manifest_fail(
                error, "sandbox.min: `%.80s` is no grade; write A, B, C or D", sandbox->min);
    if (sandbox->off &&
            (sandbox->n_read > 0 || sandbox->n_write > 0 || sandbox->network[0] != '\0' ||
                    sandbox->executable_memory || sandbox->processes))
        return manifest_fail(
                error, "sandbox.off: without a sandbox all is allowed; leave the rest of it out");
    r = manifest_check_paths("sandbox.read", sandbox->read, sandbox->n_read, error);
    return r == 0 ? manifest_check_paths("sandbox.write", sandbox->write, sandbox->n_write, error)
                  : r;
}

/* One number and what it may be; 0 stands for the default and is always fine. */
struct manifest_range {
    const char *field;
    uint32_t value;
    uint32_t min;
    uint32_t max;
};

static int manifest_check_numbers(
        const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error)
{
    const struct mu_manifest_values values = mu_manifest_values(manifest);
    const struct manifest_range ranges[] = {
        { "instances", values.instances, 1, MU_MANIFEST_INSTANCES_MAX },
        { "limits.calls_max", values.calls_max, 1, 65536 },
        { "limits.calls_made_max", values.calls_made_max, 1, 65536 },
        { "limits.rate", values.rate, 1, MU_MANIFEST_RATE_MAX },
        { "limits.memory_mib", values.memory_mib, MU_MANIFEST_MEMORY_MIN_MIB, UINT32_MAX },
        { "limits.files", values.files, MU_MANIFEST_FILES_MIN, 1048576 },
        { "restart.failures_max", values.failures_max, 1, MU_MANIFEST_FAILURES_MAX },
        { "restart.window_ms", values.window_ms, 1, MU_MANIFEST_WINDOW_MAX_MS },
        { "restart.backoff_max_ms", values.backoff_max_ms, 1, MU_MANIFEST_TIME_MAX_MS },
        { "ready_timeout_ms", values.ready_timeout_ms, 1, MU_MANIFEST_TIME_MAX_MS },
        { "stop_timeout_ms", values.stop_timeout_ms, 1, MU_MANIFEST_TIME_MAX_MS },
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const struct manifest_range *range = &ranges[i];

        if (range->value == 0 || (range->value >= range->min && range->value <= range->max))
            continue;
        return manifest_fail(error, "%s: %u is out of range; write %u to %u, or leave it out",
                range->field, range->value, range->min, range->max);
    }
    if ((unsigned)values.policy > MU__NODE__V1__RESTART_POLICY__RESTART_NEVER)
        return manifest_fail(error,
                "restart.policy: %d is none; write RESTART_ON_FAILURE, RESTART_ALWAYS or "
                "RESTART_NEVER",
                (int)values.policy);
    return 0;
}

int mu_manifest_check(const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error)
{
    int r = manifest_check_name(manifest->name, error);

    if (r == 0)
        r = manifest_check_namespace(manifest, error);
    if (r == 0)
        r = manifest_check_lists(manifest, error);
    if (r == 0)
        r = manifest_check_needs(manifest, error);
    if (r == 0)
        r = manifest_check_sandbox(manifest->sandbox, error);
    if (r == 0)
        r = manifest_check_numbers(manifest, error);
    return r;
}
