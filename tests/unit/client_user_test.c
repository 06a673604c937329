// SPDX-License-Identifier: Apache-2.0
/* How a client says on whose behalf it calls: to a router that says what the test tells it to. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/futex.h"
#include "client/user_token.h"
#include "mu/router/v1/access.pb-c.h"
#include "tests/unit/client_peer.h"
#include "tests/unit/cmocka.h"

enum { UNAUTHENTICATED = 16 };

static struct peer peer;
static struct mu_client_options options;

/* One answer of the router's: to the next call, which is to be router.Present. */
struct answer {
    const char *token; /* that the call is to bring */
    uint32_t code;
};

static void check_present(const struct heard *heard, const char *token)
{
    struct span body = heard->envelope.body;
    Mu__Router__V1__PresentRequest *request =
            mu__router__v1__present_request__unpack(NULL, body.size, body.data);

    assert_int_equal(heard->envelope.endpoint.size, strlen("router.Present"));
    assert_memory_equal(heard->envelope.endpoint.data, "router.Present", strlen("router.Present"));
    assert_non_null(request);
    assert_string_equal(request->token, token);
    mu__router__v1__present_request__free_unpacked(request, NULL);
}

static void *answer_present(void *user)
{
    const struct answer *answer = user;
    struct heard heard = peer_hear(&peer, ENVELOPE_CALL);
    struct status status = {
        .code = answer->code, .executed = 1, .message = { (const uint8_t *)"it is revoked", 13 }
    };
    uint8_t room[64];
    struct envelope result = { .kind = ENVELOPE_RESULT, .id = heard.envelope.id };

    check_present(&heard, answer->token);
    if (answer->code != 0)
        result.status = (struct span){ room, status_write(&status, room, sizeof(room)) };
    peer_say(&peer, &result, 1);
    heard_free(&heard);
    return NULL;
}

/* Opens a client while the router answers one Present. */
static int open_with(struct mu_client **clientp, struct answer answer)
{
    pthread_t thread;
    int r;

    assert_int_equal(pthread_create(&thread, NULL, answer_present, &answer), 0);
    r = mu_client_open(clientp, &options);
    pthread_join(thread, NULL);
    return r;
}

static int start(void **state)
{
    (void)state;
    unsetenv("MU_TOKEN_USER");
    peer_open(&peer);
    options = (struct mu_client_options){ .address = peer.address };
    return 0;
}

static int stop(void **state)
{
    (void)state;
    unsetenv("MU_TOKEN_USER");
    peer_close(&peer);
    return 0;
}

static void ignore(struct mu_result *result, void *user)
{
    (void)result;
    (void)user;
}

static void call(struct mu_client *client, const struct mu_call_options *how)
{
    mu_call_async(client, "greeter.Hello", (struct mu_bytes){ NULL, 0 }, how, ignore, NULL);
}

static struct heard hear_hello(void)
{
    struct heard heard = peer_hear(&peer, ENVELOPE_CALL);

    assert_int_equal(heard.envelope.endpoint.size, strlen("greeter.Hello"));
    return heard;
}

/* Ends a client that the router has met, and waits until it is gone there. */
static void part(struct mu_client *client)
{
    mu_client_close(client);
    peer_hang_up(&peer);
}

static void note(struct mu_result *result, void *user)
{
    atomic_uint *lost = user;

    assert_int_equal(result->status.code, MU_UNAVAILABLE);
    atomic_store(lost, 1);
    futex_wake(lost, 1);
}

/* Ends the connection from the router's end, and waits until the client knows. */
static void lose(struct mu_client *client)
{
    atomic_uint lost = 0;
    struct heard heard;

    mu_call_async(client, "greeter.Hello", (struct mu_bytes){ NULL, 0 }, NULL, note, &lost);
    heard = hear_hello();
    heard_free(&heard);
    peer_hang_up(&peer);
    while (atomic_load(&lost) == 0)
        futex_wait(&lost, 0, UINT64_MAX);
}

static void test_a_client_without_a_token_presents_none(void **state)
{
    struct mu_client *client;
    struct heard heard;

    (void)state;
    assert_int_equal(mu_client_open(&client, &options), 0);
    call(client, NULL);
    heard = hear_hello();
    assert_int_equal(heard.envelope.token.size, 0);
    heard_free(&heard);
    part(client);
}

static void test_the_environment_s_token_is_presented_before_the_client_is_open(void **state)
{
    struct mu_client *client;
    struct heard heard;

    (void)state;
    setenv("MU_TOKEN_USER", " mut1.env\n", 1);
    assert_int_equal(open_with(&client, (struct answer){ "mut1.env", 0 }), 0);
    part(client);
    options.user_token = "mut1.given";
    assert_int_equal(open_with(&client, (struct answer){ "mut1.given", 0 }), 0);
    part(client);
    options.user_token = "";
    assert_int_equal(mu_client_open(&client, &options), 0);
    call(client, NULL);
    heard = hear_hello();
    heard_free(&heard);
    part(client);
}

static void test_a_token_that_is_refused_opens_nothing(void **state)
{
    struct mu_client *client = NULL;
    char why[MU_WHY_MAX] = "";

    (void)state;
    options.user_token = "mut1.old";
    options.why = why;
    assert_int_equal(
            open_with(&client, (struct answer){ "mut1.old", UNAUTHENTICATED }), -EKEYREJECTED);
    assert_null(client);
    assert_string_equal(why, "the access token: it is revoked");
    options.why = NULL;
}

