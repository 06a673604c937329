// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/embed.h"

#include <stdlib.h>

void embed_print_bytes(FILE *out, const uint8_t *set, size_t size)
{
    enum { EMBED_BYTES_A_LINE = 16 };

    fputs("static const uint8_t mu_stub_types[] = {", out);
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%s0x%02x,", i % EMBED_BYTES_A_LINE == 0 ? "\n    " : " ", set[i]);
    fputs("\n};\n", out);
}

void embed_print_header(FILE *out, const struct stub *stubs, size_t count)
{
    fprintf(out,
            "/* Made from %s by protoc-gen-mu; what is changed here is lost. */\n"
            "#pragma once\n"
            "\n"
            "#include \"mu/api.h\"\n"
            "\n"
            "/* A google.protobuf.FileDescriptorSet with comments, for who serves without libmu. "
            "*/\n",
            stubs[0].file->name);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "extern const struct mu_bytes %s_types; /* %s */\n", stubs[i].prefix,
                stubs[i].full_name);
}

void embed_print_body(
        FILE *out, const struct stub *stubs, size_t count, const uint8_t *set, size_t size)
{
    char *header = stub_path(stubs[0].file, ".types.h");

    fprintf(out,
            "// Made from %s by protoc-gen-mu; what is changed here is lost.\n"
            "#include \"%s\"\n"
            "\n",
            stubs[0].file->name, header);
    embed_print_bytes(out, set, size);
    for (size_t i = 0; i < count; i++)
        fprintf(out,
                "\nconst struct mu_bytes %s_types = { mu_stub_types, sizeof(mu_stub_types) };\n",
                stubs[i].prefix);
    free(header);
}
