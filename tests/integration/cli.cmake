# The command line, used as people and programs use it, against nodes of its own.
# Debian's own python3 has python3-protobuf; another one in the PATH may not.
add_executable(mu-link-double cli/link_double.c)
target_link_libraries(mu-link-double PRIVATE mu mu_stubs mu_base mu_options)
set_target_properties(mu-link-double PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

mu_add_proto(cli_relay relay/v1/relay.proto)
add_executable(mu-relay cli/relay_service.c)
target_link_libraries(mu-relay PRIVATE cli_relay mu_stubs mu_options)
set_target_properties(mu-relay PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

add_executable(mu-software-key cli/software_key.c cli/software_pin.c
  "${PROJECT_SOURCE_DIR}/tests/unit/authenticator.c")
target_link_libraries(mu-software-key PRIVATE mu_secure mu_options PkgConfig::FIDO2)
set_target_properties(mu-software-key PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

foreach(part node call key caps tenants policy registry shell develop network nodes passkey upgrade users views views_nodes)
  add_test(NAME cli_${part}
    COMMAND /usr/bin/python3 -B "${CMAKE_CURRENT_SOURCE_DIR}/cli/${part}_test.py" "${PROJECT_BINARY_DIR}/stage")
  set_tests_properties(cli_${part} PROPERTIES FIXTURES_REQUIRED sdk TIMEOUT 600 COST 600)
endforeach()
