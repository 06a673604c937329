// SPDX-License-Identifier: Apache-2.0
/* A file is read whole, turned into a packed message through the types compiled in, unpacked,
 * checked, and packed again with its paths made absolute. The types are loaded for the one file and
 * let go: a program reads few of them, and seldom. */
#include "mu/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

extern const unsigned char manifest_set[];
extern const unsigned long manifest_set_size;

/* Puts "PATH: " in front of what `error` says. */
static int manifest_file_fail(
        struct mu_schema_error *error, const char *path, const char *text, int code)
{
    char copy[MU_SCHEMA_ERROR_MAX];

    if (error != NULL) {
        snprintf(copy, sizeof(copy), "%s", text);
        snprintf(error->text, sizeof(error->text), "%.255s: %.250s", path, copy);
    }
    return err_new(code);
}

static int manifest_file_load(const char *path, char **textp, size_t *sizep)
{
    CLEANUP(cleanup_free) char *text = NULL;
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t size = 0;
    ssize_t got;

    if (fd < 0)
        return -errno;
    text = malloc(MU_MANIFEST_FILE_MAX + 1);
    if (text == NULL)
        return -ENOMEM;
    do {
        got = read(fd, text + size, MU_MANIFEST_FILE_MAX + 1 - size);
        if (got < 0 && errno != EINTR)
            return -errno;
        size += got > 0 ? (size_t)got : 0;
    } while (got != 0 && size <= MU_MANIFEST_FILE_MAX);
    if (size > MU_MANIFEST_FILE_MAX)
        return -E2BIG;
    *textp = text;
    *sizep = size;
    text = NULL;
    return 0;
}

/* Reads the file at `path` as a message of `type`, unpacked; the caller frees it with mu_body_free.
 */
static int manifest_file_parse(const char *path, const ProtobufCMessageDescriptor *type,
        ProtobufCMessage **messagep, struct mu_schema_error *error)
{
    const struct mu_bytes set = { manifest_set, manifest_set_size };
    CLEANUP(cleanup_free) char *text = NULL;
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    struct mu_schema_error cause = { "" };
    struct mu_schema *schema;
    size_t text_size = 0;
    size_t size;
    int r = manifest_file_load(path, &text, &text_size);

    if (r == -E2BIG)
        return manifest_file_fail(error, path, "too long for a file of this kind (256 KiB)", r);
    if (r < 0)
        return manifest_file_fail(error, path, strerror(-r), r);
    r = mu_schema_new(&schema, set, &cause);
    if (r < 0)
        return manifest_file_fail(error, path, cause.text, r);
    r = mu_yaml_to_body(
            schema, mu_schema_message(schema, type->name), text, text_size, &body, &size, &cause);
    mu_schema_free(schema);
    if (r < 0)
        return manifest_file_fail(error, path, cause.text, r);
    *messagep = mu_body_unpack(type, (struct mu_bytes){ body, size }, &cause);
    return *messagep != NULL ? 0 : manifest_file_fail(error, path, cause.text, -EINVAL);
}

/* What of `path` is its folder, absolute, in text of the caller's. NULL: see errno. */
static char *manifest_file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(cleanup_free) char *folder = NULL;

    if (slash == NULL)
        return realpath(".", NULL);
    folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return folder != NULL ? realpath(folder, NULL) : NULL;
}

/* Checks one manifest and makes its program's path absolute. `*programp` is set to the text the
 * caller frees once the manifest is packed; NULL where the path is as it was. */
static int manifest_file_finish(Mu__Node__V1__Manifest *manifest, const char *path, char **programp,
        struct mu_schema_error *error)
{
    CLEANUP(cleanup_free) char *folder = NULL;
    struct mu_schema_error cause;
    const char *program = manifest->program;

    *programp = NULL;
    if (mu_manifest_check(manifest, &cause) < 0)
        return manifest_file_fail(error, path, cause.text, -EINVAL);
    if (program[0] == '/' || strchr(program, '/') == NULL)
        return 0;
    folder = manifest_file_folder(path);
    if (folder == NULL)
        return manifest_file_fail(error, path, strerror(errno), -errno);
    while (program[0] == '.' && program[1] == '/')
        program += 2;
    if (asprintf(programp, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, program) < 0) {
        *programp = NULL;
        return err_new(-ENOMEM);
    }
    manifest->program = *programp;
    return 0;
}

