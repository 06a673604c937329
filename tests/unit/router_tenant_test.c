// SPDX-License-Identifier: Apache-2.0
/* Who reaches whom: every pair of caller and callee, of no namespace, of one and of another, by
 * each means, against each kind of export. The tables are those of docs/operating.md, "Namespaces".
 */
#include <stdio.h>
#include <string.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

#define TEXTS(text) ((struct span){ (const uint8_t *)(text), sizeof(text) })
#define NOTHING     ((struct span){ NULL, 0 })

enum { SECOND_US = 1000000, INSTANCE_CALLER = 11, INSTANCE_CALLEE = 12, INSTANCE_FELLOW = 13 };

static struct bus bus;
static struct peer *supervisor;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* Calls; where that arrives it is answered with OK. Returns the result's code. */
static uint32_t call(struct peer *caller, const char *endpoint, struct peer *callee)
{
    static uint64_t id;
    struct status status = { 0 };
    struct envelope result;

    id += 1;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = id, .endpoint = bus_text(endpoint) });
    if (callee != NULL && bus_hear(&bus, callee) == 1)
        bus_say(&bus, callee, (struct envelope){ .kind = ENVELOPE_RESULT, .id = bus.heard[0].id });
    result = bus_hear_one(&bus, caller, ENVELOPE_RESULT);
    assert_int_equal(result.id, id);
    if (result.status.size == 0)
        return 0;
    assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    assert_int_equal(status.executed, EXECUTED_NO);
    return status.code;
}

/* ---- means ---- */

/* What the caller has towards the callee. */
enum means {
    MEANS_NONE,
    MEANS_MANIFEST_ALL,  /* `calls: [">"]` */
    MEANS_MANIFEST_NAME, /* `calls: [shop.Get]` */
    MEANS_GRANT_ALL,     /* `mu grant CALLER '>'` */
    MEANS_GRANT_NAME,    /* `mu grant CALLER shop.Get` */
    MEANS_PASSED,        /* by a process of the callee's namespace */
    MEANS
};

static void grant(const char *service, const char *endpoints)
{
    Mu__Router__V1__GrantsRequest request = MU__ROUTER__V1__GRANTS_REQUEST__INIT;
    Mu__Router__V1__OperatorGrant one = MU__ROUTER__V1__OPERATOR_GRANT__INIT;
    Mu__Router__V1__OperatorGrant *each[] = { &one };
    static uint64_t handle;
    uint8_t body[256];

    handle += 1;
    one.handle = handle;
    one.service = (char *)(uintptr_t)service;
    one.endpoints = (char *)(uintptr_t)endpoints;
    request.grants = each;
    request.n_grants = endpoints != NULL ? 1 : 0;
    bus_say(&bus, supervisor,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 800,
                    .endpoint = bus_text("router.Grants"),
                    .body = { body, mu__router__v1__grants_request__pack(&request, body) } });
    while (bus_hear(&bus, supervisor) > 0)
        continue;
}

/* router.Grant, to a process by its number or to a service by its name. Returns the code; the text
 * of a refusal is in bus_heard_text. */
static uint32_t pass_on(
        struct peer *giver, const char *service, uint64_t instance, const char *endpoints)
{
    Mu__Router__V1__GrantRequest request = MU__ROUTER__V1__GRANT_REQUEST__INIT;
    struct status status = { 0 };
    struct envelope result;
    char *each[] = { (char *)(uintptr_t)endpoints };
    uint8_t body[256];

    request.service = (char *)(uintptr_t)service;
    request.instance = instance;
    request.endpoints = each;
    request.n_endpoints = 1;
    bus_say(&bus, giver,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 801,
                    .endpoint = bus_text("router.Grant"),
                    .body = { body, mu__router__v1__grant_request__pack(&request, body) } });
    result = bus_hear_one(&bus, giver, ENVELOPE_RESULT);
    if (result.status.size > 0)
        assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    return status.code;
}

