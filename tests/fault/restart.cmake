# Restarts while calls go on.
mu_add_test(restart_test TIMEOUT 300 SOURCES restart_test.c
  "${PROJECT_SOURCE_DIR}/tests/integration/supervisor/node.c"
  LINK mu mu_stubs mu_base mu_proto client_probe)
target_compile_definitions(restart_test PRIVATE TEST_NODE="$<TARGET_FILE:mu-node>"
  TEST_PROBE="$<TARGET_FILE:mu-probe>")
add_dependencies(restart_test mu-node mu-exec mu-router mu-registry mu-probe)
