// SPDX-License-Identifier: Apache-2.0
/* The commands, in the order of `mu help`. Each stands in a file of its own. */
#include "services/interface/mu/command.h"

extern const struct command up_command;
extern const struct command down_command;
extern const struct command status_command;
extern const struct command ps_command;
extern const struct command logs_command;
extern const struct command call_command;
extern const struct command registry_command;
extern const struct command stats_command;
extern const struct command top_command;
extern const struct command trace_command;
extern const struct command why_command;
extern const struct command tap_command;
extern const struct command caps_command;
extern const struct command grant_command;
extern const struct command revoke_command;
extern const struct command policy_command;
extern const struct command network_command;
extern const struct command node_command;
extern const struct command client_command;
extern const struct command key_command;
extern const struct command login_command;
extern const struct command logout_command;
extern const struct command whoami_command;
extern const struct command account_command;
extern const struct command passkey_command;
extern const struct command token_command;
extern const struct command rule_command;
extern const struct command audit_command;
extern const struct command start_command;
extern const struct command stop_command;
extern const struct command restart_command;
extern const struct command upgrade_command;
extern const struct command new_command;
extern const struct command run_command;
extern const struct command doctor_command;
extern const struct command completion_command;
extern const struct command version_command;
extern const struct command help_self_command;

const struct command *const commands[] = {
    &up_command,
    &down_command,
    &upgrade_command,
    &status_command,
    &ps_command,
    &logs_command,
    &call_command,
    &doctor_command,
    &stats_command,
    &top_command,
    &tap_command,
    &trace_command,
    &why_command,
    &registry_command,
    &start_command,
    &stop_command,
    &restart_command,
    &caps_command,
    &grant_command,
    &revoke_command,
    &policy_command,
    &network_command,
    &node_command,
    &client_command,
    &key_command,
    &login_command,
    &logout_command,
    &whoami_command,
    &account_command,
    &passkey_command,
    &token_command,
    &rule_command,
    &audit_command,
    &new_command,
    &run_command,
    &completion_command,
    &version_command,
    &help_self_command,
    NULL,
};
