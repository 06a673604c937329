// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/supervisor_world.h"

#include <stdio.h>
#include <string.h>

#include "kernel/limits.h"
#include "tests/unit/cmocka.h"

struct world world;

static void note(const char *what, const char *name)
{
    size_t used = strlen(world.text);

    snprintf(world.text + used, sizeof(world.text) - used, "%s%s %s", used > 0 ? ", " : "", what,
            name);
}

struct world_process *world_process_of(const char *name)
{
    for (size_t i = 0; i < WORLD_PROCESSES; i++) {
        if (world.processes[i].instance != 0 && strcmp(world.processes[i].name, name) == 0)
            return &world.processes[i];
    }
    return NULL;
}

static struct world_process *process_at(uint64_t instance)
{
    for (size_t i = 0; i < WORLD_PROCESSES; i++) {
        if (world.processes[i].instance == instance)
            return &world.processes[i];
    }
    return NULL;
}

static void spawn(const struct effect *effect)
{
    struct world_process *process = process_at(0);

    if (world.spawn_error != 0) {
        supervisor_unstarted(&world.supervisor, effect->instance, world.spawn_error, world.now_ms);
        return;
    }
    assert_non_null(process);
    *process = (struct world_process){ .instance = effect->instance,
        .name = effect->child->service->config->name };
    note("spawn", process->name);
    supervisor_forked(&world.supervisor, effect->instance, ++world.pid, world.now_ms);
}

static void carry_out(const struct effect *effect)
{
    struct world_process *process = process_at(effect->instance);
    char number[32];

    switch (effect->kind) {
    case EFFECT_DISMISS:
        if (effect->admitted)
            note("dismiss", "");
        break;
    case EFFECT_SPAWN:
        spawn(effect);
        break;
    case EFFECT_ADMIT:
        assert_string_not_equal(process->name, "router");
        if (!world.silent)
            assert_true(
                    supervisor_admitted(&world.supervisor, effect->instance, true, world.now_ms));
        break;
    case EFFECT_OPEN_GATE:
        process->running = true;
        break;
    case EFFECT_TERM:
        note("term", process->name);
        process->asked = true;
        break;
    case EFFECT_KILL:
        note("kill", process->name);
        process->killed = true;
        break;
    case EFFECT_REPLY:
        snprintf(number, sizeof(number), "%d", (int)effect->call);
        note(effect->done ? "done" : "overtaken", number);
        break;
    case EFFECT_DRAIN:
        note("drain", "router");
        break;
    case EFFECT_READY:
        note("READY", "");
        break;
    case EFFECT_OVER:
        note("OVER", "");
        break;
    }
}

void world_run(void)
{
    struct effect effect;

    while (supervisor_next(&world.supervisor, &effect, world.now_ms))
        carry_out(&effect);
}

void world_pass(uint64_t ms)
{
    uint64_t until_ms = world.now_ms + ms;

    world_run();
    while (supervisor_due(&world.supervisor) <= until_ms) {
        if (supervisor_due(&world.supervisor) > world.now_ms)
            world.now_ms = supervisor_due(&world.supervisor);
        supervisor_tick(&world.supervisor, world.now_ms);
        world_run();
    }
    world.now_ms = until_ms;
}

void world_ready(const char *name)
{
    world_run();
    assert_non_null(world_process_of(name));
    assert_true(world_process_of(name)->running);
    assert_true(
            supervisor_ready(&world.supervisor, world_process_of(name)->instance, world.now_ms));
    world_run();
}

void world_end_process(struct world_process *process, bool signalled, int code)
{
    const struct ending ending = { .signalled = signalled, .code = code };
    uint64_t instance = process->instance;

    *process = (struct world_process){ 0 };
    supervisor_ended(&world.supervisor, instance, &ending, world.now_ms);
    world_run();
}

void world_end(const char *name, int code)
{
    struct world_process *process = world_process_of(name);

    assert_non_null(process);
    world_end_process(process, process->killed, process->killed ? 9 : code);
}

struct service_config world_config(const char *name, const char *const *needs)
{
    struct service_config config = { .name = name,
        .version = "1",
        .instances = 1,
        .needs = needs,
        .manifest = { (const uint8_t *)name, strlen(name) },
        .rule = { .failures_max = 5,
                .window_ms = 60000,
                .backoff_max_ms = 30000,
                .ready_timeout_ms = 10000,
                .stop_timeout_ms = 5000 } };

    while (needs != NULL && needs[config.need_count] != NULL)
        config.need_count += 1;
    if (strcmp(name, "router") == 0)
        config.kind = SERVICE_ROUTER;
    if (strcmp(name, "registry") == 0)
        config.kind = SERVICE_REGISTRY;
    if (config.kind != SERVICE_ORDINARY) {
        config.rule.kernel = true;
        config.rule.backoff_max_ms = 500;
    }
    return config;
}

int world_apply(const char *name, const char *const *needs)
{
    const struct service_config own = world_config(name, needs);
    char text[128];

    return request_apply(&world.supervisor, &own, false, world.now_ms, text, sizeof(text));
}

const struct child *world_child_of(const char *name)
{
    const struct service *service = plan_find(&world.supervisor.services, name);

    assert_non_null(service);
    return &service->children[0];
}

void world_forget_text(void)
{
    world.text[0] = '\0';
}

/* A node with router and registry up, nothing noted. */
void world_boot(void)
{
    assert_int_equal(world_apply("router", NULL), REQUEST_OK);
    assert_int_equal(world_apply("registry", NULL), REQUEST_OK);
    world_ready("router");
    world_ready("registry");
    world_forget_text();
}

void world_up(const char *name, const char *const *needs)
{
    assert_int_equal(world_apply(name, needs), REQUEST_OK);
    world_ready(name);
    world_forget_text();
}

int world_setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.now_ms = 1000;
    supervisor_init(&world.supervisor, 42);
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    supervisor_hurry(&world.supervisor, world.now_ms);
    world_run();
    for (size_t i = 0; i < WORLD_PROCESSES; i++) {
        if (world.processes[i].instance != 0)
            world_end_process(&world.processes[i], true, 9);
    }
    assert_int_equal(world.supervisor.phase, SUPERVISOR_OVER);
    supervisor_deinit(&world.supervisor);
    supervisor_deinit(&world.supervisor);
    return 0;
}
