/* services/platform/auth/session.h - a session that begins, or goes on: its next tokens. */
#pragma once

#include "services/platform/auth/account.h"
#include "services/platform/auth/auth.h"
#include "services/platform/auth/family.h"
#include "services/platform/auth/minting.h"

struct session {
    struct family family;
    struct account account;
    struct minted minted;
    char refresh[REFRESH_TEXT_SIZE + 1];
};

/* Opens a session of session->account, who has shown that he may, commits with what was put before,
 * and answers; `how` is noted (NULL: by password). With the lock. The caller wipes it. */
void session_open(
        struct auth *auth, struct mu_call *call, struct session *session, const char *how);