/* A caller `till` and a callee `shop`, of these namespaces. Returns the code of one call. */
static uint32_t attempt(
        const char *caller_space, const char *callee_space, enum means means, struct span exports)
{
    const struct span calls[MEANS] = {
        [MEANS_MANIFEST_ALL] = TEXTS(">"), [MEANS_MANIFEST_NAME] = TEXTS("shop.Get")
    };
    struct peer *shop = bus_tenant(
            &bus, &(struct bus_tenant){ callee_space, "shop", INSTANCE_CALLEE, NOTHING, exports });
    struct peer *till = bus_tenant(&bus,
            &(struct bus_tenant){ caller_space, "till", INSTANCE_CALLER, calls[means], NOTHING });
    struct peer *fellow = bus_tenant(&bus, &(struct bus_tenant){ callee_space, "fellow",
                                                   INSTANCE_FELLOW, TEXTS("shop.*"), NOTHING });
    uint32_t code;

    if (means == MEANS_GRANT_ALL || means == MEANS_GRANT_NAME)
        grant("till", means == MEANS_GRANT_ALL ? ">" : "shop.Get");
    if (means == MEANS_PASSED)
        assert_int_equal(pass_on(fellow, "", INSTANCE_CALLER, "shop.Get"), 0);
    code = call(till, "shop.Get", shop);
    grant("till", NULL);
    router_detach(&bus.router, fellow, bus.now_us);
    router_detach(&bus.router, till, bus.now_us);
    router_detach(&bus.router, shop, bus.now_us);
    bus_hear(&bus, supervisor);
    return code;
}

static const struct {
    const char *caller;
    const char *callee;
    bool across;
} pairs[] = {
    { "", "", false },
    { "", "acme", false },
    { "", "beta", false },
    { "acme", "", false },
    { "acme", "acme", false },
    { "acme", "beta", true },
    { "beta", "", false },
    { "beta", "acme", true },
    { "beta", "beta", false },
};

enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

