// SPDX-License-Identifier: Apache-2.0
/* Refusals for want of a right, as the service `auth` hears of them. */
#include <stdio.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_users.h"

static struct users users;

static int set_up(void **state)
{
    (void)state;
    users_open(&users);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_close(&users);
    return 0;
}

/* The note that `auth` hears next; answers it. NULL where there is none. */
static Mu__Router__V1__NoteRequest *hear(struct peer *auth)
{
    Mu__Router__V1__NoteRequest *note;
    struct envelope heard;
    struct stamp stamp;

    if (bus_hear(&users.bus, auth) == 0)
        return NULL;
    assert_int_equal(users.bus.heard_count, 1);
    heard = users.bus.heard[0];
    assert_int_equal(heard.endpoint.size, strlen("auth.Note"));
    assert_int_equal(stamp_read(&stamp, heard.caller), ENVELOPE_OK);
    assert_int_equal(stamp.service.size, strlen("router"));
    assert_memory_equal(stamp.service.data, "router", stamp.service.size);
    note = mu__router__v1__note_request__unpack(NULL, heard.body.size, heard.body.data);
    assert_non_null(note);
    bus_say(&users.bus, auth, (struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.id });
    return note;
}

static void test_each_want_of_a_right_is_told(void **state)
{
    static const struct users_rule rule = { 3, 1, "user:alice", "store.Put", true, "no" };
    static const struct {
        const char *kind;
        const char *by;
        const char *endpoint;
    } wanted[] = { { "capability", "service:shop", "store.Get" },
        { "export", "service:shop", "vault.Open" }, { "token", "uid:1", "router.Present" },
        { "scope", "user:alice", "clock.Now" }, { "rule", "user:alice", "store.Put" } };
    struct peer *shop = bus_process(
            &users.bus, "shop", 11, (struct span){ (const uint8_t *)"vault.*", sizeof("vault.*") });
    struct peer *caller = bus_caller(&users.bus);
    char line[ACCESS_TEXT_MAX + 1];
    Mu__Router__V1__NoteRequest *note;

    (void)state;
    bus_exporter(&users.bus, "vault", 12,
            (struct span){ (const uint8_t *)"vault.*\0other", sizeof("vault.*\0other") });
    users.bus.router.notes.told_us = users.bus.now_us; /* all of them at once */
    assert_int_equal(users_set_rules(&users, users.auth, &rule, 1), 0);
    assert_int_equal(users_call(&users, shop, "store.Get"), CODE_PERMISSION_DENIED);
    assert_int_equal(users_call(&users, shop, "vault.Open"), CODE_PERMISSION_DENIED);
    assert_int_equal(users_present(&users, caller, "mut1.AAAA"), CODE_UNAUTHENTICATED);
    users_issue(&users, "alice", "store.*", line);
    assert_int_equal(users_present(&users, caller, line), 0);
    assert_int_equal(users_call(&users, caller, "clock.Now"), CODE_PERMISSION_DENIED);
    assert_int_equal(users_call(&users, caller, "store.Put"), CODE_PERMISSION_DENIED);
    assert_null(hear(users.auth));
    assert_true(router_wants_ticks(&users.bus.router));
    bus_pass_ms(&users.bus, 1001);
    note = hear(users.auth);
    assert_non_null(note);
    assert_int_equal(note->n_notes, 5);
    assert_int_equal(note->left_out, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(note->notes[i]->kind, wanted[i].kind);
        assert_string_equal(note->notes[i]->by, wanted[i].by);
        assert_string_equal(note->notes[i]->endpoint, wanted[i].endpoint);
        assert_int_equal(note->notes[i]->time_ms, NOW_S * 1000);
        assert_true(strlen(note->notes[i]->reason) > 3);
    }
    assert_string_equal(note->notes[4]->reason, "rule 3 denies store.Put: no");
    mu__router__v1__note_request__free_unpacked(note, NULL);
}

static void test_a_flood_of_refusals_is_counted_and_a_few_are_told_a_second(void **state)
{
    struct peer *shop = bus_process(
            &users.bus, "shop", 11, (struct span){ (const uint8_t *)"vault.*", sizeof("vault.*") });
    Mu__Router__V1__NoteRequest *note;

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(users_call(&users, shop, "store.Get"), CODE_PERMISSION_DENIED);
    note = hear(users.auth);
    assert_int_equal(note->n_notes, 1);
    mu__router__v1__note_request__free_unpacked(note, NULL);
    bus_pass_ms(&users.bus, 1001);
    note = hear(users.auth);
    assert_int_equal(note->n_notes, NOTES_MAX);
    assert_int_equal(note->left_out, 999 - NOTES_MAX);
    mu__router__v1__note_request__free_unpacked(note, NULL);
    bus_pass_ms(&users.bus, 2000);
    assert_null(hear(users.auth));
    assert_false(note_is_due(&users.bus.router));
}

static void test_refusals_that_nobody_hears_of_are_counted(void **state)
{
    struct peer *shop = bus_process(
            &users.bus, "shop", 11, (struct span){ (const uint8_t *)"vault.*", sizeof("vault.*") });
    struct peer *auth;
    Mu__Router__V1__NoteRequest *note;

    (void)state;
    router_detach(&users.bus.router, users.auth, users.bus.now_us);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(users_call(&users, shop, "store.Get"), CODE_PERMISSION_DENIED);
        bus_pass_ms(&users.bus, 1001);
    }
    auth = bus_process(&users.bus, "auth", 901, (struct span){ NULL, 0 });
    assert_int_equal(users_call(&users, shop, "store.Get"), CODE_PERMISSION_DENIED);
    note = hear(auth);
    assert_int_equal(note->n_notes, 1);
    assert_int_equal(note->left_out, 3);
    mu__router__v1__note_request__free_unpacked(note, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_each_want_of_a_right_is_told),
        TEST(test_a_flood_of_refusals_is_counted_and_a_few_are_told_a_second),
        TEST(test_refusals_that_nobody_hears_of_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
