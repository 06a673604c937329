// SPDX-License-Identifier: Apache-2.0
/* The request goes to the other plugin as a memory file, not through a pipe, so that neither waits
 * for the other whatever their sizes. */
#include "client/protoc/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/protoc/bytes.h"
#include "client/protoc/memory.h"

extern char **environ;

/* Packs `request` with no services and no parameter; all is as before when it returns. */
static void messages_pack(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
        uint8_t **datap, size_t *sizep)
{
    Google__Protobuf__Compiler__CodeGeneratorRequest plain = *request;
    size_t *counts = memory_get(request->n_proto_file * sizeof(*counts));

    plain.parameter = NULL;
    for (size_t i = 0; i < request->n_proto_file; i++) {
        counts[i] = request->proto_file[i]->n_service;
        request->proto_file[i]->n_service = 0;
    }
    *sizep = google__protobuf__compiler__code_generator_request__get_packed_size(&plain);
    *datap = memory_get(*sizep);
    google__protobuf__compiler__code_generator_request__pack(&plain, *datap);
    for (size_t i = 0; i < request->n_proto_file; i++)
        request->proto_file[i]->n_service = counts[i];
    free(counts);
}

/* A memory file that holds `data`, read from its start. Returns it or -errno. */
static int messages_file(const uint8_t *data, size_t size)
{
    int fd = memfd_create("protoc-gen-mu", MFD_CLOEXEC);
    int error;

    if (fd < 0)
        return -errno;
    error = bytes_write(fd, data, size);
    if (error == 0 && lseek(fd, 0, SEEK_SET) != 0)
        error = -errno;
    if (error < 0) {
        close(fd);
        return error;
    }
    return fd;
}

/* Starts `program` between the two descriptors. Returns 0 or -errno. */
static int messages_spawn(pid_t *pidp, const char *program, int in, int out)
{
    char *arguments[] = { (char *)(uintptr_t)program, NULL };
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return -error;
    error = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(pidp, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

/* Runs `program` on `in`; what it writes is the caller's. Returns 0, -errno, or -EPROTO where it
 * ended with another status than 0. */
static int messages_run(const char *program, int in, uint8_t **datap, size_t *sizep)
{
    CLEANUP(cleanup_close) int out = -1;
    int ends[2];
    pid_t pid = 0;
    int error;
    int status;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    out = ends[0];
    error = messages_spawn(&pid, program, in, ends[1]);
    close(ends[1]);
    if (error != 0)
        return error;
    error = bytes_read(out, datap, sizep);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    if (error == 0 && status != 0) {
        free(*datap);
        error = -EPROTO;
    }
    return error;
}

Google__Protobuf__Compiler__CodeGeneratorResponse *messages_generate(
        const char *program, const Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
    Google__Protobuf__Compiler__CodeGeneratorResponse *response = NULL;
    CLEANUP(cleanup_close) int in = -1;
    CLEANUP(cleanup_free) uint8_t *packed = NULL;
    CLEANUP(cleanup_free) uint8_t *answer = NULL;
    size_t packed_size;
    size_t answer_size = 0;
    int error;

    messages_pack(request, &packed, &packed_size);
    in = messages_file(packed, packed_size);
    error = in < 0 ? in : messages_run(program, in, &answer, &answer_size);
    if (error < 0) {
        fprintf(stderr,
                "protoc-gen-mu: %s, which makes the structs of the messages, failed: %s. It is "
                "part of "
                "protobuf-c (Debian: protobuf-c-compiler); another path goes in "
                "--mu_opt=protoc_gen_c=PROGRAM.\n",
                program, error == -EPROTO ? "see above" : strerror(-error));
        return NULL;
    }
    response =
            google__protobuf__compiler__code_generator_response__unpack(NULL, answer_size, answer);
    if (response == NULL)
        fprintf(stderr, "protoc-gen-mu: %s wrote no CodeGeneratorResponse.\n", program);
    return response;
}
