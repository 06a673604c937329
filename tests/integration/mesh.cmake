# Nodes whose routers are joined by a link in clear.
mu_add_proto(mesh_tally tally/v1/tally.proto)

add_executable(mu-clear-link mesh/clear_link.c)
target_link_libraries(mu-clear-link PRIVATE mu::mu mu_stubs mu_options)
add_executable(mu-tally mesh/tally_service.c)
target_link_libraries(mu-tally PRIVATE mesh_tally mu_options)
set_target_properties(mu-clear-link mu-tally PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")

foreach(subject call key loss)
  mu_add_test(mesh_${subject}_integration TIMEOUT 300
    SOURCES mesh/${subject}_test.c mesh/mesh.c supervisor/node.c
    LINK mu mu_proto mu_base client_probe mesh_tally)
  target_compile_definitions(mesh_${subject}_integration PRIVATE
    TEST_NODE="$<TARGET_FILE:mu-node>" TEST_PROBE="$<TARGET_FILE:mu-probe>"
    TEST_LINK="$<TARGET_FILE:mu-clear-link>" TEST_TALLY="$<TARGET_FILE:mu-tally>")
  if(MU_SANITIZE MATCHES "thread")
    target_compile_definitions(mesh_${subject}_integration PRIVATE TEST_SHADOW_MEMORY)
  endif()
  add_dependencies(mesh_${subject}_integration
    mu-node mu-exec mu-router mu-registry mu-probe mu-clear-link mu-tally)
endforeach()
