/* kernel/endpoints_policy.h - node.SetPolicy, RemovePolicy and Policies: what operators set for
 * calls on their way. */
#pragma once

struct inquiry;

void endpoints_set_policy(const struct inquiry *inquiry);
void endpoints_remove_policy(const struct inquiry *inquiry);
void endpoints_policies(const struct inquiry *inquiry);
