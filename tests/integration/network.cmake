# Networks of real nodes, each in a folder of its own, linked over 127.0.0.1.
add_executable(mu-racer network/racer.c)
target_link_libraries(mu-racer PRIVATE mu_link_path mu_proto mu_options)
set_target_properties(mu-racer PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

add_executable(mu-client-racer network/client_racer.c)
target_link_libraries(mu-client-racer PRIVATE mu_client_static mu_options)
set_target_properties(mu-client-racer PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

foreach(part join trust failover client restart)
  add_test(NAME network_${part} COMMAND /usr/bin/python3 -B
    "${CMAKE_CURRENT_SOURCE_DIR}/network/${part}_test.py" "${PROJECT_BINARY_DIR}/stage")
  set_tests_properties(network_${part} PROPERTIES FIXTURES_REQUIRED sdk TIMEOUT 600 COST 600
    ENVIRONMENT
    "TEST_RACER=$<TARGET_FILE:mu-racer>;TEST_CLIENT_RACER=$<TARGET_FILE:mu-client-racer>;TEST_TALLY=${PROJECT_BINARY_DIR}/tests/bin/mu-tally;TEST_LOAD=${PROJECT_BINARY_DIR}/tests/bin/mu-load")
endforeach()
