set(unit "${PROJECT_SOURCE_DIR}/tests/unit")
set(link_nodes "${unit}/link_node.c" "${unit}/link_router.c" "${unit}/secure_world.c")
mu_add_test(link_tamper_integration SOURCES link/tamper_test.c link/proxy.c ${link_nodes}
  LINK mu_link_path TIMEOUT 300)
mu_add_test(link_flood_integration SOURCES link/flood_test.c ${link_nodes} LINK mu_link_path)
# It times handshakes: nothing else is to run beside it.
set_tests_properties(link_flood_integration PROPERTIES RUN_SERIAL TRUE LABELS timed)