static void test_between_namespaces_only_a_grant_by_name_or_a_capability_passed_on_counts(
        void **state)
{
    static const struct {
        uint32_t within; /* one namespace, or one side of none */
        uint32_t across;
    } expected[MEANS] = {
        [MEANS_NONE] = { CODE_PERMISSION_DENIED, CODE_PERMISSION_DENIED },
        [MEANS_MANIFEST_ALL] = { 0, CODE_NOT_FOUND },
        [MEANS_MANIFEST_NAME] = { 0, CODE_NOT_FOUND },
        [MEANS_GRANT_ALL] = { 0, CODE_NOT_FOUND },
        [MEANS_GRANT_NAME] = { 0, 0 },
        [MEANS_PASSED] = { 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        for (int means = 0; means < MEANS; means++) {
            uint32_t wanted = pairs[i].across ? expected[means].across : expected[means].within;
            uint32_t code = attempt(pairs[i].caller, pairs[i].callee, (enum means)means, NOTHING);

            if (code != wanted)
                fail_msg("\"%s\" to \"%s\" by %d: %u, not %u", pairs[i].caller, pairs[i].callee,
                        means, code, wanted);
        }
    }
}

static void test_what_is_exported_holds_within_and_a_grant_is_the_exception_across(void **state)
{
    static const struct {
        struct span exports;
        uint32_t platform; /* the callee has no namespace */
        uint32_t into;     /* from the node's own into a namespace */
        uint32_t same;
        uint32_t across;
    } rows[] = {
        { { NULL, 0 }, 0, 0, 0, 0 },
        { TEXTS("shop.*\0@namespace"), CODE_PERMISSION_DENIED, CODE_PERMISSION_DENIED, 0, 0 },
        { TEXTS("shop.*\0@node"), 0, 0, 0, 0 },
        { TEXTS("shop.*\0till"), 0, 0, 0, 0 },
        { TEXTS("shop.*\0other"), CODE_PERMISSION_DENIED, CODE_PERMISSION_DENIED,
                CODE_PERMISSION_DENIED, 0 },
        { TEXTS("shop.Put\0till"), CODE_PERMISSION_DENIED, CODE_PERMISSION_DENIED,
                CODE_PERMISSION_DENIED, 0 },
        { TEXTS("shop.*\0@network\0shop.*\0@clients"), CODE_PERMISSION_DENIED,
                CODE_PERMISSION_DENIED, CODE_PERMISSION_DENIED, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            uint32_t code =
                    attempt(pairs[i].caller, pairs[i].callee, MEANS_GRANT_NAME, rows[k].exports);
            uint32_t wanted = rows[k].same;

            if (pairs[i].across)
                wanted = rows[k].across;
            else if (pairs[i].callee[0] == '\0')
                wanted = rows[k].platform;
            else if (pairs[i].caller[0] == '\0')
                wanted = rows[k].into;
            if (code != wanted)
                fail_msg("\"%s\" to \"%s\", exports %zu: %u, not %u", pairs[i].caller,
                        pairs[i].callee, k, code, wanted);
        }
    }
}

static void test_without_a_grant_no_export_opens_a_namespace_to_another(void **state)
{
    static const struct span exports[] = { TEXTS("shop.*\0@node"), TEXTS("shop.*\0till") };

    (void)state;
    for (size_t i = 0; i < sizeof(exports) / sizeof(exports[0]); i++) {
        assert_int_equal(attempt("acme", "beta", MEANS_MANIFEST_NAME, exports[i]), CODE_NOT_FOUND);
        assert_int_equal(attempt("acme", "beta", MEANS_GRANT_ALL, exports[i]), CODE_NOT_FOUND);
    }
}

static void test_the_node_s_owner_reaches_everything(void **state)
{
    struct peer *shop = bus_tenant(&bus, &(struct bus_tenant){ "acme", "shop", INSTANCE_CALLEE,
                                                 NOTHING, TEXTS("shop.*\0@namespace") });

    (void)state;
    assert_int_equal(call(bus_caller(&bus), "shop.Get", shop), 0);
}

static void test_what_an_operator_takes_back_is_hidden_again_and_its_calls_end(void **state)
{
    struct peer *shop = bus_tenant(
            &bus, &(struct bus_tenant){ "beta", "shop", INSTANCE_CALLEE, NOTHING, NOTHING });
    struct peer *till = bus_tenant(
            &bus, &(struct bus_tenant){ "acme", "till", INSTANCE_CALLER, TEXTS(">"), NOTHING });

    (void)state;
    grant("till", "shop.*");
    bus_call(&bus, till, 5, "shop.Get", SHAPE_UNARY, shop);
    grant("till", NULL);
    bus_expect_result(&bus, till, 5, CODE_PERMISSION_DENIED, EXECUTED_UNKNOWN);
    bus_hear(&bus, shop);
    assert_int_equal(call(till, "shop.Get", shop), CODE_NOT_FOUND);
}

/* ---- passing on ---- */

static void test_what_was_passed_on_may_be_passed_on_and_ends_with_its_giver(void **state)
{
    struct peer *shop = bus_tenant(&bus,
            &(struct bus_tenant){ "beta", "shop", INSTANCE_CALLEE, TEXTS("shop.*"), NOTHING });
    struct peer *till = bus_tenant(
            &bus, &(struct bus_tenant){ "acme", "till", INSTANCE_CALLER, TEXTS(">"), NOTHING });
    struct peer *desk =
            bus_tenant(&bus, &(struct bus_tenant){ "acme", "desk", 20, TEXTS(">"), NOTHING });

    (void)state;
    assert_int_equal(pass_on(shop, "", INSTANCE_CALLER, "shop.Get"), 0);
    assert_int_equal(pass_on(till, "desk", 0, "shop.Get"), 0);
    assert_int_equal(call(desk, "shop.Get", shop), 0);
    assert_int_equal(call(desk, "shop.Put", shop), CODE_NOT_FOUND);
    router_detach(&bus.router, till, bus.now_us);
    bus_hear(&bus, desk);
    assert_int_equal(call(desk, "shop.Get", shop), CODE_NOT_FOUND);
}

static void test_nobody_passes_on_what_hides_from_himself(void **state)
{
    struct peer *shop = bus_tenant(
            &bus, &(struct bus_tenant){ "beta", "shop", INSTANCE_CALLEE, NOTHING, NOTHING });
    struct peer *till = bus_tenant(
            &bus, &(struct bus_tenant){ "acme", "till", INSTANCE_CALLER, TEXTS(">"), NOTHING });
    struct peer *desk =
            bus_tenant(&bus, &(struct bus_tenant){ "acme", "desk", 20, NOTHING, NOTHING });

    (void)state;
    assert_int_equal(pass_on(till, "desk", 0, ">"), 0);
    assert_int_equal(call(desk, "shop.Get", shop), CODE_NOT_FOUND);
}

static void test_between_namespaces_a_taker_is_named_by_its_number_alone(void **state)
{
    char hidden[STATUS_TEXT_MAX];
    struct span text;
    struct peer *till = bus_tenant(
            &bus, &(struct bus_tenant){ "acme", "till", INSTANCE_CALLER, TEXTS(">"), NOTHING });

    (void)state;
    bus_tenant(&bus, &(struct bus_tenant){ "beta", "shop", INSTANCE_CALLEE, NOTHING, NOTHING });
    assert_int_equal(pass_on(till, "shop", 0, "till.*"), CODE_NOT_FOUND);
    text = bus_heard_text(&bus);
    snprintf(hidden, sizeof(hidden), "%.*s", (int)text.size, (const char *)text.data);
    assert_int_equal(pass_on(till, "nobody", 0, "till.*"), CODE_NOT_FOUND);
    text = bus_heard_text(&bus);
    assert_int_equal(text.size, strlen(hidden));
    assert_memory_equal(text.data, hidden, text.size);
    assert_int_equal(pass_on(till, "", INSTANCE_CALLEE, "till.*"), 0);
}

/* ---- the stamp, other nodes, clients ---- */

static bool is(struct span span, const char *text)
{
    return span.size == strlen(text) && (span.size == 0 || memcmp(span.data, text, span.size) == 0);
}

static void test_a_call_says_of_which_namespace_its_caller_is(void **state)
{
    static const char *const spaces[] = { "", "acme" };
    struct peer *store = bus_service(&bus, "store");

    (void)state;
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        struct peer *till = bus_tenant(&bus, &(struct bus_tenant){ spaces[i], "till",
                                                     INSTANCE_CALLER + i, TEXTS(">"), NOTHING });
        struct envelope heard = bus_call(&bus, till, 5, "store.Get", SHAPE_UNARY, store);
        struct stamp stamp;

        assert_int_equal(stamp_read(&stamp, heard.caller), ENVELOPE_OK);
        assert_true(is(stamp.space, spaces[i]));
    }
}

