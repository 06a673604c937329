# mu_store: static and position-independent, as it becomes part of libmu.
add_library(mu_store STATIC store.c)
set_target_properties(mu_store PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_include_directories(mu_store PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
target_link_libraries(mu_store PUBLIC mu_base PRIVATE "${LMDB_LIBRARY}" PkgConfig::SODIUM mu_options)
