foreach(target body json manifest set)
  mu_add_fuzz(${target}_fuzz SOURCES ${target}_fuzz.c LINK mu_schema mu_proto schema_protos)
  target_compile_definitions(${target}_fuzz PRIVATE
    "MANIFEST_SET=\"${PROJECT_BINARY_DIR}/tests/unit/manifest.set\""
    "EVERYTHING_SET=\"${PROJECT_BINARY_DIR}/tests/contract/everything.set\"")
  add_dependencies(${target}_fuzz schema_sets everything_set)
endforeach()
