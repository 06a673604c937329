// SPDX-License-Identifier: Apache-2.0
/* mu-auth - accounts, tokens, rules, and the log of what was done about them (mu.auth.v1.Auth). */
#include "services/platform/auth/handlers.h"

static int start(void *state, struct mu_client *client, const char *state_dir)
{
    int r = auth_open(state, client, state_dir);

    if (r == 0)
        upkeep_await(state); /* who comes back behind a restart with a token is believed at once */
    return r;
}

static void drain(void *state)
{
    auth_drain(state);
}

static void stop(void *state)
{
    auth_close(state);
}

int main(int argc, char **argv)
{
    static const struct auth_handlers handlers = {
        .init = accounts_init,
        .create_account = accounts_create,
        .list_accounts = accounts_list,
        .show_account = accounts_show,
        .set_rights = accounts_set_rights,
        .set_disabled = accounts_set_disabled,
        .remove_account = accounts_remove,
        .set_password = passwords_set,
        .passkey_begin = passkeys_begin,
        .passkey_add = passkeys_add,
        .passkey_list = passkeys_list,
        .passkey_remove = passkeys_remove,
        .passkey_login_begin = passkeys_login_begin,
        .passkey_login = passkeys_login,
        .login = sessions_login,
        .refresh = sessions_refresh,
        .logout = sessions_logout,
        .whoami = sessions_whoami,
        .issue = tokens_issue,
        .revoke = tokens_revoke,
        .rotate_key = tokens_rotate_key,
        .keys = tokens_keys,
        .add_rule = rules_add,
        .list_rules = rules_list,
        .remove_rule = rules_remove,
        .test_rules = rules_test,
        .audit = audits_list,
        .follow_audit = audits_follow,
        .verify_audit = audits_verify,
        .note = audits_note,
    };
    static struct auth auth;
    struct mu_service service = {
        .type = &auth_type,
        .handlers = &handlers,
        .version = MU_VERSION,
        .state = &auth,
        .threads = AUTH_THREADS,
        .start = start,
        .drain = drain,
        .stop = stop,
    };

    return mu_service_main(&service, argc, argv);
}
