// SPDX-License-Identifier: Apache-2.0
/* A call is one span of the service that was called, of the kind SERVER, with the time that it
 * waited in the router: so a collector draws who calls whom without a word from the services.
 * Attributes by the semantic conventions for RPC, so that a collector knows what they mean; what Mu
 * alone has stands under mu.*. */
#include "services/interface/mu/otlp.h"

#include <stdio.h>
#include <string.h>

#include "mu/status.h"
#include "services/interface/mu/cause.h"
#include "services/interface/mu/table.h"
#include "services/interface/mu/trace_id.h"

enum { OTLP_KIND_SERVER = 2, OTLP_STATUS_OK = 1, OTLP_STATUS_ERROR = 2 };

static void otlp_text(json_t *attributes, const char *key, const char *text)
{
    if (text[0] != '\0')
        json_array_append_new(
                attributes, json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", text));
}

static void otlp_number(json_t *attributes, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    json_array_append_new(
            attributes, json_pack("{s:s, s:{s:s}}", "key", key, "value", "intValue", text));
}

static json_t *otlp_nano(uint64_t us)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu000", (unsigned long long)us);
    return json_string(text);
}

static json_t *otlp_attributes(const Mu__Router__V1__CallRecord *record)
{
    json_t *attributes = json_array();
    size_t service_size = strcspn(record->endpoint, ".");
    char service[MU_ENDPOINT_MAX];
    char text[TABLE_CELL_MAX];

    snprintf(service, sizeof(service), "%.*s", (int)service_size, record->endpoint);
    otlp_text(attributes, "rpc.system", "mu");
    otlp_text(attributes, "rpc.service", service);
    otlp_text(attributes, "rpc.method",
            record->endpoint + service_size + (record->endpoint[service_size] == '.'));
    otlp_number(attributes, "rpc.grpc.status_code", record->code);
    otlp_text(attributes, "mu.caller", calls_caller(record, text, sizeof(text)));
    otlp_text(attributes, "mu.callee", calls_callee(record, text, sizeof(text)));
    otlp_text(attributes, "mu.cause", cause_name(record->cause));
    otlp_text(attributes, "mu.executed", mu_executed_name((enum mu_executed)record->executed));
    otlp_number(attributes, "mu.queued_us", record->queued_us);
    otlp_number(attributes, "mu.bytes_up", record->bytes_up);
    otlp_number(attributes, "mu.bytes_down", record->bytes_down);
    return attributes;
}

/* A refused call has no span of its own, and needs one here: its number, which no other call has.
 */
static void otlp_span_id(const Mu__Router__V1__CallRecord *record, char text[TRACE_ID_TEXT_MAX])
{
    trace_id_print(record->span.data, record->span.len, text);
    if (strspn(text, "0") == strlen(text))
        snprintf(text, TRACE_ID_TEXT_MAX, "%016llx", (unsigned long long)record->seq);
}

static json_t *otlp_span(const Mu__Router__V1__CallRecord *record)
{
    json_t *span = json_object();
    json_t *status = json_object();
    char text[TRACE_ID_TEXT_MAX];

    json_object_set_new(span, "traceId",
            json_string(trace_id_print(record->trace.data, record->trace.len, text)));
    otlp_span_id(record, text);
    json_object_set_new(span, "spanId", json_string(text));
    trace_id_print(record->parent_span.data, record->parent_span.len, text);
    if (strspn(text, "0") != strlen(text))
        json_object_set_new(span, "parentSpanId", json_string(text));
    json_object_set_new(span, "name", json_string(record->endpoint));
    json_object_set_new(span, "kind", json_integer(OTLP_KIND_SERVER));
    json_object_set_new(span, "startTimeUnixNano", otlp_nano(record->began_us));
    json_object_set_new(span, "endTimeUnixNano", otlp_nano(record->began_us + record->took_us));
    json_object_set_new(span, "attributes", otlp_attributes(record));
    json_object_set_new(status, "code",
            json_integer(record->code == MU_OK ? OTLP_STATUS_OK : OTLP_STATUS_ERROR));
    if (record->code != MU_OK)
        json_object_set_new(status, "message", json_string(record->message));
    json_object_set_new(span, "status", status);
    return span;
}

/* What one service did: its spans, under its name. */
static json_t *otlp_service(
        const char *service, json_t *spans, const char *node, const char *version)
{
    json_t *resource = json_array();
    json_t *scope = json_pack("{s:{s:s, s:s}, s:O}", "scope", "name", "mu-router", "version",
            version, "spans", spans);

    otlp_text(resource, "service.name", service);
    otlp_text(resource, "host.name", node);
    return json_pack("{s:{s:o}, s:[o]}", "resource", "attributes", resource, "scopeSpans", scope);
}

json_t *otlp_make(const struct trace_set *set, const char *node, const char *version)
{
    json_t *services = json_object(); /* arrays of spans, by name */
    json_t *list = json_array();
    char service[MU_ENDPOINT_MAX];
    const char *name;
    json_t *spans;

    for (size_t i = 0; i < set->count; i++) {
        for (size_t j = 0; j < set->list[i].tree.count; j++) {
            const Mu__Router__V1__CallRecord *record = set->list[i].tree.nodes[j].record;

            calls_service(record, service);
            if (json_object_get(services, service) == NULL)
                json_object_set_new(services, service, json_array());
            json_array_append_new(json_object_get(services, service), otlp_span(record));
        }
    }
    json_object_foreach(services, name, spans)
    {
        json_array_append_new(list, otlp_service(name, spans, node, version));
    }
    json_decref(services);
    return json_pack("{s:o}", "resourceSpans", list);
}