/* A call of another node's, whose caller has the namespace `space` there. Returns the code. */
static uint32_t call_from(struct peer *neighbour, const char *space, struct peer *callee)
{
    uint8_t room[STAMP_SIZE_MAX];
    struct stamp stamp = { .node = bus_text("east"),
        .service = bus_text("till"),
        .instance = 1,
        .space = bus_text(space) };
    struct status status = { 0 };
    struct envelope result;

    bus_say(&bus, neighbour,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 5 | CALL_ID_ROUTER,
                    .endpoint = bus_text("shop.Get"),
                    .timeout_ms = 1000,
                    .caller = stamp_write(&stamp, room) });
    if (bus_hear(&bus, callee) == 1) {
        assert_int_equal(stamp_read(&stamp, bus.heard[0].caller), ENVELOPE_OK);
        assert_true(is(stamp.space, space));
        bus_say(&bus, callee, (struct envelope){ .kind = ENVELOPE_RESULT, .id = bus.heard[0].id });
    }
    result = bus_hear_one(&bus, neighbour, ENVELOPE_RESULT);
    if (result.status.size > 0)
        assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    return status.code;
}

static void test_another_node_reaches_what_is_exported_to_the_network_and_not_another_namespace(
        void **state)
{
    static const struct {
        const char *callee;
        struct span exports;
        const char *caller;
        uint32_t code;
    } rows[] = {
        { "", { NULL, 0 }, "", 0 },
        { "", { NULL, 0 }, "acme", 0 },
        { "acme", { NULL, 0 }, "", CODE_NOT_FOUND },
        { "acme", { NULL, 0 }, "acme", CODE_NOT_FOUND },
        { "acme", TEXTS("shop.*\0@node\0shop.*\0@namespace"), "acme", CODE_NOT_FOUND },
        { "acme", TEXTS("shop.*\0@network"), "", 0 },
        { "acme", TEXTS("shop.*\0@network"), "acme", 0 },
        { "acme", TEXTS("shop.*\0@network"), "beta", CODE_NOT_FOUND },
        { "acme", TEXTS("shop.Put\0@network"), "", CODE_PERMISSION_DENIED },
        { "acme", TEXTS("shop.*\0@network"), "Beta", CODE_INVALID_ARGUMENT },
    };
    struct peer *linker = bus_linker(&bus);
    struct peer *east = bus_neighbour(&bus, linker, "east", 1);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *shop = bus_tenant(&bus, &(struct bus_tenant){ rows[i].callee, "shop",
                                                     INSTANCE_CALLEE, NOTHING, rows[i].exports });
        uint32_t code = call_from(east, rows[i].caller, shop);

        if (code != rows[i].code)
            fail_msg("row %zu: %u, not %u", i, code, rows[i].code);
        router_detach(&bus.router, shop, bus.now_us);
    }
}

