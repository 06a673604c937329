mu_add_test(store_kill_test SOURCES store_kill_test.c LINK mu_store)
mu_add_test(store_power_test SOURCES store_power_test.c LINK mu_store)
mu_add_test(store_disk_test SOURCES store_disk_test.c LINK mu_store)
mu_add_test(registry_kill_test SOURCES registry_kill_test.c LINK mu_registry_core)
mu_add_test(registry_memory_test SOURCES registry_memory_test.c failing_memory.c LINK mu_registry_core)
target_link_options(registry_memory_test PRIVATE
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
