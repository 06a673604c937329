/* services/platform/auth/audit_message.h - an entry of the audit log, as it is told. */
#pragma once

#include "mu/auth/v1/auth.pb-c.h"
#include "services/platform/auth/audit.h"

/* Fills `*message`; its texts are borrowed from `entry`. */
static inline void audit_message(Mu__Auth__V1__AuditEntry *message, struct audit_entry *entry)
{
    mu__auth__v1__audit_entry__init(message);
    message->number = entry->number;
    message->time_ms = entry->time_ms;
    message->event = entry->event;
    message->by = entry->by;
    message->about = entry->about;
    message->detail = entry->detail;
    message->hash.data = entry->hash;
    message->hash.len = AUDIT_HASH_SIZE;
}
