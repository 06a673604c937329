// SPDX-License-Identifier: Apache-2.0
/* mu-filters FILE: writes the BPF programs of all kinds of filters as C, for mu-exec. A program of
 * the build, run for the machine that is built for: system calls have other numbers elsewhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/cage/filter.h"
#include "kernel/cage/filter_rules.h"

static void write_close(FILE **filep)
{
    if (*filep != NULL)
        fclose(*filep);
}

/* True where the instruction compares with the process's own number. */
static bool write_names_self(const struct sock_filter *instruction)
{
    return instruction->code == (BPF_JMP | BPF_JEQ | BPF_K) && instruction->k == FILTER_SELF;
}

/* Writes one program. Without `processes` a process may send signals to itself alone, which must
 * have become comparisons that filter_load finds. */
static int write_program(FILE *out, unsigned kind)
{
    CLEANUP(write_close) FILE *program = tmpfile();
    struct sock_filter instruction;
    size_t selves = 0;
    int r = program != NULL ? filter_export(kind, fileno(program)) : -errno;

    if (r < 0)
        return r;
    rewind(program);
    fprintf(out, "static const struct sock_filter filter_%u[] = {\n", kind);
    while (fread(&instruction, sizeof(instruction), 1, program) == 1) {
        selves += write_names_self(&instruction);
        fprintf(out, "    { 0x%02x, %u, %u, 0x%08x },\n", instruction.code, instruction.jt,
                instruction.jf, instruction.k);
    }
    fprintf(out, "};\n\n");
    return (selves > 0) == ((kind & FILTER_PROCESSES) == 0) ? 0 : -EDOM;
}

static int write_all(FILE *out)
{
    int r = 0;

    fprintf(out, "#include \"kernel/cage/filter.h\"\n\n");
    for (unsigned kind = 0; kind < FILTER_KINDS && r == 0; kind++)
        r = write_program(out, kind);
    fprintf(out, "const struct filter_program filter_programs[FILTER_KINDS] = {\n");
    for (unsigned kind = 0; kind < FILTER_KINDS; kind++)
        fprintf(out, "    { filter_%u, sizeof(filter_%u) / sizeof(filter_%u[0]) },\n", kind, kind,
                kind);
    fprintf(out, "};\n");
    return r == 0 && fflush(out) == EOF ? -errno : r;
}

int main(int argc, char **argv)
{
    CLEANUP(write_close) FILE *out = argc == 2 ? fopen(argv[1], "we") : NULL;
    int r = out != NULL ? write_all(out) : -EINVAL;

    if (r < 0)
        fprintf(stderr, "mu-filters: %s\n", strerror(-r));
    return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