static struct peer *client(struct peer *linker)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    struct peer_identity identity = { .uid = 1, .pid = 4, .is_client = true, .link = FRAME_IPC };
    uint8_t key[NEIGHBOUR_ID_SIZE] = { 7 };
    struct neighbour *asked;
    struct peer *peer;
    uint8_t body[256];

    request.client = (char *)"laptop";
    request.node_id = (ProtobufCBinaryData){ sizeof(key), key };
    request.link_id = request.node_id;
    bus_say(&bus, linker,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("router.Link"),
                    .body = { body, mu__router__v1__link_request__pack(&request, body) } });
    asked = neighbour_next_asked(&bus.router);
    assert_non_null(asked);
    neighbour_opened(&bus.router, asked->channel, "/run/n", 0);
    bus_expect_result(&bus, linker, 1, 0, 0);
    identity.channel = asked->channel;
    peer = router_attach(&bus.router, &identity, NULL);
    assert_non_null(peer);
    return peer;
}

static void test_a_client_reaches_what_is_exported_to_clients(void **state)
{
    static const struct {
        const char *callee;
        struct span exports;
        uint32_t code;
    } rows[] = {
        { "", { NULL, 0 }, 0 },
        { "acme", { NULL, 0 }, CODE_NOT_FOUND },
        { "acme", TEXTS("shop.*\0@network"), CODE_NOT_FOUND },
        { "acme", TEXTS("shop.*\0@clients"), 0 },
        { "acme", TEXTS("shop.Put\0@clients"), CODE_PERMISSION_DENIED },
    };
    struct peer *laptop = client(bus_linker(&bus));

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *shop = bus_tenant(&bus, &(struct bus_tenant){ rows[i].callee, "shop",
                                                     INSTANCE_CALLEE, NOTHING, rows[i].exports });

        assert_int_equal(call(laptop, "shop.Get", shop), rows[i].code);
        router_detach(&bus.router, shop, bus.now_us);
    }
}

/* ---- the node's own parts ---- */

