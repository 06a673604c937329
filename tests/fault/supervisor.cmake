mu_add_test(supervisor_memory_test SOURCES supervisor_memory_test.c failing_memory.c LINK mu_node)
target_link_options(supervisor_memory_test PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
target_compile_definitions(supervisor_memory_test PRIVATE TEST_NODE="$<TARGET_FILE:mu-node>")
add_dependencies(supervisor_memory_test mu-node mu-exec)
