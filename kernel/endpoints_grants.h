/* kernel/endpoints_grants.h - node.Grant, Revoke and Grants: what operators let services call
 * beyond their manifests. */
#pragma once

struct inquiry;

void endpoints_grant(const struct inquiry *inquiry);
void endpoints_revoke(const struct inquiry *inquiry);
void endpoints_grants(const struct inquiry *inquiry);
