// SPDX-License-Identifier: Apache-2.0
/* The audit log: whatever is done to an entry, verifying says where. */
#include <string.h>

#include "services/platform/auth/audit.h"
#include "tests/unit/auth_book.h"
#include "tests/unit/cmocka.h"

enum { ENTRIES = 40 };

static void append(struct shelf *shelf, const char *about, uint64_t now_ms)
{
    const struct audit_event event = { .event = "login", .by = "operator", .about = about };

    assert_int_equal(audit_append(&shelf->book, &event, now_ms), BOOK_OK);
}

static void fill(struct shelf *shelf)
{
    char about[16];

    for (unsigned i = 1; i <= ENTRIES; i++) {
        snprintf(about, sizeof(about), "account-%u", i);
        append(shelf, about, NOW_MS + i);
    }
    assert_int_equal(book_commit(&shelf->book), BOOK_OK);
}

static void entry_key(struct book_key *key, uint64_t number)
{
    book_key_init(key, 'e');
    book_key_add_number(key, number);
}

static uint64_t broken(struct shelf *shelf)
{
    struct audit_verdict verdict;

    assert_int_equal(audit_verify(&shelf->book, 0, UINT64_MAX, &verdict), BOOK_OK);
    assert_int_equal(verdict.broken == 0, verdict.why == NULL);
    return verdict.broken;
}

static void test_entries_come_back_as_they_were_after_a_restart(void **state)
{
    struct shelf *shelf = *state;
    struct audit_verdict verdict;
    struct audit_chain chain;
    struct audit_entry entry;

    fill(shelf);
    shelf_reopen(shelf);
    assert_int_equal(audit_chain(&shelf->book, &chain), BOOK_OK);
    assert_int_equal(chain.first, 1);
    assert_int_equal(chain.last, ENTRIES);
    assert_int_equal(audit_get(&shelf->book, 7, &entry), BOOK_OK);
    assert_int_equal(entry.number, 7);
    assert_int_equal(entry.time_ms, NOW_MS + 7);
    assert_string_equal(entry.event, "login");
    assert_string_equal(entry.by, "operator");
    assert_string_equal(entry.about, "account-7");
    assert_string_equal(entry.detail, "");
    assert_int_equal(audit_verify(&shelf->book, 0, UINT64_MAX, &verdict), BOOK_OK);
    assert_int_equal(verdict.verified, ENTRIES);
    assert_int_equal(verdict.last, ENTRIES);
    assert_memory_equal(verdict.hash, chain.hash, AUDIT_HASH_SIZE);
    assert_int_equal(verdict.next, 0);
}

static void test_an_empty_log_is_whole(void **state)
{
    struct shelf *shelf = *state;

    assert_int_equal(broken(shelf), 0);
}

/* Each byte of each entry, hash and all. */
static void test_a_byte_that_was_changed_shows_in_its_entry(void **state)
{
    struct shelf *shelf = *state;

    fill(shelf);
    for (uint64_t number = 1; number <= ENTRIES; number += 13) {
        struct mu_bytes value;
        struct book_key key;
        uint8_t bytes[1024];
        size_t size;

        entry_key(&key, number);
        assert_int_equal(book_get(&shelf->book, &key, &value), BOOK_OK);
        size = value.size;
        memcpy(bytes, value.data, size);
        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= 1;
            assert_int_equal(
                    book_put(&shelf->book, &key, (struct mu_bytes){ bytes, size }), BOOK_OK);
            assert_int_equal(broken(shelf), number);
            bytes[i] ^= 1;
        }
        book_put(&shelf->book, &key, (struct mu_bytes){ bytes, size });
        assert_int_equal(broken(shelf), 0);
    }
}

static void test_an_entry_that_was_taken_out_shows(void **state)
{
    struct shelf *shelf = *state;

    fill(shelf);
    for (uint64_t number = 1; number <= ENTRIES; number++) {
        struct book_key key;

        entry_key(&key, number);
        assert_int_equal(book_delete(&shelf->book, &key), BOOK_OK);
        assert_int_equal(broken(shelf), number);
        book_abort(&shelf->book);
    }
}

static void copy(struct shelf *shelf, uint64_t from, uint64_t to)
{
    uint8_t bytes[1024];
    struct mu_bytes value;
    struct book_key key;

    entry_key(&key, from);
    assert_int_equal(book_get(&shelf->book, &key, &value), BOOK_OK);
    memcpy(bytes, value.data, value.size);
    value.data = bytes;
    entry_key(&key, to);
    assert_int_equal(book_put(&shelf->book, &key, value), BOOK_OK);
}

static void test_entries_that_changed_places_or_were_added_show(void **state)
{
    struct shelf *shelf = *state;

    fill(shelf);
    copy(shelf, 9, 8);
    assert_int_equal(broken(shelf), 8);
    book_abort(&shelf->book);
    copy(shelf, ENTRIES, ENTRIES + 1);
    assert_int_equal(broken(shelf), ENTRIES + 1);
    book_abort(&shelf->book);
    assert_int_equal(broken(shelf), 0);
}

/* Changes the last byte of an entry and computes its hash anew, as docs/protocol.md says it is
 * made.
 */
