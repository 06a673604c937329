set(protos "${CMAKE_CURRENT_SOURCE_DIR}/protoc")
set(plugin_definitions
  "TEST_PROTOC=\"${MU_PROTOC}\"" "TEST_PLUGIN=\"$<TARGET_FILE:protoc-gen-mu>\""
  "TEST_PROTOBUF_DIR=\"${MU_PROTOBUF_DIR}\"" "TEST_PROTOS=\"${protos}\"")

mu_add_test(protoc_names_test SOURCES protoc_names_test.c LINK mu_protoc)

mu_add_test(protoc_refusal_test SOURCES protoc_refusal_test.c protoc_process.c
  protoc/refused/direct.proto
  protoc/refused/imports_optional.proto protoc/refused/imports_proto2.proto
  protoc/refused/methods.proto protoc/refused/mutual.proto protoc/refused/names.proto
  protoc/refused/optional.proto protoc/refused/proto2.proto protoc/refused/services.proto)
target_compile_definitions(protoc_refusal_test PRIVATE ${plugin_definitions})
add_dependencies(protoc_refusal_test protoc-gen-mu)

mu_add_test(protoc_golden_test SOURCES protoc_golden_test.c protoc_process.c)
target_compile_definitions(protoc_golden_test PRIVATE ${plugin_definitions})
add_dependencies(protoc_golden_test protoc-gen-mu)

# Generated stubs are compiled with our own warnings here, so that people may use theirs.
function(add_stubs target)
  mu_add_proto(${target}_messages ONLY messages ${ARGN})
  mu_add_proto(${target} ONLY stubs ${ARGN})
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/client/include")
  target_link_libraries(${target} PUBLIC ${target}_messages PRIVATE mu_options)
endfunction()
add_stubs(protoc_stubs protoc/golden.proto protoc/odd.proto)
add_stubs(protoc_renamed_stubs PREFIX renamed protoc/renamed.proto)
mu_add_proto(protoc_types ONLY types protoc/golden.proto)
target_include_directories(protoc_types PUBLIC "${PROJECT_SOURCE_DIR}/client/include")

mu_add_test(protoc_stub_test SOURCES protoc_stub_test.c protoc_libmu_double.c
  LINK protoc_stubs protoc_renamed_stubs)
mu_add_test(protoc_set_test SOURCES protoc_set_test.c LINK protoc_types mu_descriptor_proto)
