// SPDX-License-Identifier: Apache-2.0
/* Requests to etcd's JSON gateway as etcd wants them, and its answers, as it gives them and as
 * nobody should. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/etcd/v3.h"
#include "tests/unit/cmocka.h"

#define KV     "{\"key\":\"L2E=\",\"mod_revision\":\"1\"}"
#define HEADER "\"header\":{\"cluster_id\":\"1\",\"revision\":\"42\"}"

static struct mu_bytes bytes_of(const char *text)
{
    return (struct mu_bytes){ (const uint8_t *)text, strlen(text) };
}

/* What was told, as "key=value@revision" or "-key@revision", each with a blank behind it. */
static char told[512];

static int note(const struct v3_pair *pair, void *user)
{
    int *stop_at = user;
    size_t size = strlen(told);

    if (stop_at != NULL && --*stop_at == 0)
        return 7;
    if (pair->deleted)
        snprintf(told + size, sizeof(told) - size, "-%s@%d ", pair->key, (int)pair->revision);
    else
        snprintf(told + size, sizeof(told) - size, "%s=%.*s@%d ", pair->key, (int)pair->value.size,
                (const char *)pair->value.data, (int)pair->revision);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    told[0] = '\0';
    return 0;
}

/* ---- requests ---- */

static void assert_request(char *request, const char *expected)
{
    assert_non_null(request);
    assert_string_equal(request, expected);
    free(request);
}

static void test_requests_are_what_etcd_reads(void **state)
{
    (void)state;
    assert_request(v3_get("/a"), "{\"key\":\"L2E=\"}");
    assert_request(v3_range(bytes_of("/a"), "/b", 64, 9),
            "{\"key\":\"L2E=\",\"range_end\":\"L2I=\",\"limit\":\"64\",\"revision\":\"9\","
            "\"sort_order\":\"ASCEND\",\"sort_target\":\"KEY\"}");
    assert_request(v3_put_if("/a", bytes_of("v"), 7, 3),
            "{\"compare\":[{\"key\":\"L2E=\",\"target\":\"MOD\",\"result\":\"EQUAL\","
            "\"mod_revision\":\"3\"}],\"success\":[{\"request_put\":{\"key\":\"L2E=\","
            "\"value\":\"dg==\",\"lease\":\"7\"}}],"
            "\"failure\":[{\"request_range\":{\"key\":\"L2E=\"}}]}");
    assert_request(v3_delete("/a"), "{\"key\":\"L2E=\"}");
    assert_request(v3_grant(10), "{\"TTL\":\"10\"}");
    assert_request(v3_lease(UINT64_C(9223372036854775807)), "{\"ID\":\"9223372036854775807\"}");
    assert_request(v3_watch("/a", "/b", 43),
            "{\"create_request\":{\"key\":\"L2E=\",\"range_end\":\"L2I=\","
            "\"start_revision\":\"43\"}}");
}

/* ---- answers ---- */

static void test_a_range_is_told_pair_by_pair(void **state)
{
    uint64_t revision = 0;
    bool more = false;

    (void)state;
    assert_int_equal(v3_read_range(bytes_of("{" HEADER ",\"kvs\":["
                                            "{\"key\":\"L2E=\",\"value\":\"dg==\","
                                            "\"mod_revision\":\"3\"},"
                                            "{\"key\":\"L2I=\",\"mod_revision\":\"4\"}],"
                                            "\"more\":true,\"count\":\"5\"}"),
                             note, NULL, &revision, &more),
            0);
    assert_string_equal(told, "/a=v@3 /b=@4 ");
    assert_int_equal(revision, 42);
    assert_true(more);
    assert_int_equal(v3_read_range(bytes_of("{" HEADER "}"), note, NULL, &revision, &more), 0);
    assert_false(more);
}

static void test_who_is_told_can_end_it(void **state)
{
    int stop_at = 2;
    uint64_t revision;
    bool more;

    (void)state;
    assert_int_equal(v3_read_range(bytes_of("{" HEADER ",\"kvs\":["
                                            "{\"key\":\"L2E=\",\"mod_revision\":\"3\"},"
                                            "{\"key\":\"L2I=\",\"mod_revision\":\"4\"}]}"),
                             note, &stop_at, &revision, &more),
            7);
    assert_string_equal(told, "/a=@3 ");
}

