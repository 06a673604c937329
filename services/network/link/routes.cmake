# mu_link_routes: which service is reached through which neighbour. Pure: no socket, no thread, no
# clock.
add_library(mu_link_routes STATIC
  advert.c
  choice.c
  damping.c
  hear.c
  missing.c
  neighbour.c
  node.c
  own.c
  report.c
  routes.c
  table.c
  tell.c)
target_link_libraries(mu_link_routes PRIVATE mu_options PUBLIC mu_secure mu_wire)
