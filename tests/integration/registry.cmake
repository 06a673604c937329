# mu_add_registry_test(<name> [SOURCES <c>...] [LINK <target>...]): a program that starts nodes of its
# own.
function(mu_add_registry_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_executable(${name} registry_fixture.c ${name}.c ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE mu::mu mu_stubs mu_base ${arg_LINK} mu_options cmocka)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  add_dependencies(${name} mu-node mu-exec mu-router mu-registry mu-etcd)
  add_test(NAME ${name} COMMAND ${name} "${PROJECT_BINARY_DIR}/libexec/mu/mu-node")
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

set(cluster SOURCES etcd_cluster.c LINK mu_etcd_core mu_etcd_gateway PkgConfig::JANSSON
  PkgConfig::SODIUM)
mu_add_registry_test(registry_service_test ${cluster})
mu_add_registry_test(registry_import_service_test LINK PkgConfig::SODIUM)
mu_add_registry_test(registry_etcd_test ${cluster} Threads::Threads)

# The same promises with an etcd cluster of three that keeps a copy.
add_test(NAME registry_service_etcd_test
  COMMAND registry_service_test "${PROJECT_BINARY_DIR}/libexec/mu/mu-node" etcd)
# A death is noticed within a time that is promised: nothing else runs meanwhile.
set_tests_properties(registry_service_test PROPERTIES RUN_SERIAL TRUE)
set_tests_properties(registry_service_etcd_test PROPERTIES TIMEOUT 120 RUN_SERIAL TRUE)
set_tests_properties(registry_etcd_test PROPERTIES TIMEOUT 300 COST 300)
