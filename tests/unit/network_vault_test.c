// SPDX-License-Identifier: Apache-2.0
/* What a node keeps of its network, and what it does with files that are not as it left them. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "services/network/link/addressbook.h"
#include "services/network/link/admissions.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/network_seat.h"
#include "transport/secure/keyfile.h"

static void test_a_seat_is_the_same_after_a_restart(void **state)
{
    struct world *world = *state;
    uint8_t bytes[2][CHAIN_SIZE_MAX];
    struct membership before;
    struct membership *after = &world->seat.membership;

    whereabouts_set_listen(&after->whereabouts, "[::1]:7400");
    whereabouts_add(&after->whereabouts, "desk.example:7400");
    assert_int_equal(membership_copy(&before, after), 0);
    assert_int_equal(seat_take(&world->seat, after), 0);
    world_reopen(world);

    assert_true(world->seat.joined);
    assert_memory_equal(before.psk, after->psk, PSK_SIZE);
    assert_memory_equal(before.key.secret, after->key.secret, crypto_sign_SECRETKEYBYTES);
    assert_memory_equal(
            before.authority_key.secret, after->authority_key.secret, crypto_sign_SECRETKEYBYTES);
    assert_int_equal(chain_size(&before.chain), chain_size(&after->chain));
    chain_write(&before.chain, bytes[0]);
    chain_write(&after->chain, bytes[1]);
    assert_memory_equal(bytes[0], bytes[1], chain_size(&before.chain));
    certificate_write(&before.authority, bytes[0]);
    certificate_write(&after->authority, bytes[1]);
    assert_memory_equal(bytes[0], bytes[1], certificate_size(&before.authority));
    assert_true(public_key_equal(&before.root, &after->root));
    assert_true(network_id_equal(&before.network, &after->network));
    assert_memory_equal(&before.whereabouts, &after->whereabouts, sizeof(before.whereabouts));
    membership_deinit(&before);
}

static void test_a_founder_is_believed_by_the_network_and_has_an_authority(void **state)
{
    struct world *world = *state;
    struct identity identity;

    assert_int_equal(
            trust_check(&world->seat.trust, &world->seat.membership.chain, NOW_S, &identity),
            TRUST_OK);
    assert_string_equal(identity.name, "desk.alice");
    assert_int_equal(identity.roles, ROLE_MEMBER);
    assert_int_equal(
            trust_check_authority(&world->seat.trust, &world->seat.membership.authority, NOW_S),
            TRUST_OK);
}

static void test_the_root_key_is_on_no_disk_and_opens_with_its_passphrase_only(void **state)
{
    struct world *world = *state;
    const struct span sealed = { world->sealed, sizeof(world->sealed) };
    struct key root;

    assert_int_equal(world_count(world, ".key"), 2);
    assert_int_equal(seal_open(&root, sealed, (struct span){ (const uint8_t *)"close sesame", 12 }),
            SEAL_WRONG);
    assert_int_equal(
            seal_open(&root, sealed, (struct span){ (const uint8_t *)"open sesame", 11 }), 0);
    assert_true(public_key_equal(&root.public, &world->seat.membership.root));
    key_deinit(&root);
}

static void test_nobody_else_can_read_any_of_it(void **state)
{
    struct world *world = *state;
    static const char *const suffixes[] = { ".key", "data.mdb" };
    struct stat about;
    char path[256];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        world_find(world, suffixes[i], path);
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
    }
}

static void test_a_key_that_others_can_read_is_not_used(void **state)
{
    struct world *world = *state;
    char path[256];

    world_find(world, ".key", path);
    seat_close(&world->seat);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(seat_open(&world->seat, world->folder.path), VAULT_EXPOSED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(seat_open(&world->seat, world->folder.path), 0);
}

static void test_a_damaged_or_missing_key_is_noticed(void **state)
{
    struct world *world = *state;
    char path[256];
    int fd;

    world_find(world, ".key", path);
    seat_close(&world->seat);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "x", 1, 20), 1);
    close(fd);
    assert_int_equal(seat_open(&world->seat, world->folder.path), -EBADMSG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(seat_open(&world->seat, world->folder.path), -EBADMSG);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(seat_open(&world->seat, world->folder.path), -EBADMSG);
}

static void test_a_key_file_with_anothers_key_is_not_used(void **state)
{
    struct world *world = *state;
    struct key other;
    char path[256];

    world_find(world, ".key", path);
    seat_close(&world->seat);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(key_init(&other), 0);
    assert_int_equal(keyfile_write(world->folder.path, strrchr(path, '/') + 1, &other), KEYFILE_OK);
    key_deinit(&other);
    assert_int_equal(seat_open(&world->seat, world->folder.path), -EBADMSG);
}

static void test_records_that_were_not_written_here_are_refused(void **state)
{
    struct world *world = *state;
    static const char *const keys[] = { "self", "psk" };
    static const uint8_t bad[] = { 0x0a, 0x05, 'a' };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct mu_bytes key = { (const uint8_t *)keys[i], strlen(keys[i]) };
        struct membership read;
        struct mu_bytes value;
        uint8_t kept[2048];

        assert_int_equal(vault_get(&world->seat.vault, key, &value), VAULT_OK);
        assert_true(value.size <= sizeof(kept));
        memcpy(kept, value.data, value.size);
        value.data = kept;
        for (size_t size = 0; size < value.size / 2; size += 7) {
            assert_int_equal(
                    vault_put(&world->seat.vault, key, (struct mu_bytes){ kept, size }), VAULT_OK);
            assert_int_equal(vault_load(&world->seat.vault, &read), -EBADMSG);
        }
        assert_int_equal(vault_put(&world->seat.vault, key, (struct mu_bytes){ bad, sizeof(bad) }),
                VAULT_OK);
        assert_int_equal(vault_load(&world->seat.vault, &read), -EBADMSG);
        vault_abort(&world->seat.vault);
    }
}

static void test_leaving_leaves_nothing(void **state)
{
    struct world *world = *state;
    struct token token;

    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(authority_invite(&world->seat, 1, NOW_S + HOUR_S,
                                 &world->seat.membership.whereabouts, NOW_S, &token),
                0);
    assert_int_equal(seat_leave(&world->seat), 0);
    assert_false(world->seat.joined);
    assert_int_equal(world_count(world, ".key"), 0);
    world_reopen(world);
    assert_false(world->seat.joined);
    assert_int_equal(
            admissions_get_token(&world->seat.vault, &token.id, &(struct token_record){ 0 }),
            VAULT_NONE);
}

static void test_a_key_that_was_replaced_is_gone(void **state)
{
    struct world *world = *state;
    struct membership next;
    char path[256];

    assert_int_equal(membership_copy(&next, &world->seat.membership), 0);
    key_deinit(&next.key);
    assert_int_equal(key_init(&next.key), 0);
    next.chain.certificates[0].subject = next.key.public;
    assert_int_equal(
            certificate_sign(&next.chain.certificates[0], &next.authority_key), CERTIFICATE_OK);
    snprintf(path, sizeof(path), "%s/left-over.key", world->folder.path);
    close(open(path, O_CREAT | O_WRONLY, 0600)); /* of a process that died in between */
    assert_int_equal(seat_take(&world->seat, &next), 0);
    assert_int_equal(world_count(world, ".key"), 2);
    world_reopen(world);
    assert_true(public_key_equal(&world->seat.membership.key.public,
            &world->seat.membership.chain.certificates[0].subject));
}

