mu_add_test(routes_sim_test TIMEOUT 600 SOURCES routes_sim_test.c mesh.c mesh_check.c mesh_fault.c
  LINK mu_link_routes)
# What looks for loops after each event is most of its time, and no product code.
target_compile_options(routes_sim_test PRIVATE -O2)
mu_add_test(routes_cost_test SOURCES routes_cost_test.c LINK mu_link_routes)
