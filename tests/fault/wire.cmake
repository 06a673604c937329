# Hostile bytes, greedy and slow peers, callees that die, against a real node as it is installed.
add_custom_command(OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/gen/mu/bus/v1/bus_pb2.py"
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_CURRENT_BINARY_DIR}/gen"
  COMMAND "${PROTOC}" -I "${PROJECT_SOURCE_DIR}/proto" --python_out=${CMAKE_CURRENT_BINARY_DIR}/gen
    mu/bus/v1/bus.proto
  DEPENDS "${PROJECT_SOURCE_DIR}/proto/mu/bus/v1/bus.proto" VERBATIM)
add_custom_target(wire_messages ALL DEPENDS "${CMAKE_CURRENT_BINARY_DIR}/gen/mu/bus/v1/bus_pb2.py")

# Shadow memory and quarantine of a sanitizer are no memory of ours.
if(MU_SANITIZE)
  set(wire_sanitized 1)
else()
  set(wire_sanitized 0)
endif()
foreach(part hedge hostile overload policy slow)
  add_test(NAME wire_${part}
    COMMAND /usr/bin/python3 "${CMAKE_CURRENT_SOURCE_DIR}/wire/${part}_test.py" "${PROJECT_BINARY_DIR}/stage")
  set_tests_properties(wire_${part} PROPERTIES FIXTURES_REQUIRED sdk TIMEOUT 300 RUN_SERIAL ON
    ENVIRONMENT "PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/integration/cli:${PROJECT_SOURCE_DIR}/tests/integration/wire:${CMAKE_CURRENT_BINARY_DIR}/gen;PYTHONDONTWRITEBYTECODE=1;MU_SANITIZED=${wire_sanitized}")
endforeach()