static void test_a_key_may_hold_anything(void **state)
{
    uint64_t revision;
    bool more;

    (void)state;
    assert_int_equal(
            v3_read_range(
                    bytes_of("{" HEADER ",\"kvs\":[{\"key\":\"AGE=\",\"mod_revision\":\"1\"}]}"),
                    note, NULL, &revision, &more),
            0);
    assert_string_equal(told, "=@1 "); /* it begins with a NUL */
}

static void test_what_is_no_range_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "null",
        "{",
        "{}",
        "{\"header\":{}}",
        "{\"header\":[]}",
        "{\"header\":{\"revision\":42}}",
        "{\"header\":{\"revision\":\"-1\"}}",
        "{\"header\":{\"revision\":\"\"}}",
        "{\"header\":{\"revision\":\"1e3\"}}",
        "{\"header\":{\"revision\":\"9223372036854775808\"}}",
        "{\"header\":{\"revision\":\"99999999999999999999\"}}",
        "{" HEADER "," HEADER "}",
        "{" HEADER ",\"kvs\":{}}",
        "{" HEADER ",\"kvs\":[1]}",
        "{" HEADER ",\"kvs\":[{}]}",
        "{" HEADER ",\"kvs\":[{\"key\":\"L2E=\"}]}",
        "{" HEADER ",\"kvs\":[{\"key\":\"\",\"mod_revision\":\"3\"}]}",
        "{" HEADER ",\"kvs\":[{\"key\":\"L2E\",\"mod_revision\":\"3\"}]}",
        "{" HEADER ",\"kvs\":[{\"key\":\"!!!!\",\"mod_revision\":\"3\"}]}",
        "{" HEADER ",\"kvs\":[{\"key\":1,\"mod_revision\":\"3\"}]}",
        "{" HEADER ",\"kvs\":[{\"key\":\"L2E=\",\"value\":[],\"mod_revision\":\"3\"}]}",
        "{" HEADER ",\"more\":\"true\"}",
        "{\"error\":\"etcdserver: no leader\",\"code\":14}",
    };
    uint64_t revision;
    bool more;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(v3_read_range(bytes_of(texts[i]), note, NULL, &revision, &more), -EBADMSG);
    assert_string_equal(told, "");
}

static void test_a_write_was_made_or_it_is_told_how_the_key_stands(void **state)
{
    uint64_t revision = 0;
    bool done = false;

    (void)state;
    assert_int_equal(v3_read_put_if(bytes_of("{" HEADER ",\"succeeded\":true,\"responses\":"
                                             "[{\"response_put\":{}}]}"),
                             &done, &revision),
            0);
    assert_true(done);
    assert_int_equal(revision, 42);
    assert_int_equal(
            v3_read_put_if(bytes_of("{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":"
                                    "[{\"key\":\"L2E=\",\"mod_revision\":\"9\"}]}}]}"),
                    &done, &revision),
            0);
    assert_false(done);
    assert_int_equal(revision, 9);
    assert_int_equal(v3_read_put_if(bytes_of("{" HEADER ",\"responses\":"
                                             "[{\"response_range\":{}}]}"),
                             &done, &revision),
            0);
    assert_false(done);
    assert_int_equal(revision, 0);
}

static void test_what_is_no_answer_to_a_write_is_refused(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{" HEADER "}",
        "{" HEADER ",\"succeeded\":1}",
        "{" HEADER ",\"responses\":[]}",
        "{" HEADER ",\"responses\":[{},{}]}",
        "{" HEADER ",\"responses\":[{\"response_range\":[]}]}",
        "{\"succeeded\":true}",
    };
    uint64_t revision;
    bool done;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(v3_read_put_if(bytes_of(texts[i]), &done, &revision), -EBADMSG);
}

