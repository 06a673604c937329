// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/relay.h"

void relay_note(struct relay *relay, const struct public_key *subject, uint64_t link,
        uint64_t asked, uint64_t now_ms)
{
    struct relay_entry *place = &relay->entries[0];

    for (unsigned i = 0; i < RELAYS_MAX; i++) {
        struct relay_entry *entry = &relay->entries[i];

        if (public_key_equal(&entry->subject, subject)) {
            place = entry;
            break;
        }
        if (entry->until_ms < place->until_ms)
            place = entry;
    }
    *place = (struct relay_entry){
        .subject = *subject, .link = link, .asked = asked, .until_ms = now_ms + RENEWAL_ANSWER_MS
    };
}

uint64_t relay_take(
        struct relay *relay, const struct public_key *subject, uint64_t asked, uint64_t now_ms)
{
    for (unsigned i = 0; i < RELAYS_MAX; i++) {
        struct relay_entry *entry = &relay->entries[i];

        if (entry->link != 0 && entry->asked == asked &&
                public_key_equal(&entry->subject, subject)) {
            uint64_t link = entry->until_ms > now_ms ? entry->link : 0;

            *entry = (struct relay_entry){ .link = 0 };
            return link;
        }
    }
    return 0;
}
