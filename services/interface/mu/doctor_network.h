/* doctor_network.h - the checks of `mu doctor` that are about the network this node is in. */
#pragma once

#include "services/interface/mu/doctor_check.h"

/* On a node that is in no network they leave the check's name empty: there is nothing to say. */
void check_network(struct check *check);
void check_key(struct check *check);
void check_authority(struct check *check);
void check_links(struct check *check);
void check_addresses(struct check *check);
void check_root_key(struct check *check);
