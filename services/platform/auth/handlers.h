/* services/platform/auth/handlers.h - what main.c puts together: a handler for each method. */
#pragma once

#include "services/platform/auth/auth.h"

/* account_handlers.c */
void accounts_init(struct mu_call *call, const Mu__Auth__V1__InitRequest *request);
void accounts_create(struct mu_call *call, const Mu__Auth__V1__CreateAccountRequest *request);
void accounts_list(struct mu_call *call, const Mu__Auth__V1__ListAccountsRequest *request);
void accounts_show(struct mu_call *call, const Mu__Auth__V1__ShowAccountRequest *request);
void accounts_set_rights(struct mu_call *call, const Mu__Auth__V1__SetRightsRequest *request);
void accounts_set_disabled(struct mu_call *call, const Mu__Auth__V1__SetDisabledRequest *request);
void accounts_remove(struct mu_call *call, const Mu__Auth__V1__RemoveAccountRequest *request);

/* password_handlers.c */
void passwords_set(struct mu_call *call, const Mu__Auth__V1__SetPasswordRequest *request);

/* passkey_handlers.c */
void passkeys_begin(struct mu_call *call, const Mu__Auth__V1__PasskeyBeginRequest *request);
void passkeys_add(struct mu_call *call, const Mu__Auth__V1__PasskeyAddRequest *request);
void passkeys_list(struct mu_call *call, const Mu__Auth__V1__PasskeyListRequest *request);
void passkeys_remove(struct mu_call *call, const Mu__Auth__V1__PasskeyRemoveRequest *request);

/* passkey_login_handlers.c */
void passkeys_login_begin(
        struct mu_call *call, const Mu__Auth__V1__PasskeyLoginBeginRequest *request);
void passkeys_login(struct mu_call *call, const Mu__Auth__V1__PasskeyLoginRequest *request);

/* session_handlers.c */
void sessions_login(struct mu_call *call, const Mu__Auth__V1__LoginRequest *request);
void sessions_refresh(struct mu_call *call, const Mu__Auth__V1__RefreshRequest *request);
void sessions_logout(struct mu_call *call, const Mu__Auth__V1__LogoutRequest *request);
void sessions_whoami(struct mu_call *call, const Mu__Auth__V1__WhoamiRequest *request);

/* token_handlers.c */
void tokens_issue(struct mu_call *call, const Mu__Auth__V1__IssueRequest *request);
void tokens_revoke(struct mu_call *call, const Mu__Auth__V1__RevokeRequest *request);
void tokens_rotate_key(struct mu_call *call, const Mu__Auth__V1__RotateKeyRequest *request);
void tokens_keys(struct mu_call *call, const Mu__Auth__V1__KeysRequest *request);

/* rule_handlers.c */
void rules_add(struct mu_call *call, const Mu__Auth__V1__AddRuleRequest *request);
void rules_list(struct mu_call *call, const Mu__Auth__V1__ListRulesRequest *request);
void rules_remove(struct mu_call *call, const Mu__Auth__V1__RemoveRuleRequest *request);
void rules_test(struct mu_call *call, const Mu__Auth__V1__TestRulesRequest *request);

/* audit_handlers.c */
void audits_list(struct mu_call *call, const Mu__Auth__V1__AuditRequest *request);
void audits_follow(struct mu_call *call, const Mu__Auth__V1__AuditRequest *request);
void audits_verify(struct mu_call *call, const Mu__Auth__V1__VerifyAuditRequest *request);
void audits_note(struct mu_call *call, const Mu__Router__V1__NoteRequest *request);