static void test_a_lease_is_granted_and_lives_or_is_over(void **state)
{
    uint64_t lease = 0;
    bool alive = false;

    (void)state;
    assert_int_equal(
            v3_read_grant(bytes_of("{" HEADER ",\"ID\":\"77\",\"TTL\":\"10\"}"), &lease), 0);
    assert_int_equal(lease, 77);
    assert_int_equal(v3_read_grant(bytes_of("{" HEADER "}"), &lease), -EBADMSG);
    assert_int_equal(v3_read_grant(bytes_of("{\"ID\":77}"), &lease), -EBADMSG);
    assert_int_equal(v3_read_keep_alive(bytes_of("{\"result\":{" HEADER ",\"ID\":\"77\","
                                                 "\"TTL\":\"10\"}}"),
                             &alive),
            0);
    assert_true(alive);
    assert_int_equal(
            v3_read_keep_alive(bytes_of("{\"result\":{" HEADER ",\"ID\":\"77\"}}"), &alive), 0);
    assert_false(alive);
    assert_int_equal(v3_read_keep_alive(bytes_of("{}"), &alive), -EBADMSG);
    assert_int_equal(v3_read_keep_alive(bytes_of("{\"result\":[]}"), &alive), -EBADMSG);
}

/* ---- the watch ---- */

static int read_line(const char *line, enum v3_news *newsp, char reason[64])
{
    return v3_read_watch(bytes_of(line), note, NULL, newsp, reason, 64);
}

static void test_a_watch_tells_what_was_written_and_deleted(void **state)
{
    enum v3_news news = V3_NEWS_COMPACTED;
    char reason[64] = "";

    (void)state;
    assert_int_equal(read_line("{\"result\":{" HEADER ",\"created\":true}}", &news, reason), 0);
    assert_int_equal(news, V3_NEWS_EVENTS);
    assert_int_equal(read_line("{\"result\":{" HEADER ",\"events\":["
                               "{\"kv\":{\"key\":\"L2E=\",\"value\":\"dg==\","
                               "\"mod_revision\":\"41\"}},"
                               "{\"type\":\"DELETE\",\"kv\":{\"key\":\"L2I=\","
                               "\"mod_revision\":\"42\"}}]}}",
                             &news, reason),
            0);
    assert_string_equal(told, "/a=v@41 -/b@42 ");
}

static void test_a_watch_that_ends_says_why(void **state)
{
    enum v3_news news;
    char reason[64] = "";

    (void)state;
    assert_int_equal(read_line("{\"result\":{" HEADER ",\"canceled\":true,"
                               "\"compact_revision\":\"30\"}}",
                             &news, reason),
            0);
    assert_int_equal(news, V3_NEWS_COMPACTED);
    assert_int_equal(read_line("{\"result\":{" HEADER ",\"canceled\":true,"
                               "\"cancel_reason\":\"etcdserver: no leader\"}}",
                             &news, reason),
            -EPIPE);
    assert_string_equal(reason, "etcdserver: no leader");
    assert_int_equal(read_line("{\"error\":{\"grpc_code\":14,\"message\":"
                               "\"etcdserver: no leader\",\"http_code\":503}}",
                             &news, reason),
            -EPIPE);
    assert_string_equal(reason, "etcdserver: no leader");
    assert_int_equal(read_line("{\"error\":{}}", &news, reason), -EPIPE);
    assert_string_equal(reason, "etcd ended the watch");
}

static void test_a_line_that_is_none_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "{\"result\":1}",
        "{\"result\":{\"canceled\":1}}",
        "{\"result\":{\"events\":{}}}",
        "{\"result\":{\"events\":[1]}}",
        "{\"result\":{\"events\":[{}]}}",
        "{\"result\":{\"events\":[{\"type\":\"BURN\",\"kv\":" KV "}]}}",
        "{\"result\":{\"events\":[{\"type\":1,\"kv\":" KV "}]}}",
    };
    enum v3_news news;
    char reason[64];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(read_line(texts[i], &news, reason), -EBADMSG);
    assert_string_equal(told, "");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_requests_are_what_etcd_reads),
        TEST(test_a_range_is_told_pair_by_pair),
        TEST(test_who_is_told_can_end_it),
        TEST(test_a_key_may_hold_anything),
        TEST(test_what_is_no_range_is_refused),
        TEST(test_a_write_was_made_or_it_is_told_how_the_key_stands),
        TEST(test_what_is_no_answer_to_a_write_is_refused),
        TEST(test_a_lease_is_granted_and_lives_or_is_over),
        TEST(test_a_watch_tells_what_was_written_and_deleted),
        TEST(test_a_watch_that_ends_says_why),
        TEST(test_a_line_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
