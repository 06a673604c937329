# libmu: mu (shared, what is installed) and mu_client_static (for tests of its insides).
set(mu_client_sources
  alarm.c
  bootstrap.c
  call.c
  call_plan.c
  call_table.c
  caller.c
  carrier.c
  client.c
  completion.c
  connection.c
  connection_calls.c
  credentials.c
  dispatch.c
  enrolment.c
  host.c
  intake.c
  keeper.c
  lock.c
  log.c
  nearest.c
  own_methods.c
  parking.c
  remote.c
  served.c
  served_table.c
  service.c
  stream.c
  token.c
  turns.c
  user_token.c
  verdict.c)

add_library(mu_client_static STATIC ${mu_client_sources})
set_target_properties(mu_client_static PROPERTIES
  POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_include_directories(mu_client_static PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
target_link_libraries(mu_client_static
  PRIVATE mu_options
  PUBLIC mu_session mu_transport mu_proto mu_schema PkgConfig::PROTOBUF_C PkgConfig::SODIUM Threads::Threads)

# Everything public is in the one shared library; what it is made of stays inside.
set(mu_parts mu_client_static mu_schema)
foreach(part mu_store mu_manifest)
  if(TARGET ${part})
    list(APPEND mu_parts ${part})
  endif()
endforeach()
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/mu.c.new" "// The parts are linked whole.\n")
file(COPY_FILE "${CMAKE_CURRENT_BINARY_DIR}/mu.c.new" "${CMAKE_CURRENT_BINARY_DIR}/mu.c"
  ONLY_IF_DIFFERENT)
add_library(mu SHARED "${CMAKE_CURRENT_BINARY_DIR}/mu.c")
add_library(mu::mu ALIAS mu)
target_include_directories(mu PUBLIC
  "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>"
  "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
foreach(part IN LISTS mu_parts)
  target_link_libraries(mu PRIVATE
    "-Wl,--whole-archive" "$<TARGET_FILE:${part}>" "-Wl,--no-whole-archive" ${part})
endforeach()
target_link_libraries(mu PRIVATE mu_build PUBLIC PkgConfig::PROTOBUF_C)
target_link_options(mu PRIVATE
  "-Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/libmu.map")
if(NOT MU_SANITIZE) # whose functions clang leaves to the program
  target_link_options(mu PRIVATE -Wl,-z,defs)
endif()
set_target_properties(mu PROPERTIES
  LINK_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/libmu.map"
  LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
