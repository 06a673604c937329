# Types that protoc-c knows, too, to compare with; json/everything.proto has what it does not. Straight
# from protoc-c, as the bus carries no proto2, which a schema may.
set(generated "${CMAKE_CURRENT_BINARY_DIR}/schema_protos.gen")
file(MAKE_DIRECTORY "${generated}")
set(generated_sources "${generated}/schema/plain.pb-c.c" "${generated}/schema/old.pb-c.c")
add_custom_command(
  OUTPUT ${generated_sources} "${generated}/schema/plain.pb-c.h" "${generated}/schema/old.pb-c.h"
  COMMAND "${PROTOC_C}" --proto_path=${CMAKE_CURRENT_SOURCE_DIR} --c_out=${generated}
    schema/plain.proto schema/old.proto
  DEPENDS schema/plain.proto schema/old.proto VERBATIM)
add_library(schema_protos STATIC ${generated_sources})
target_include_directories(schema_protos SYSTEM PUBLIC "${generated}")
target_link_libraries(schema_protos PUBLIC PkgConfig::PROTOBUF_C PRIVATE mu_build)
set(plain_set "${CMAKE_CURRENT_BINARY_DIR}/plain.set")
add_custom_command(OUTPUT "${plain_set}"
  COMMAND "${PROTOC}" --include_imports --include_source_info --descriptor_set_out=${plain_set}
    --proto_path=${CMAKE_CURRENT_SOURCE_DIR} schema/plain.proto schema/old.proto
  DEPENDS schema/plain.proto schema/old.proto VERBATIM)
set(manifest_set "${CMAKE_CURRENT_BINARY_DIR}/manifest.set")
add_custom_command(OUTPUT "${manifest_set}"
  COMMAND "${PROTOC}" --include_imports --include_source_info --descriptor_set_out=${manifest_set}
    --proto_path=${PROJECT_SOURCE_DIR}/proto mu/node/v1/manifest.proto
  DEPENDS "${PROJECT_SOURCE_DIR}/proto/mu/node/v1/manifest.proto" VERBATIM)
add_custom_target(schema_sets DEPENDS "${plain_set}" "${manifest_set}")

foreach(part arena body json parts refusal types yaml)
  mu_add_test(schema_${part}_test SOURCES schema_${part}_test.c
    LINK mu_schema mu_descriptor_proto schema_protos)
  target_compile_definitions(schema_${part}_test PRIVATE
    "PLAIN_SET=\"${plain_set}\"" "MANIFEST_SET=\"${manifest_set}\""
    "EVERYTHING_SET=\"${PROJECT_BINARY_DIR}/tests/contract/everything.set\"")
  add_dependencies(schema_${part}_test schema_sets everything_set)
endforeach()
