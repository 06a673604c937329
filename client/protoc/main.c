// SPDX-License-Identifier: Apache-2.0
/* protoc-gen-mu - a plugin of protoc: from a .proto, the messages, stubs and types of a service in
 * C.
 *
 * The contract is plugin.proto's: a CodeGeneratorRequest comes in on standard input, a
 * CodeGeneratorResponse goes out on standard output. What is wrong with a .proto goes into the
 * response, with status 0; what is wrong with anything else goes to standard error, with status 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/protoc/bytes.h"
#include "client/protoc/memory.h"
#include "client/protoc/plugin.h"

static int main_help(void)
{
    puts("protoc-gen-mu " MU_VERSION "\n"
         "\n"
         "A plugin of protoc; it writes C messages and typed stubs for Mu services:\n"
         "\n"
         "    protoc --mu_out=DIR [--mu_opt=OPTION] greeter.proto\n"
         "\n"
         "writes greeter.pb-c.h, greeter.pb-c.c and, where the file has services, greeter.mu.h "
         "and\n"
         "greeter.mu.c. Options:\n"
         "\n"
         "    prefix=NAME           begin the C names of the service with NAME\n"
         "    prefix=SERVICE:NAME   the same, of one service among several\n"
         "    only=messages         only the .pb-c files\n"
         "    only=stubs            only the .mu files\n"
         "    only=types            only the packed types, as .types.h and .types.c\n"
         "    protoc_gen_c=PROGRAM  protobuf-c's own plugin, where it is not on PATH");
    return EXIT_SUCCESS;
}

/* Leaves `*requestp`, which is NULL, so where it fails. Returns 0 or -errno. */
static int main_read(Google__Protobuf__Compiler__CodeGeneratorRequest **requestp)
{
    CLEANUP(cleanup_free) uint8_t *data = NULL;
    size_t size;
    int error = bytes_read(STDIN_FILENO, &data, &size);

    if (error < 0) {
        fprintf(stderr, "protoc-gen-mu: standard input: %s\n", strerror(-error));
        return error;
    }
    if (size > 0)
        *requestp = google__protobuf__compiler__code_generator_request__unpack(NULL, size, data);
    if (*requestp != NULL)
        return 0;
    fputs("protoc-gen-mu: standard input holds no CodeGeneratorRequest; protoc runs this program, "
          "see "
          "--help.\n",
            stderr);
    return -EPROTO;
}

static int main_write(const Google__Protobuf__Compiler__CodeGeneratorResponse *response)
{
    size_t size = google__protobuf__compiler__code_generator_response__get_packed_size(response);
    CLEANUP(cleanup_free) uint8_t *data = memory_get(size);
    int error;

    google__protobuf__compiler__code_generator_response__pack(response, data);
    error = bytes_write(STDOUT_FILENO, data, size);
    if (error < 0)
        fprintf(stderr, "protoc-gen-mu: standard output: %s\n", strerror(-error));
    return error;
}

int main(int argc, char **argv)
{
    Google__Protobuf__Compiler__CodeGeneratorRequest *request = NULL;
    struct plugin plugin;
    int error;

    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return puts("protoc-gen-mu " MU_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (argc > 1)
        return main_help();
    if (main_read(&request) < 0)
        return EXIT_FAILURE;
    plugin_init(&plugin, request);
    error = plugin_run(&plugin);
    if (error == 0)
        error = main_write(&plugin.response);
    plugin_deinit(&plugin);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
