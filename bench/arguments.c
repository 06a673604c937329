// SPDX-License-Identifier: Apache-2.0
/* The command line that all peers share. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "bench/load.h"

static void arguments_refuse(const char *program)
{
    fprintf(stderr,
            "usage: %s ROLE --address A [--mode M] [--service S] [--body BYTES] [--outstanding N]\n"
            "       [--clients N] [--warmup MS] [--duration MS] [--watch PID]...\n",
            program);
    exit(2);
}

static uint32_t arguments_number(const char *program, uint32_t min, uint32_t max)
{
    char *end;
    unsigned long value = strtoul(optarg, &end, 10);

    if (*end != '\0' || end == optarg || value < min || value > max) {
        fprintf(stderr, "%s: \"%s\" is not a number from %u to %u\n", program, optarg, min, max);
        exit(2);
    }
    return (uint32_t)value;
}

static void arguments_take(struct load_options *options, int letter, const char *program)
{
    switch (letter) {
    case 'a':
        options->address = optarg;
        break;
    case 'm':
        options->mode = optarg;
        break;
    case 's':
        options->service = optarg;
        break;
    case 'b':
        options->body_size = arguments_number(program, LOAD_BODY_MIN, LOAD_BODY_MAX);
        break;
    case 'o':
        options->outstanding = arguments_number(program, 1, LOAD_CALLS_MAX);
        break;
    case 'c':
        options->lane_count = arguments_number(program, 1, LOAD_LANES_MAX);
        break;
    case 'u':
        options->warmup_ms = arguments_number(program, 0, 60000);
        break;
    case 'd':
        options->duration_ms = arguments_number(program, 1, 600000);
        break;
    case 'w':
        if (options->watched_count < LOAD_WATCHED_MAX) {
            options->watched[options->watched_count] =
                    (pid_t)arguments_number(program, 1, INT32_MAX);
            options->watched_count += 1;
        }
        break;
    default:
        arguments_refuse(program);
    }
}

void load_parse(struct load_options *options, int argc, char **argv)
{
    static const struct option known[] = { { "address", required_argument, NULL, 'a' },
        { "mode", required_argument, NULL, 'm' }, { "service", required_argument, NULL, 's' },
        { "body", required_argument, NULL, 'b' }, { "outstanding", required_argument, NULL, 'o' },
        { "clients", required_argument, NULL, 'c' }, { "warmup", required_argument, NULL, 'u' },
        { "duration", required_argument, NULL, 'd' }, { "watch", required_argument, NULL, 'w' },
        { NULL, 0, NULL, 0 } };
    int letter;

    *options = (struct load_options){ .mode = "",
        .service = "echo",
        .body_size = 64,
        .outstanding = 1,
        .lane_count = 1,
        .warmup_ms = 200,
        .duration_ms = 1000 };
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
        arguments_take(options, letter, argv[0]);
    if (optind != argc - 1 || options->address == NULL)
        arguments_refuse(argv[0]);
    options->role = argv[optind];
}

void load_say_ready(void)
{
    puts("ready");
    fflush(stdout);
}

void load_say_answered(void)
{
    printf("{\"answered_us\": %llu}\n", (unsigned long long)clock_us());
    fflush(stdout);
}

void load_rest(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}
