# Calls while processes are killed, on a real node with the examples as they are installed.
set(MU_PROTO_DIR "${PROJECT_SOURCE_DIR}/examples/counter")
mu_add_proto(chaos_counter counter.proto)
set(MU_PROTO_DIR "${PROJECT_SOURCE_DIR}/examples/greeter")
mu_add_proto(chaos_greeter greeter.proto)
set(MU_PROTO_DIR "${PROJECT_SOURCE_DIR}/proto")

mu_add_test(chaos_test TIMEOUT 900 SOURCES chaos_test.c chaos.c chaos_ledger.c
  "${PROJECT_SOURCE_DIR}/tests/integration/supervisor/node.c"
  LINK mu mu_stubs mu_base chaos_counter chaos_greeter)
target_compile_definitions(chaos_test PRIVATE TEST_NODE="$<TARGET_FILE:mu-node>"
  TEST_LIBEXEC="${PROJECT_BINARY_DIR}/stage/libexec/mu")
set_tests_properties(chaos_test PROPERTIES FIXTURES_REQUIRED sdk RUN_SERIAL ON)
add_dependencies(chaos_test mu-node mu-exec mu-router mu-registry)