static void test_the_root_certifies_an_authority_anew_and_a_second_one(void **state)
{
    struct world *world = *state;
    const struct span sealed = { world->sealed, sizeof(world->sealed) };
    const struct span right = { (const uint8_t *)"open sesame", 11 };
    struct membership next;
    uint8_t foreign[SEALED_KEY_SIZE];
    struct founding founding = world_founding("other");

    assert_int_equal(membership_copy(&next, &world->seat.membership), 0);
    assert_int_equal(founding_certify(&next, sealed, right, NOW_S + DAY_S), FOUNDING_OK);
    assert_true(next.authority.not_after_s == NOW_S + DAY_S + AUTHORITY_LIFE_S);
    assert_true(public_key_equal(
            &next.authority.subject, &world->seat.membership.authority_key.public));

    key_deinit(&next.authority_key); /* as a node that is no authority */
    assert_int_equal(founding_certify(&next, sealed, right, NOW_S), FOUNDING_OK);
    assert_true(membership_is_authority(&next));
    assert_int_equal(trust_check_authority(&world->seat.trust, &next.authority, NOW_S), TRUST_OK);

    assert_int_equal(
            founding_certify(&next, sealed, (struct span){ (const uint8_t *)"x", 1 }, NOW_S),
            FOUNDING_WRONG);
    assert_int_equal(founding_certify(&next, (struct span){ world->sealed, 7 }, right, NOW_S),
            FOUNDING_NO_ROOT);
    assert_int_equal(
            founding_certify(&next, sealed, (struct span){ 0 }, NOW_S), FOUNDING_PASSPHRASE);
    membership_deinit(&next);
    assert_int_equal(founding_found(&founding, &next, foreign), FOUNDING_OK);
    assert_int_equal(founding_certify(&next, sealed, right, NOW_S), FOUNDING_FOREIGN);
    membership_deinit(&next);
}