static void test_a_new_connection_presents_the_token_before_any_call(void **state)
{
    struct mu_client *client;
    struct heard heard;

    (void)state;
    options.user_token = "mut1.alice";
    assert_int_equal(open_with(&client, (struct answer){ "mut1.alice", 0 }), 0);
    for (int i = 0; i < 5; i++) {
        lose(client);
        call(client, NULL);
        heard = peer_hear(&peer, ENVELOPE_CALL);
        check_present(&heard, "mut1.alice");
        heard_free(&heard);
        heard = hear_hello();
        heard_free(&heard);
    }
    part(client);
}

/* For one Present of mu_client_present. */
static enum mu_code present(struct mu_client *client, struct answer answer)
{
    struct mu_status status;
    pthread_t thread;
    enum mu_code code;

    assert_int_equal(pthread_create(&thread, NULL, answer_present, &answer), 0);
    code = mu_client_present(client, answer.token, &status);
    pthread_join(thread, NULL);
    assert_int_equal(status.code, code);
    return code;
}

static void test_a_client_s_user_changes_and_goes(void **state)
{
    struct mu_client *client;
    struct heard heard;

    (void)state;
    assert_int_equal(mu_client_open(&client, &options), 0);
    assert_int_equal(present(client, (struct answer){ "mut1.alice", 0 }), MU_OK);
    assert_int_equal(
            present(client, (struct answer){ "mut1.bob", UNAUTHENTICATED }), MU_UNAUTHENTICATED);
    lose(client);
    call(client, NULL); /* also a refused one comes again: without it the client had more right */
    heard = peer_hear(&peer, ENVELOPE_CALL);
    check_present(&heard, "mut1.bob");
    heard_free(&heard);
    heard = hear_hello();
    heard_free(&heard);
    assert_int_equal(present(client, (struct answer){ "", 0 }), MU_OK);
    lose(client);
    call(client, NULL);
    heard = hear_hello();
    heard_free(&heard);
    part(client);
}

static void test_a_call_brings_a_token_of_its_own(void **state)
{
    struct mu_call_options how = { .token = "mut1.carol" };
    struct mu_client *client;
    struct heard heard;

    (void)state;
    assert_int_equal(mu_client_open(&client, &options), 0);
    for (int i = 0; i < 2; i++) { /* the second one waits for a connection */
        if (i == 1)
            lose(client);
        call(client, &how);
        heard = hear_hello();
        assert_int_equal(heard.envelope.token.size, strlen("mut1.carol"));
        assert_memory_equal(heard.envelope.token.data, "mut1.carol", strlen("mut1.carol"));
        heard_free(&heard);
    }
    part(client);
}

static void test_a_token_that_is_too_long_is_refused_here(void **state)
{
    char line[USER_TOKEN_SIZE + 1];
    struct mu_call_options how = { .token = line };
    struct mu_result result = { .body = NULL };
    struct mu_client *client;
    struct heard heard;

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(mu_client_open(&client, &options), 0);
    assert_int_equal(mu_client_present(client, line, NULL), MU_INVALID_ARGUMENT);
    assert_int_equal(mu_call(client, "greeter.Hello", (struct mu_bytes){ NULL, 0 }, &how, &result),
            MU_INVALID_ARGUMENT);
    call(client, NULL);
    heard = hear_hello();
    heard_free(&heard);
    part(client);
    options.user_token = line;
    assert_int_equal(mu_client_open(&client, &options), -EINVAL);
    options.user_token = NULL;
}

/* ---- the file ---- */

static void write_token(const char *text, mode_t mode)
{
    char path[PEER_DIR_MAX + 8];
    int fd;

    snprintf(path, sizeof(path), "%s/token", peer.dir);
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_the_file_of_who_is_logged_in_is_read_where_nothing_else_is_said(void **state)
{
    char text[USER_TOKEN_SIZE];
    char why[CREDENTIALS_WHY_MAX] = "";
    char path[PEER_DIR_MAX + 8];

    (void)state;
    assert_int_equal(user_token_find(text, NULL, peer.dir, why), 0);
    assert_string_equal(text, "");
    write_token("mut1.file\n", 0600);
    assert_int_equal(user_token_find(text, NULL, peer.dir, why), 0);
    assert_string_equal(text, "mut1.file");
    assert_int_equal(user_token_find(text, NULL, NULL, why), 0);
    assert_string_equal(text, "");
    assert_int_equal(user_token_find(text, "", peer.dir, why), 0);
    assert_string_equal(text, "");
    setenv("MU_TOKEN_USER", "mut1.env", 1);
    assert_int_equal(user_token_find(text, NULL, peer.dir, why), 0);
    assert_string_equal(text, "mut1.env");
    snprintf(path, sizeof(path), "%s/token", peer.dir);
    unlink(path);
}

static void test_a_file_that_others_can_read_is_none_to_be_used(void **state)
{
    char text[USER_TOKEN_SIZE];
    char why[CREDENTIALS_WHY_MAX] = "";
    char path[PEER_DIR_MAX + 8];

    (void)state;
    write_token("mut1.file\n", 0640);
    assert_int_equal(user_token_find(text, NULL, peer.dir, why), -EACCES);
    assert_non_null(strstr(why, "can be read by others"));
    snprintf(path, sizeof(path), "%s/token", peer.dir);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
        TEST(test_a_client_without_a_token_presents_none),
        TEST(test_the_environment_s_token_is_presented_before_the_client_is_open),
        TEST(test_a_token_that_is_refused_opens_nothing),
        TEST(test_a_new_connection_presents_the_token_before_any_call),
        TEST(test_a_client_s_user_changes_and_goes),
        TEST(test_a_call_brings_a_token_of_its_own),
        TEST(test_a_token_that_is_too_long_is_refused_here),
        TEST(test_the_file_of_who_is_logged_in_is_read_where_nothing_else_is_said),
        TEST(test_a_file_that_others_can_read_is_none_to_be_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
