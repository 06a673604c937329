# Peers that are not ours.
mu_add_test(pair0_integration SOURCES pair0_test.c client/node.c client/node_process.c
  LINK client_probe mu_proto mu_base nng::nng)
target_compile_definitions(pair0_integration PRIVATE TEST_SELF=""
  TEST_ROUTER="$<TARGET_FILE:mu-router>" TEST_PROBE="$<TARGET_FILE:mu-probe>")
add_dependencies(pair0_integration mu-router mu-probe)
