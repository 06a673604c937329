# mu_manifest: manifests and node files (mu/manifest.h), for the supervisor, the registry and `mu`.
set(manifest_set "${CMAKE_CURRENT_BINARY_DIR}/manifest_set")
add_custom_command(OUTPUT "${manifest_set}.bin"
  COMMAND "${PROTOC}" --proto_path=${PROJECT_SOURCE_DIR}/proto --include_imports
    --descriptor_set_out=${manifest_set}.bin mu/node/v1/manifest.proto
  DEPENDS "${PROJECT_SOURCE_DIR}/proto/mu/node/v1/manifest.proto" VERBATIM)
add_custom_command(OUTPUT "${manifest_set}.c"
  COMMAND "${CMAKE_COMMAND}" -DINPUT=${manifest_set}.bin -DOUTPUT=${manifest_set}.c
    -DNAME=manifest_set -P "${PROJECT_SOURCE_DIR}/cmake/MuEmbed.cmake"
  DEPENDS "${manifest_set}.bin" "${PROJECT_SOURCE_DIR}/cmake/MuEmbed.cmake" VERBATIM)
add_library(mu_manifest STATIC manifest.c manifest_file.c "${manifest_set}.c")
set_target_properties(mu_manifest PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_include_directories(mu_manifest PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
target_link_libraries(mu_manifest PUBLIC mu_schema mu_proto PRIVATE mu_options mu_base mu_wire)
