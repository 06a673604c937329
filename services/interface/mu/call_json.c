// SPDX-License-Identifier: Apache-2.0
/* Not the proto's own JSON: that has ids in base64 and codes as numbers, and these are what people
 * look for. What is empty is left out, as there. */
#include "services/interface/mu/call_json.h"

#include <stdio.h>
#include <time.h>

#include "mu/status.h"
#include "services/interface/mu/cause.h"
#include "services/interface/mu/trace_id.h"

char *call_json_time(uint64_t at_us, char text[CALL_JSON_TIME_MAX])
{
    time_t seconds = (time_t)(at_us / 1000000);
    struct tm parts;
    char date[24] = "";

    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, CALL_JSON_TIME_MAX, "%s.%06uZ", date, (unsigned)(at_us % 1000000));
    return text;
}

static void call_json_text(json_t *object, const char *key, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, key, json_string(text));
}

static void call_json_number(json_t *object, const char *key, uint64_t number)
{
    if (number != 0)
        json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* An id of another process or call: more than a number of JSON holds for sure. */
static void call_json_id(json_t *object, const char *key, uint64_t id)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
    if (id != 0)
        json_object_set_new(object, key, json_string(text));
}

static void call_json_digits(json_t *object, const char *key, ProtobufCBinaryData bytes)
{
    char text[TRACE_ID_TEXT_MAX];
    bool is_some = false;

    for (size_t i = 0; i < bytes.len; i++)
        is_some = is_some || bytes.data[i] != 0;
    if (is_some)
        call_json_text(object, key, trace_id_print(bytes.data, bytes.len, text));
}

/* The name of an enum's value behind its prefix: "HERE" of SIDE_HERE. */
static const char *call_json_name(const ProtobufCEnumDescriptor *type, int value, size_t prefix)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);

    return found != NULL ? found->name + prefix : "UNKNOWN";
}

static const char *call_json_party(Mu__Router__V1__Party party)
{
    return call_json_name(&mu__router__v1__party__descriptor, (int)party, sizeof("PARTY_") - 1);
}

static json_t *call_json_caller(const Mu__Router__V1__CallRecord *record)
{
    json_t *caller = json_object();

    call_json_text(caller, "party", call_json_party(record->caller_party));
    call_json_text(caller, "name", record->caller);
    call_json_text(caller, "node", record->caller_node);
    call_json_id(caller, "instance", record->caller_instance);
    call_json_number(caller, "pid", record->caller_pid);
    call_json_number(caller, "hops", record->hops);
    return caller;
}

static json_t *call_json_callee(const Mu__Router__V1__CallRecord *record)
{
    json_t *callee = json_object();

    call_json_text(callee, "side",
            call_json_name(
                    &mu__router__v1__side__descriptor, (int)record->side, sizeof("SIDE_") - 1));
    call_json_text(callee, "node", record->callee_node);
    call_json_id(callee, "instance", record->callee_instance);
    call_json_number(callee, "pid", record->callee_pid);
    return callee;
}

static json_t *call_json_decisions(const Mu__Router__V1__CallRecord *record)
{
    json_t *list = json_array();

    for (size_t i = 0; i < record->n_decisions; i++) {
        const Mu__Router__V1__Decision *decision = record->decisions[i];
        json_t *object = json_object();

        call_json_text(object, "party", call_json_party(decision->party));
        call_json_id(object, "id", decision->id);
        call_json_number(object, "pid", decision->pid);
        call_json_text(object, "node", decision->node);
        call_json_text(object, "cause", cause_name(decision->cause));
        call_json_number(object, "hops", decision->hops);
        json_array_append_new(list, object);
    }
    return list;
}

static void call_json_figures(json_t *root, const Mu__Router__V1__CallRecord *record)
{
    json_object_set_new(root, "tookUs", json_integer((json_int_t)record->took_us));
    json_object_set_new(root, "queuedUs", json_integer((json_int_t)record->queued_us));
    call_json_number(root, "timeoutUs", record->timeout_us);
    call_json_number(root, "bytesUp", record->bytes_up);
    call_json_number(root, "bytesDown", record->bytes_down);
    call_json_number(root, "itemsUp", record->items_up);
    call_json_number(root, "itemsDown", record->items_down);
}

json_t *call_json_make(const Mu__Router__V1__CallRecord *record)
{
    static const char *const shapes[] = { "UNARY", "CLIENT_STREAM", "SERVER_STREAM", "TWO_WAY" };
    json_t *root = json_object();
    char time[CALL_JSON_TIME_MAX];

    call_json_number(root, "seq", record->seq);
    call_json_text(root, "began", call_json_time(record->began_us, time));
    call_json_digits(root, "trace", record->trace);
    call_json_digits(root, "span", record->span);
    call_json_digits(root, "parentSpan", record->parent_span);
    call_json_id(root, "call", record->call);
    json_object_set_new(root, "caller", call_json_caller(record));
    call_json_text(root, "endpoint", record->endpoint);
    json_object_set_new(root, "callee", call_json_callee(record));
    call_json_text(root, "shape", record->shape < 4 ? shapes[record->shape] : "UNKNOWN");
    call_json_text(root, "code", mu_code_name((enum mu_code)record->code));
    call_json_text(root, "executed", mu_executed_name((enum mu_executed)record->executed));
    call_json_text(root, "cause", cause_name(record->cause));
    call_json_text(root, "message", record->message);
    call_json_text(root, "origin", record->origin);
    json_object_set_new(root, "refused", json_boolean(record->refused != 0));
    call_json_figures(root, record);
    call_json_number(root, "considered", record->considered);
    if (record->n_decisions > 0)
        json_object_set_new(root, "decisions", call_json_decisions(record));
    return root;
}
