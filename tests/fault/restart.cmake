# Restarts and upgrades while calls go on, and upgrades that break off.
foreach(name restart_test upgrade_kill_test)
  mu_add_test(${name} TIMEOUT 300 SOURCES ${name}.c upgrade_copy.c
    "${PROJECT_SOURCE_DIR}/tests/integration/supervisor/node.c"
    LINK mu mu_stubs mu_base mu_proto client_probe cli_relay)
  target_compile_definitions(${name} PRIVATE TEST_NODE="$<TARGET_FILE:mu-node>"
    TEST_PROBE="$<TARGET_FILE:mu-probe>" TEST_RELAY="$<TARGET_FILE:mu-relay>")
  add_dependencies(${name} mu-node mu-exec mu-router mu-registry mu-probe mu-relay)
endforeach()
