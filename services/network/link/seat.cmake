# mu_link_seat: this node in its network, and what of it lasts.
mu_add_proto(mu_link_vault_proto ONLY messages vault.proto)
add_library(mu_link_seat STATIC
  addressbook.c
  admissions.c
  authority.c
  clients.c
  founding.c
  keyring.c
  membership.c
  seat.c
  srv.c
  vault.c)
target_link_libraries(mu_link_seat PRIVATE mu_options mu_link_vault_proto
  PUBLIC mu_secure mu_store mu_schema resolv)
