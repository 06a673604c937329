# everything.set: the types of json/everything.proto, for this comparison and for the unit tests.
set(set "${CMAKE_CURRENT_BINARY_DIR}/everything.set")
add_custom_command(OUTPUT "${set}"
  COMMAND "${PROTOC}" --include_imports --include_source_info --descriptor_set_out=${set}
    --proto_path=${CMAKE_CURRENT_SOURCE_DIR}/json --proto_path=${PROTOBUF_PROTO_DIR}
    everything.proto
  DEPENDS json/everything.proto VERBATIM)
add_custom_target(everything_set ALL DEPENDS "${set}")

add_executable(json_driver json_driver.c)
target_link_libraries(json_driver PRIVATE mu_schema mu_options)
set_target_properties(json_driver PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
add_dependencies(json_driver everything_set)

# Debian's python3, which has python3-protobuf; another one in the PATH may not. Without it, this fails.
add_test(NAME json_compare COMMAND /usr/bin/python3 "${CMAKE_CURRENT_SOURCE_DIR}/json_compare.py"
  $<TARGET_FILE:json_driver> "${set}")
set_tests_properties(json_compare PROPERTIES TIMEOUT 120)
