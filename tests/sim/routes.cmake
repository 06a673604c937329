mu_add_test(routes_sim_test TIMEOUT 600 SOURCES routes_sim_test.c mesh.c mesh_check.c mesh_fault.c
  LINK mu_link_routes)
mu_add_test(routes_cost_test SOURCES routes_cost_test.c LINK mu_link_routes)
