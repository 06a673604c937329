# mu_link_path: sessions with other nodes, and what passes between them and this node's router.
add_library(mu_link_path STATIC
  dialing.c
  door.c
  gate.c
  link.c
  links.c
  links_find.c
  lobby.c)
target_link_libraries(mu_link_path
  PRIVATE mu_options PUBLIC mu_session mu_stubs mu::mu)
