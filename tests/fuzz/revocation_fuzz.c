// SPDX-License-Identifier: Apache-2.0
/* First byte even: the rest is a list from a peer; what is read must be written back the same. Odd:
 * the rest is a history of one signer - revoke, forget, sign, offer anew, offer an old one - held
 * against a table that knows no order, no bytes and no signatures. */
#include "base/check.h"
#include "tests/unit/identity_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SUBJECTS = 8, OLD_LISTS = 4, LIST_ROOM = 1024, OPS_SIZE_MAX = 64 };

/* The naive view: until when each subject is revoked, 0 for never. Subject 0 is everybody. */
struct table {
    uint64_t until_s[SUBJECTS];
};

struct history {
    struct revocation_list *list; /* the signer's own, owned */
    struct table table;           /* what it says */
    struct table held;            /* what trust took over last */
    uint64_t held_version;
    uint8_t old[OLD_LISTS][LIST_ROOM];
    size_t old_size[OLD_LISTS];
    uint64_t old_version[OLD_LISTS];
    struct table old_table[OLD_LISTS];
    uint32_t signed_count;
};

static struct network network;
static uint8_t bytes[REVOCATION_LIST_SIZE_MAX];

static void check_raw(struct span offered)
{
    struct revocation_list *list = malloc(sizeof(*list));

    CHECK(list != NULL);
    if (revocation_list_read(list, offered) == REVOCATION_OK) {
        CHECK(revocation_list_size(list) == offered.size);
        CHECK(revocation_list_write(list, bytes) == bytes + offered.size);
        CHECK(memcmp(bytes, offered.data, offered.size) == 0);
    }
    free(list);
    trust_revoke(&network.trust, offered);
}

static struct public_key subject_of(size_t number)
{
    struct public_key key = { { 0 } };

    if (number != 0)
        memset(key.bytes, (int)number * 31, sizeof(key.bytes));
    return key;
}

static void sign(struct history *history)
{
    uint32_t slot = history->signed_count++ % OLD_LISTS;

    CHECK(revocation_list_sign(history->list, &network.authority, &network.authority_certificate,
                  NOW_S) == REVOCATION_OK);
    history->old_size[slot] = revocation_list_size(history->list);
    CHECK(history->old_size[slot] <= LIST_ROOM);
    revocation_list_write(history->list, history->old[slot]);
    history->old_version[slot] = history->list->version;
    history->old_table[slot] = history->table;
}

static void offer(struct history *history, uint32_t slot)
{
    struct span offered = { history->old[slot], history->old_size[slot] };
    int r;

    if (offered.size == 0)
        return;
    r = trust_revoke(&network.trust, offered);
    if (history->old_version[slot] > history->held_version) {
        CHECK(r == 0);
        history->held_version = history->old_version[slot];
        history->held = history->old_table[slot];
    } else {
        CHECK(r == (history->old_version[slot] == history->held_version ? TRUST_SAME_LIST
                                                                        : TRUST_OLD_LIST));
    }
}

/* A certificate of each subject must be void in trust's list exactly where the table says so. */
static void compare(const struct history *history, uint8_t begin)
{
    if (history->held_version == 0)
        return;
    CHECK(network.trust.list_count == 1);
    for (size_t i = 1; i < SUBJECTS; i++) {
        struct certificate certificate = {
            .kind = CERTIFICATE_NODE, .subject = subject_of(i), .not_before_s = begin
        };
        bool is_void = begin < history->held.until_s[i] || begin < history->held.until_s[0];

        CHECK(revocation_list_voids(network.trust.lists[0], &certificate) == is_void);
    }
}

static void step(struct history *history, uint8_t op, uint8_t number)
{
    struct public_key subject = subject_of(op >> 3 & 7);
    uint64_t *until_s = &history->table.until_s[op >> 3 & 7];

    switch (op & 7) {
    case 0:
    case 1:
        CHECK(revocation_list_add(history->list, (op >> 3 & 7) != 0 ? &subject : NULL, number) ==
                REVOCATION_OK);
        if (*until_s < (uint64_t)number + 1)
            *until_s = (uint64_t)number + 1; /* the first time that is not void any more */
        break;
    case 2:
        revocation_list_forget(history->list, number);
        for (size_t i = 0; i < SUBJECTS; i++) {
            if (history->table.until_s[i] < (uint64_t)number + 1)
                history->table.until_s[i] = 0;
        }
        break;
    case 3:
    case 4:
        sign(history);
        break;
    default:
        offer(history, number % OLD_LISTS);
        break;
    }
    compare(history, number);
}

static void check_history(struct span ops)
{
    struct history *history = calloc(1, sizeof(*history));

    CHECK(history != NULL);
    history->list = malloc(sizeof(*history->list));
    CHECK(history->list != NULL);
    revocation_list_init(history->list, &network.trust.network);
    for (size_t i = 0; i + 1 < ops.size && i < OPS_SIZE_MAX; i += 2)
        step(history, ops.data[i], ops.data[i + 1]);
    free(history->list);
    free(history);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (network.root.secret == NULL)
        network_init(&network);
    trust_deinit(&network.trust);
    trust_init(&network.trust, &network.root.public);
    if (size == 0)
        return 0;
    if ((data[0] & 1) != 0)
        check_history((struct span){ data + 1, size - 1 });
    else
        check_raw((struct span){ data + 1, size - 1 });
    return 0;
}