static void test_what_shows_or_changes_the_whole_node_is_not_for_a_namespace(void **state)
{
    static const char *const endpoints[] = { "router.Stats", "router.Meter", "router.Calls",
        "router.Explain", "router.Policies", "router.mu.LogLevel", "node.List", "node.Status",
        "node.Grants", "node.Policies", "node.Shutdown", "registry.Register", "registry.Import",
        "registry.mu.LogLevel", "link.Show", "link.Nodes", "etcd.Show", "auth.ListAccounts",
        "auth.Audit", "router.NotThereYet", "registry.NotThereYet" };
    struct peer *till = bus_tenant(
            &bus, &(struct bus_tenant){ "acme", "till", INSTANCE_CALLER, TEXTS(">"), NOTHING });
    struct peer *own = bus_tenant(&bus, &(struct bus_tenant){ "", "own", 30, TEXTS(">"), NOTHING });

    (void)state;
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
        assert_int_equal(call(till, endpoints[i], NULL), CODE_PERMISSION_DENIED);
    assert_int_equal(call(own, "router.Stats", NULL), 0);
    assert_int_equal(call(till, "router.Caps", NULL), 0);
    assert_int_equal(call(till, "router.mu.Health", NULL), 0);
    grant("till", "router.*");
    assert_int_equal(call(till, "router.Stats", NULL), 0);
    assert_int_equal(call(till, "node.List", NULL), CODE_PERMISSION_DENIED);
    grant("till", ">");
    assert_int_equal(call(till, "router.Stats", NULL), CODE_PERMISSION_DENIED);
}

/* ---- what the owner is told ---- */

static uint32_t cause_of(const char *endpoint)
{
    Mu__Router__V1__CallsRequest request = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    Mu__Router__V1__CallsReply *reply;
    struct peer *owner = bus_caller(&bus);
    struct envelope result;
    uint8_t body[256];
    uint32_t cause;

    request.failed = true;
    bus_say(&bus, owner,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("router.Calls"),
                    .body = { body, mu__router__v1__calls_request__pack(&request, body) } });
    result = bus_hear_one(&bus, owner, ENVELOPE_RESULT);
    reply = mu__router__v1__calls_reply__unpack(NULL, result.body.size, result.body.data);
    assert_non_null(reply);
    assert_true(reply->n_calls > 0);
    assert_string_equal(reply->calls[reply->n_calls - 1]->endpoint, endpoint);
    cause = (uint32_t)reply->calls[reply->n_calls - 1]->cause;
    if (strcmp(endpoint, "shop.Get") == 0) /* who could have taken it */
        assert_int_equal(reply->calls[reply->n_calls - 1]->decisions[0]->cause, CAUSE_NAMESPACE);
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
    router_detach(&bus.router, owner, bus.now_us);
    return cause;
}

static void test_the_owner_sees_why_a_call_found_nothing(void **state)
{
    struct peer *till = bus_tenant(
            &bus, &(struct bus_tenant){ "acme", "till", INSTANCE_CALLER, TEXTS(">"), NOTHING });

    (void)state;
    bus_tenant(&bus, &(struct bus_tenant){ "beta", "shop", INSTANCE_CALLEE, NOTHING, NOTHING });
    assert_int_equal(call(till, "nobody.Get", NULL), CODE_NOT_FOUND);
    assert_int_equal(cause_of("nobody.Get"), CAUSE_NO_SERVICE);
    assert_int_equal(call(till, "shop.Get", NULL), CODE_NOT_FOUND);
    assert_int_equal(cause_of("shop.Get"), CAUSE_NAMESPACE);
    assert_int_equal(call(till, "node.List", NULL), CODE_PERMISSION_DENIED);
    assert_int_equal(cause_of("node.List"), CAUSE_NAMESPACE);
    assert_int_equal(bus.router.stats.calls_denied, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_between_namespaces_only_a_grant_by_name_or_a_capability_passed_on_counts,
                set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_is_exported_holds_within_and_a_grant_is_the_exception_across, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_without_a_grant_no_export_opens_a_namespace_to_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_node_s_owner_reaches_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_an_operator_takes_back_is_hidden_again_and_its_calls_end, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_was_passed_on_may_be_passed_on_and_ends_with_its_giver, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_nobody_passes_on_what_hides_from_himself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_between_namespaces_a_taker_is_named_by_its_number_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_says_of_which_namespace_its_caller_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_another_node_reaches_what_is_exported_to_the_network_and_not_another_namespace,
                set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_client_reaches_what_is_exported_to_clients, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_shows_or_changes_the_whole_node_is_not_for_a_namespace, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_owner_sees_why_a_call_found_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
