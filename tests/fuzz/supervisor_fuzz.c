// SPDX-License-Identifier: Apache-2.0
/* Calls from the bus, manifests, and whatever processes may do, in any order: the core must keep
 * track of every process, must never break a promise of its own, and must be able to stop. Each
 * effect is carried out in an array; nothing is forked.
 *
 * An input is a list of steps: one byte that says what, one that says how much, and as many bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "kernel/config.h"
#include "kernel/endpoints.h"
#include "kernel/request.h"
#include "kernel/standing.h"

enum { FUZZ_PROCESSES = CHILDREN_MAX, FUZZ_STEPS = 64 };

struct fuzz_process {
    uint64_t instance; /* 0: a free slot */
    bool running;
    bool ending; /* was sent a signal */
};

static struct node node;
static struct fuzz_process processes[FUZZ_PROCESSES];
static size_t process_count; /* slots that were used; those behind them are free */
static uint64_t now_ms;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz_process *process_of(uint64_t instance)
{
    for (size_t i = 0; i < process_count; i++) {
        if (processes[i].instance == instance)
            return &processes[i];
    }
    return NULL;
}

static struct fuzz_process *process_new(uint64_t instance)
{
    struct fuzz_process *process = process_of(0);

    if (process == NULL) {
        CHECK(process_count < FUZZ_PROCESSES);
        process = &processes[process_count++];
    }
    *process = (struct fuzz_process){ .instance = instance };
    return process;
}

static void carry_out(const struct effect *effect)
{
    struct fuzz_process *process = process_of(effect->instance);
    char reason[160];

    switch (effect->kind) {
    case EFFECT_SPAWN:
        process_new(effect->instance);
        standing_reason(&node.supervisor, effect->child, reason, sizeof(reason));
        supervisor_forked(&node.supervisor, effect->instance, 1, now_ms);
        break;
    case EFFECT_ADMIT:
        CHECK(process != NULL);
        supervisor_admitted(&node.supervisor, effect->instance, effect->instance % 8 != 0, now_ms);
        break;
    case EFFECT_OPEN_GATE:
        process->running = true;
        break;
    case EFFECT_TERM:
    case EFFECT_KILL:
        CHECK(process != NULL);
        process->ending = true;
        break;
    case EFFECT_REPLY:
        endpoints_stopped(&node, effect->call, effect->done);
        break;
    case EFFECT_DISMISS:
    case EFFECT_DRAIN: /* it is over by its time, or with the router */
    case EFFECT_READY:
    case EFFECT_OVER:
        break;
    }
}

static void settle(void)
{
    struct effect effect;

    while (supervisor_next(&node.supervisor, &effect, now_ms))
        carry_out(&effect);
    for (size_t i = 0; i < process_count; i++)
        CHECK(processes[i].instance == 0 ||
                supervisor_find(&node.supervisor, processes[i].instance) != NULL);
}

static void end_process(struct fuzz_process *process, uint8_t code)
{
    const struct ending ending = { .signalled = code >= 128, .code = code & 127 };
    uint64_t instance = process->instance;

    *process = (struct fuzz_process){ 0 };
    supervisor_ended(&node.supervisor, instance, &ending, now_ms);
    settle();
}

static void step_process(const uint8_t *data, size_t size)
{
    struct fuzz_process *process = size >= 2 ? &processes[data[0]] : NULL;

    if (process == NULL || process->instance == 0)
        return;
    if (process->ending || data[1] % 4 == 0)
        end_process(process, size > 2 ? data[2] : 0);
    else if (data[1] % 4 == 1)
        supervisor_cut(&node.supervisor, process->instance, now_ms);
    else if (process->running)
        supervisor_ready(&node.supervisor, process->instance, now_ms);
}

static void step_frame(const uint8_t *data, size_t size)
{
    struct frame_reader reader;
    struct envelope envelope;

    frame_reader_init(&reader, (struct span){ data, size }, FRAME_BARE);
    while (frame_next(&reader, &envelope) == FRAME_ENVELOPE) {
        if (envelope.kind == ENVELOPE_CALL)
            endpoints_answer(&node, &envelope);
        else if (envelope.kind == ENVELOPE_CANCEL)
            endpoints_forget(&node, envelope.id);
        settle();
    }
}

static void step_manifest(const uint8_t *data, size_t size)
{
    struct service_config *config;
    struct mu_schema_error error;
    char cycle[128];

    if (config_from_packed(&config, (struct span){ data, size }, &error) < 0)
        return;
    request_apply(&node.supervisor, config, false, now_ms, cycle, sizeof(cycle));
    free(config);
}

static void apply_kernel(enum service_kind kind)
{
    struct service_config *config;

    CHECK(config_of_kernel(&config, kind, "local") == 0);
    request_apply(&node.supervisor, config, true, now_ms, NULL, 0);
    free(config);
}

static void stop(void)
{
    supervisor_hurry(&node.supervisor, now_ms);
    settle();
    for (size_t i = 0; i < process_count; i++) {
        if (processes[i].instance != 0)
            end_process(&processes[i], 137);
    }
    CHECK(node.supervisor.phase == SUPERVISOR_OVER);
    supervisor_deinit(&node.supervisor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(processes, 0, process_count * sizeof(processes[0]));
    process_count = 0;
    now_ms = 1000;
    node.control.source.fd = -1;                   /* closed: what is said goes nowhere */
    strcpy(node.folders.place.state, "/dev/null"); /* a folder in which nothing can be written */
    list_init(&node.processes);
    grants_init(&node.grants);
    supervisor_init(&node.supervisor, size + 1);
    apply_kernel(SERVICE_ROUTER);
    apply_kernel(SERVICE_REGISTRY);
    settle();
    for (int steps = 0; steps < FUZZ_STEPS && size >= 2; steps++) {
        uint8_t what = data[0];
        size_t length = data[1] < size - 2 ? data[1] : size - 2;

        data += 2;
        if (what % 4 == 0)
            step_process(data, length);
        else if (what % 4 == 1)
            step_frame(data, length);
        else if (what % 4 == 2)
            step_manifest(data, length);
        else
            now_ms += (uint64_t)what * 20;
        supervisor_tick(&node.supervisor, now_ms);
        settle();
        data += length;
        size -= 2 + length;
    }
    stop();
    return 0;
}