static int manifest_file_pack(const ProtobufCMessage *message, uint8_t **bodyp, size_t *sizep)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *body = malloc(size + 1);

    if (body == NULL)
        return err_new(-ENOMEM);
    *sizep = protobuf_c_message_pack(message, body);
    *bodyp = body;
    return 0;
}

int mu_manifest_read(
        const char *path, uint8_t **bodyp, size_t *sizep, struct mu_schema_error *error)
{
    CLEANUP(cleanup_free) char *program = NULL;
    ProtobufCMessage *message;
    int r = manifest_file_parse(path, &mu__node__v1__manifest__descriptor, &message, error);

    if (r < 0)
        return err_trace(r);
    r = manifest_file_finish((Mu__Node__V1__Manifest *)(void *)message, path, &program, error);
    if (r == 0)
        r = manifest_file_pack(message, bodyp, sizep);
    mu_body_free(message);
    return r;
}

static int manifest_file_check_twice(
        const Mu__Node__V1__NodeFile *file, const char *path, struct mu_schema_error *error)
{
    char text[128];

    for (size_t i = 0; i < file->n_services; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(file->services[i]->name, file->services[j]->name) != 0)
                continue;
            snprintf(text, sizeof(text), "services: `%.63s` is there twice; leave one out",
                    file->services[i]->name);
            return manifest_file_fail(error, path, text, -EINVAL);
        }
    }
    return 0;
}

/* The registry's settings, as far as this library knows about them: mu-etcd looks at the rest. */
static int manifest_file_check_registry(const Mu__Node__V1__RegistrySettings *settings,
        const Mu__Node__V1__NodeFile *file, const char *path, struct mu_schema_error *error)
{
    bool etcd;

    if (settings == NULL)
        return 0;
    etcd = strcmp(settings->backend, "etcd") == 0;
    if (!etcd && settings->backend[0] != '\0' && strcmp(settings->backend, "local") != 0)
        return manifest_file_fail(
                error, path, "registry.backend: write `local` or `etcd`", -EINVAL);
    if (!etcd && (settings->n_endpoints > 0 || settings->n_nodes > 0))
        return manifest_file_fail(error, path,
                "registry: endpoints and nodes are for `backend: etcd`; write that, too, or leave "
                "them out",
                -EINVAL);
    if (etcd && settings->n_endpoints == 0)
        return manifest_file_fail(error, path,
                "registry.endpoints: say where etcd is, e.g. `[http://10.0.0.1:2379]`", -EINVAL);
    for (size_t i = 0; etcd && i < file->n_services; i++) {
        if (strcmp(file->services[i]->name, "etcd") == 0)
            return manifest_file_fail(error, path,
                    "services: `etcd` is what the node runs for `registry.backend: etcd`; pick "
                    "another name",
                    -EINVAL);
    }
    return 0;
}

static int manifest_file_check_grade(
        const Mu__Node__V1__NodeFile *file, const char *path, struct mu_schema_error *error)
{
    const char *grade = file->sandbox_min;

    if (grade[0] == '\0' || (grade[0] >= 'A' && grade[0] <= 'D' && grade[1] == '\0'))
        return 0;
    return manifest_file_fail(
            error, path, "sandbox_min: write the worst grade allowed: A, B, C or D", -EINVAL);
}

int mu_node_file_read(
        const char *path, uint8_t **bodyp, size_t *sizep, struct mu_schema_error *error)
{
    Mu__Node__V1__NodeFile *file;
    ProtobufCMessage *message;
    char **programs = NULL;
    size_t count = 0;
    int r = manifest_file_parse(path, &mu__node__v1__node_file__descriptor, &message, error);

    if (r < 0)
        return err_trace(r);
    file = (Mu__Node__V1__NodeFile *)(void *)message;
    programs = calloc(file->n_services + 1, sizeof(*programs));
    if (programs == NULL)
        r = err_new(-ENOMEM);
    for (; count < file->n_services && r == 0; count++)
        r = manifest_file_finish(file->services[count], path, &programs[count], error);
    if (r == 0)
        r = manifest_file_check_twice(file, path, error);
    if (r == 0)
        r = manifest_file_check_registry(file->registry, file, path, error);
    if (r == 0)
        r = manifest_file_check_grade(file, path, error);
    if (r == 0)
        r = manifest_file_pack(message, bodyp, sizep);
    while (count > 0)
        free(programs[--count]);
    free(programs);
    mu_body_free(message);
    return r;
}
