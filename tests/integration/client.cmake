# The client library against a real router and a service in a process of its own.
mu_add_proto(client_probe probe/v1/probe.proto)

add_executable(mu-probe client/probe_service.c)
target_link_libraries(mu-probe PRIVATE client_probe mu_options)
set_target_properties(mu-probe PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

# client_add_test(<subject> SOURCES <c>...)
function(client_add_test subject)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  set(name client_${subject}_integration)
  mu_add_test(${name} SOURCES ${arg_SOURCES} client/node.c client/node_process.c LINK client_probe mu_proto mu_base)
  target_compile_definitions(${name} PRIVATE TEST_SELF="$<TARGET_FILE:${name}>"
    TEST_ROUTER="$<TARGET_FILE:mu-router>" TEST_PROBE="$<TARGET_FILE:mu-probe>")
  add_dependencies(${name} mu-router mu-probe)
endfunction()

# The same tests, with the client elsewhere.
function(client_add_remote_test subject)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  set(name client_${subject}_remote)
  mu_add_test(${name} SOURCES ${arg_SOURCES} client/node_remote.c client/node_process.c
    LINK client_probe mu_stubs mu_base mu)
  target_compile_definitions(${name} PRIVATE TEST_MU="$<TARGET_FILE:mu_cli>"
    TEST_PROBE="$<TARGET_FILE:mu-probe>"
    TEST_LINK_MANIFEST="${PROJECT_BINARY_DIR}/share/mu/services/link.service")
  add_dependencies(${name} mu_cli mu-node mu-exec mu-router mu-registry mu-link mu-probe)
endfunction()
client_add_remote_test(call SOURCES client/call_test.c)
client_add_remote_test(stream SOURCES client/stream_test.c)

client_add_test(call SOURCES client/call_test.c)
client_add_test(stream SOURCES client/stream_test.c)
client_add_test(service SOURCES client/service_test.c)
client_add_test(loss SOURCES client/loss_test.c)
