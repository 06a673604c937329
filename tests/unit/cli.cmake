# The types of cli_types.proto, as a service's would come from the registry.
set(cli_types "${CMAKE_CURRENT_BINARY_DIR}/cli_types_set")
add_custom_command(OUTPUT "${cli_types}.c"
  COMMAND "${PROTOC}" --proto_path=${CMAKE_CURRENT_SOURCE_DIR} --include_imports
    --include_source_info --descriptor_set_out=${cli_types}.bin cli_types.proto
  COMMAND "${CMAKE_COMMAND}" -DINPUT=${cli_types}.bin -DOUTPUT=${cli_types}.c
    -DNAME=cli_types_set -P "${PROJECT_SOURCE_DIR}/cmake/MuEmbed.cmake"
  DEPENDS cli_types.proto "${PROJECT_SOURCE_DIR}/cmake/MuEmbed.cmake" VERBATIM)

mu_add_test(cli_words_test SOURCES cli_words_test.c LINK mu_cli_core mu_protoc)
mu_add_test(cli_seed_test SOURCES cli_seed_test.c LINK mu_cli_core)
mu_add_test(cli_standing_test SOURCES cli_standing_test.c LINK mu_cli_core)
mu_add_test(cli_arguments_test SOURCES cli_arguments_test.c LINK mu_cli_core)
mu_add_test(cli_assignment_test SOURCES cli_assignment_test.c "${cli_types}.c" LINK mu_cli_core)
mu_add_test(cli_graph_test SOURCES cli_graph_test.c LINK mu_cli_core)
mu_add_test(cli_network_test SOURCES cli_network_test.c LINK mu_cli_core PkgConfig::QRENCODE)
mu_add_test(cli_nodes_test SOURCES cli_nodes_test.c LINK mu_cli_core)
mu_add_test(cli_tail_test SOURCES cli_tail_test.c LINK mu_cli_core)
mu_add_test(cli_trace_test SOURCES cli_trace_test.c LINK mu_cli_core)
mu_add_test(cli_meters_test SOURCES cli_meters_test.c LINK mu_cli_core)
mu_add_test(cli_meters_sum_test SOURCES cli_meters_sum_test.c LINK mu_cli_core)
mu_add_test(cli_reach_test SOURCES cli_reach_test.c LINK mu_cli_core)
