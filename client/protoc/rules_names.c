// SPDX-License-Identifier: Apache-2.0
/* One method becomes several names in C, and names of two methods may meet: rpc HelloAsync and the
 * asynchronous form of rpc Hello. The C compiler would find that, but in a file that nobody wrote.
 */
#include <stdlib.h>
#include <string.h>

#include "client/protoc/memory.h"
#include "client/protoc/rules.h"

struct rules_name {
    char *text; /* owned */
    const struct stub *stub;
    const struct stub_method *method;
};

struct rules_names {
    struct rules_name *entries; /* owned */
    size_t count;
};

enum {
    RULES_NAMES_OF_SERVICE = 2,
    RULES_SUFFIXES_MAX = 8,
    RULES_NAMES_OF_METHOD = RULES_SUFFIXES_MAX + 3
};

static const char *const rules_suffixes[][RULES_SUFFIXES_MAX] = {
    [MU_UNARY] = { "", "_async", "_fn", "_reply", "_opened", "_done" },
    [MU_CLIENT_STREAM] = { "_open", "_write", "_finish", "_reply", "_opened", "_item", "_ended" },
    [MU_SERVER_STREAM] = { "_open", "_read", "_send", "_opened" },
    [MU_TWO_WAY] = { "_open", "_write", "_read", "_send", "_opened", "_item", "_ended" },
};

static void rules_names_add(struct rules_names *names, const struct stub *stub,
        const struct stub_method *method, char *text)
{
    names->entries[names->count++] =
            (struct rules_name){ .text = text, .stub = stub, .method = method };
}

static void rules_names_add_method(
        struct rules_names *names, const struct stub *stub, const struct stub_method *method)
{
    for (size_t i = 0; i < RULES_SUFFIXES_MAX && rules_suffixes[method->shape][i] != NULL; i++)
        rules_names_add(names, stub, method,
                memory_print(
                        "%s_%s%s", stub->prefix, method->name, rules_suffixes[method->shape][i]));
    rules_names_add(
            names, stub, method, memory_print("struct %s_handlers.%s", stub->prefix, method->name));
    if ((method->shape & MU_CLIENT_STREAM) == 0)
        return;
    rules_names_add(names, stub, method,
            memory_print("struct %s_handlers.%s_item", stub->prefix, method->name));
    rules_names_add(names, stub, method,
            memory_print("struct %s_handlers.%s_end", stub->prefix, method->name));
}

static void rules_names_add_stub(struct rules_names *names, const struct stub *stub)
{
    rules_names_add(names, stub, NULL, memory_print("%s_type", stub->prefix));
    rules_names_add(names, stub, NULL, memory_print("%s_methods", stub->prefix));
    for (size_t i = 0; i < stub->method_count; i++)
        rules_names_add_method(names, stub, &stub->methods[i]);
}

static void rules_names_deinit(struct rules_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->entries[i].text);
    free(names->entries);
    *names = (struct rules_names){ 0 };
}

static int rules_names_compare(const void *left, const void *right)
{
    const struct rules_name *a = left;
    const struct rules_name *b = right;
    int order = strcmp(a->text, b->text);

    if (order != 0)
        return order;
    return (a->method > b->method) - (a->method < b->method);
}

static bool rules_refuse_service(const struct stub *stubs, size_t index, struct refusals *refusals)
{
    const struct stub *stub = &stubs[index];

    for (size_t i = 0; i < index; i++) {
        if (strcmp(stubs[i].prefix, stub->prefix) != 0)
            continue;
        refusals_add(refusals, stub->file, &stub->path,
                "services %s and %s would both be `%s_` in C. Fix: rename one, or "
                "--mu_opt=prefix=%s:NAME.",
                stubs[i].full_name, stub->full_name, stub->prefix, stub->full_name);
        return true;
    }
    return false;
}

static bool rules_names_meet(const struct rules_names *names, size_t index)
{
    return index > 0 && strcmp(names->entries[index - 1].text, names->entries[index].text) == 0;
}

/* The same two things meet under an earlier name, too. */
static bool rules_names_met(const struct rules_names *names, size_t index)
{
    for (size_t i = 1; i < index; i++)
        if (rules_names_meet(names, i) &&
                names->entries[i - 1].method == names->entries[index - 1].method &&
                names->entries[i].method == names->entries[index].method)
            return true;
    return false;
}

static void rules_names_refuse(
        const struct rules_name *first, const struct rules_name *second, struct refusals *refusals)
{
    const char *other = first->method != NULL ? first->method->proto->name : "itself";

    refusals_add(refusals, second->stub->file, &second->method->path,
            "rpc %s.%s and %s %s%s%s would both be `%s` in C. Fix: rename one.",
            second->stub->full_name, second->method->proto->name,
            first->method != NULL ? "rpc" : "the service", first->stub->full_name,
            first->method != NULL ? "." : " ", other, second->text);
}

void rules_check_names(const struct stub *stubs, size_t count, struct refusals *refusals)
{
    struct rules_names names = { 0 };
    size_t name_count = 0;

    for (size_t i = 0; i < count; i++)
        name_count += RULES_NAMES_OF_SERVICE + stubs[i].method_count * RULES_NAMES_OF_METHOD;
    names.entries = memory_get(name_count * sizeof(struct rules_name));
    for (size_t i = 0; i < count; i++)
        if (!rules_refuse_service(stubs, i, refusals))
            rules_names_add_stub(&names, &stubs[i]);
    qsort(names.entries, names.count, sizeof(struct rules_name), rules_names_compare);
    for (size_t i = 1; i < names.count; i++)
        if (rules_names_meet(&names, i) && !rules_names_met(&names, i))
            rules_names_refuse(&names.entries[i - 1], &names.entries[i], refusals);
    rules_names_deinit(&names);
}
