# Polite callers beside one that floods, each a process of its own.
mu_add_test(crowd_test TIMEOUT 300 SOURCES crowd_test.c
  "${PROJECT_SOURCE_DIR}/tests/integration/supervisor/node.c"
  LINK mu mu_stubs mu_base mu_proto client_probe)
target_compile_definitions(crowd_test PRIVATE TEST_NODE="$<TARGET_FILE:mu-node>"
  TEST_PROBE="$<TARGET_FILE:mu-probe>")
add_dependencies(crowd_test mu-node mu-exec mu-router mu-registry mu-probe)