static void test_names_that_are_none_found_no_network(void **state)
{
    static const char *const names[] = { "", "Desk", "a.b", "-a", "a_b",
        "a123456789a123456789a123456789a123456789a123456789a123456789abc" };
    struct membership membership;
    uint8_t sealed[SEALED_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct founding founding = world_founding(names[i]);

        assert_int_equal(founding_found(&founding, &membership, sealed), FOUNDING_NAME);
    }
}

struct seen {
    unsigned told;
    unsigned nodes;
};

static void see(const struct public_key *node, const char *address, void *user)
{
    struct seen *seen = user;

    assert_string_not_equal(address, "nonsense");
    if (node == NULL)
        seen->told += 1;
    else
        seen->nodes += 1;
}

static void test_addresses_are_kept_up_to_their_limits(void **state)
{
    struct world *world = *state;
    struct vault *vault = &world->seat.vault;
    char *addresses[] = { "10.0.0.1:7400", "nonsense", "[::1]:7400" };
    struct public_key node = { { 0 } };
    struct seen seen = { 0 };
    char text[32];

    for (unsigned i = 0; i < ADDRESSBOOK_TOLD_MAX; i++) {
        snprintf(text, sizeof(text), "10.0.0.%u:7400", i);
        assert_int_equal(addressbook_put(vault, text), VAULT_OK);
    }
    assert_int_equal(addressbook_put(vault, "10.0.0.0:7400"), VAULT_OK); /* is there */
    assert_int_equal(vault_commit(vault), VAULT_OK);
    assert_int_equal(addressbook_put(vault, "10.0.1.0:7400"), VAULT_FULL);
    for (unsigned i = 0; i < ADDRESSBOOK_NODES_MAX; i++) {
        node.bytes[0] = (uint8_t)i;
        assert_int_equal(addressbook_put_node(vault, &node, addresses, 3), VAULT_OK);
    }
    assert_int_equal(vault_commit(vault), VAULT_OK);
    node.bytes[1] = 1;
    assert_int_equal(addressbook_put_node(vault, &node, addresses, 3), VAULT_FULL);
    world_reopen(world);
    assert_int_equal(addressbook_each(&world->seat.vault, see, &seen), VAULT_OK);
    assert_int_equal(seen.told, ADDRESSBOOK_TOLD_MAX);
    assert_int_equal(seen.nodes, 2 * ADDRESSBOOK_NODES_MAX);
}

static void test_where_a_node_is_is_checked(void **state)
{
    struct whereabouts whereabouts = { 0 };

    (void)state;
    assert_true(whereabouts_set_listen(&whereabouts, "0.0.0.0:0"));
    assert_true(whereabouts_set_listen(&whereabouts, "[::]:7400"));
    assert_true(whereabouts_set_listen(&whereabouts, ""));
    assert_false(whereabouts_set_listen(&whereabouts, "7400"));
    assert_false(whereabouts_set_listen(&whereabouts, "host:00"));
    for (unsigned i = 0; i < TOKEN_ADDRESSES_MAX; i++)
        assert_true(whereabouts_add(&whereabouts, "host:1"));
    assert_false(whereabouts_add(&whereabouts, "host:1"));
    whereabouts.address_count = 0;
    assert_false(whereabouts_add(&whereabouts, "host:0"));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_WORLD(test_a_seat_is_the_same_after_a_restart),
        IN_WORLD(test_a_founder_is_believed_by_the_network_and_has_an_authority),
        IN_WORLD(test_the_root_key_is_on_no_disk_and_opens_with_its_passphrase_only),
        IN_WORLD(test_nobody_else_can_read_any_of_it),
        IN_WORLD(test_a_key_that_others_can_read_is_not_used),
        IN_WORLD(test_a_damaged_or_missing_key_is_noticed),
        IN_WORLD(test_a_key_file_with_anothers_key_is_not_used),
        IN_WORLD(test_records_that_were_not_written_here_are_refused),
        IN_WORLD(test_leaving_leaves_nothing),
        IN_WORLD(test_a_key_that_was_replaced_is_gone),
        IN_WORLD(test_the_root_certifies_an_authority_anew_and_a_second_one),
        cmocka_unit_test(test_names_that_are_none_found_no_network),
        IN_WORLD(test_addresses_are_kept_up_to_their_limits),
        cmocka_unit_test(test_where_a_node_is_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