static void forge(struct shelf *shelf, uint64_t number)
{
    static const char purpose[] = "mu.audit.v1";
    uint8_t hashed[2048] = { 0 };
    uint8_t bytes[1024];
    struct mu_bytes before;
    struct mu_bytes value;
    struct book_key key;
    size_t size;

    memcpy(hashed, purpose, sizeof(purpose));
    entry_key(&key, number - 1);
    if (number > 1) {
        assert_int_equal(book_get(&shelf->book, &key, &before), BOOK_OK);
        memcpy(hashed + sizeof(purpose), before.data, AUDIT_HASH_SIZE);
    }
    entry_key(&key, number);
    assert_int_equal(book_get(&shelf->book, &key, &value), BOOK_OK);
    memcpy(bytes, value.data, value.size);
    size = value.size - AUDIT_HASH_SIZE;
    bytes[value.size - 1] ^= 1;
    memcpy(hashed + sizeof(purpose) + AUDIT_HASH_SIZE, bytes + AUDIT_HASH_SIZE, size);
    crypto_generichash(
            bytes, AUDIT_HASH_SIZE, hashed, sizeof(purpose) + AUDIT_HASH_SIZE + size, NULL, 0);
    value.data = bytes;
    assert_int_equal(book_put(&shelf->book, &key, value), BOOK_OK);
}

static void test_an_entry_forged_with_its_hash_shows_in_the_next_and_the_last_in_itself(
        void **state)
{
    struct shelf *shelf = *state;

    fill(shelf);
    for (uint64_t number = 1; number <= ENTRIES; number++) {
        forge(shelf, number);
        assert_int_equal(broken(shelf), number < ENTRIES ? number + 1 : ENTRIES);
        book_abort(&shelf->book);
    }
}

/* Whoever computes all hashes anew is found by one that was noted elsewhere. */
static void test_a_log_that_was_written_anew_ends_in_another_hash(void **state)
{
    struct shelf *shelf = *state;
    struct audit_chain before;
    struct audit_chain after;
    struct book_key all;

    fill(shelf);
    assert_int_equal(audit_chain(&shelf->book, &before), BOOK_OK);
    book_key_init(&all, 'e');
    assert_int_equal(book_delete_all(&shelf->book, &all), 0);
    book_key_init(&all, 'c');
    assert_int_equal(book_delete_all(&shelf->book, &all), 0);
    for (unsigned i = 1; i <= ENTRIES; i++)
        append(shelf, i == 3 ? "somebody-else" : "account", NOW_MS + i);
    assert_int_equal(broken(shelf), 0);
    assert_int_equal(audit_chain(&shelf->book, &after), BOOK_OK);
    assert_memory_not_equal(before.hash, after.hash, AUDIT_HASH_SIZE);
}

static void test_it_is_verified_in_parts_as_in_one(void **state)
{
    struct shelf *shelf = *state;
    struct audit_verdict verdict = { .next = 0 };
    struct book_key key;
    uint64_t verified = 0;

    fill(shelf);
    do {
        assert_int_equal(audit_verify(&shelf->book, verdict.next, 7, &verdict), BOOK_OK);
        assert_int_equal(verdict.broken, 0);
        verified += verdict.verified;
    } while (verdict.next != 0);
    assert_int_equal(verified, ENTRIES);
    entry_key(&key, 20);
    assert_int_equal(book_delete(&shelf->book, &key), BOOK_OK);
    assert_int_equal(audit_verify(&shelf->book, 15, 7, &verdict), BOOK_OK);
    assert_int_equal(verdict.verified, 5);
    assert_int_equal(verdict.broken, 20);
    assert_int_equal(audit_verify(&shelf->book, ENTRIES + 2, 7, &verdict), BOOK_NONE);
}

static void test_texts_are_cut_where_a_character_ends(void **state)
{
    struct shelf *shelf = *state;
    char text[2 * AUDIT_TEXT_MAX];
    struct audit_entry entry;

    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "ä", 2);
    text[sizeof(text) - 2] = '\0';
    append(shelf, text, NOW_MS);
    assert_int_equal(audit_get(&shelf->book, 1, &entry), BOOK_OK);
    assert_int_equal(strlen(entry.about), AUDIT_TEXT_MAX - 1);
    assert_int_equal(broken(shelf), 0);
}

static void test_the_oldest_entries_go_and_what_stays_is_verified(void **state)
{
    struct shelf *shelf = *state;
    struct audit_chain chain;
    struct audit_entry entry;

    for (unsigned i = 0; i < AUDIT_ENTRIES_MAX + 3; i++) {
        append(shelf, "a", NOW_MS);
        if (i % 8192 == 0)
            assert_int_equal(book_commit(&shelf->book), BOOK_OK);
    }
    assert_int_equal(audit_chain(&shelf->book, &chain), BOOK_OK);
    assert_int_equal(chain.first, 4);
    assert_int_equal(chain.last, AUDIT_ENTRIES_MAX + 3);
    assert_int_equal(audit_get(&shelf->book, 3, &entry), BOOK_NONE);
    assert_int_equal(broken(shelf), 0);
}

#define ON_A_SHELF(test) cmocka_unit_test_setup_teardown(test, shelf_set_up, shelf_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_SHELF(test_entries_come_back_as_they_were_after_a_restart),
        ON_A_SHELF(test_an_empty_log_is_whole),
        ON_A_SHELF(test_a_byte_that_was_changed_shows_in_its_entry),
        ON_A_SHELF(test_an_entry_that_was_taken_out_shows),
        ON_A_SHELF(test_entries_that_changed_places_or_were_added_show),
        ON_A_SHELF(test_an_entry_forged_with_its_hash_shows_in_the_next_and_the_last_in_itself),
        ON_A_SHELF(test_a_log_that_was_written_anew_ends_in_another_hash),
        ON_A_SHELF(test_it_is_verified_in_parts_as_in_one),
        ON_A_SHELF(test_texts_are_cut_where_a_character_ends),
        ON_A_SHELF(test_the_oldest_entries_go_and_what_stays_is_verified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
