# mu-node with its real router and registry, and programs that behave well or badly under it.
foreach(subject boot failure stop router loader)
  mu_add_test(supervisor_${subject}_integration
    SOURCES supervisor/${subject}_test.c supervisor/node.c LINK mu mu_node mu_proto mu_base)
  target_compile_definitions(supervisor_${subject}_integration PRIVATE
    TEST_NODE="$<TARGET_FILE:mu-node>" TEST_PROBE="$<TARGET_FILE:mu-probe>")
  if(MU_SANITIZE MATCHES "thread")
    target_compile_definitions(supervisor_${subject}_integration PRIVATE TEST_SHADOW_MEMORY)
  endif()
  add_dependencies(supervisor_${subject}_integration mu-node mu-exec mu-router mu-registry mu-probe)
endforeach()
