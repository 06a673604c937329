// SPDX-License-Identifier: Apache-2.0
/* What DNS answers: whatever the bytes are, only addresses come out. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "services/network/link/srv.h"
#include "tests/unit/cmocka.h"
#include "transport/secure/address.h"

/* One answer for _mu._tcp.a.b: priority 0, weight 0, port 7400, target host.a.b, and one whose
 * target is the root: none. */
static const uint8_t golden[] = {
    0x12, 0x34, 0x85, 0x80, 0, 1, 0, 2, 0, 0, 0, 0,             /* head: 1 question, 2 answers */
    3, '_', 'm', 'u', 4, '_', 't', 'c', 'p', 1, 'a', 1, 'b', 0, /* at 12 */
    0, 33, 0, 1,                                                /* SRV, IN */
    0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 13,                  /* the name again; 13 bytes */
    0, 0, 0, 0, 0x1c, 0xe8, 4, 'h', 'o', 's', 't', 0xc0, 21,    /* …, port 7400, host.a.b */
    0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 7,                   /* */
    0, 0, 0, 0, 0, 1, 0,                                        /* `.` */
};

static bool valid(const char *name)
{
    return srv_name_is_valid((struct span){ (const uint8_t *)name, strlen(name) });
}

static void test_names_are_domains_and_no_addresses(void **state)
{
    (void)state;
    assert_true(valid("home.example"));
    assert_true(valid("a.b"));
    assert_false(valid("home"));
    assert_false(valid("home.example:7400"));
    assert_false(valid("_mu._tcp.home.example"));
    assert_false(valid(""));
    assert_false(valid("."));
    assert_false(valid("-a.b"));
}

static void test_records_become_addresses(void **state)
{
    struct srv_answer answer;

    (void)state;
    srv_read(&answer, (struct span){ golden, sizeof(golden) });
    assert_int_equal(answer.count, 1);
    assert_string_equal(answer.addresses[0], "host.a.b:7400");
}

static void test_cut_and_changed_answers_give_nothing_but_addresses(void **state)
{
    struct srv_answer answer;
    uint8_t bytes[sizeof(golden)];
    struct random random;

    (void)state;
    random_init(&random, 1);
    for (size_t size = 0; size < sizeof(golden); size++)
        srv_read(&answer, (struct span){ golden, size });
    for (unsigned i = 0; i < 100000; i++) {
        memcpy(bytes, golden, sizeof(golden));
        for (unsigned k = 0; k <= random_below(&random, 3); k++)
            bytes[random_below(&random, sizeof(golden))] = (uint8_t)random_next(&random);
        srv_read(&answer, (struct span){ bytes, sizeof(bytes) });
        assert_true(answer.count <= SRV_TARGETS_MAX);
        for (uint32_t k = 0; k < answer.count; k++)
            assert_true(address_is_valid((struct span){
                    (const uint8_t *)answer.addresses[k], strlen(answer.addresses[k]) }));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_domains_and_no_addresses),
        cmocka_unit_test(test_records_become_addresses),
        cmocka_unit_test(test_cut_and_changed_answers_give_nothing_but_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
