mu_add_test(network_clients_test SOURCES network_clients_test.c network_seat.c LINK mu_link_seat)
mu_add_test(network_vault_test SOURCES network_vault_test.c network_seat.c LINK mu_link_seat)
mu_add_test(network_authority_test SOURCES network_authority_test.c network_seat.c LINK mu_link_seat)
mu_add_test(network_inbox_test SOURCES network_inbox_test.c LINK mu_link_mesh)
mu_add_test(network_observer_test SOURCES network_observer_test.c LINK mu_link_mesh)
mu_add_test(network_seeker_test SOURCES network_seeker_test.c LINK mu_link_mesh)
# The world of a link process is the fuzzers'.
mu_add_test(network_greetings_test SOURCES network_greetings_test.c network_seat.c
  "${PROJECT_SOURCE_DIR}/tests/fuzz/mesh_world.c" "${PROJECT_SOURCE_DIR}/tests/fuzz/no_sync.c"
  LINK mu_link_mesh)
target_link_options(network_greetings_test PRIVATE -Wl,--wrap=links_send,--wrap=links_broadcast
  -Wl,--wrap=links_close,--wrap=links_dial,--wrap=mu_call_async,--wrap=clock_ms,--wrap=vault_commit)
mu_add_test(network_departures_test SOURCES network_departures_test.c network_seat.c
  "${PROJECT_SOURCE_DIR}/tests/fuzz/mesh_world.c" "${PROJECT_SOURCE_DIR}/tests/fuzz/no_sync.c"
  LINK mu_link_mesh)
target_link_options(network_departures_test PRIVATE -Wl,--wrap=links_send,--wrap=links_broadcast
  -Wl,--wrap=links_close,--wrap=links_dial,--wrap=mu_call_async,--wrap=clock_ms)
mu_add_test(network_observing_test SOURCES network_observing_test.c network_seat.c
  "${PROJECT_SOURCE_DIR}/tests/fuzz/mesh_world.c" "${PROJECT_SOURCE_DIR}/tests/fuzz/no_sync.c"
  LINK mu_link_mesh)
target_link_options(network_observing_test PRIVATE -Wl,--wrap=links_send,--wrap=links_broadcast
  -Wl,--wrap=links_close,--wrap=links_dial,--wrap=mu_call_async,--wrap=clock_ms)
mu_add_test(network_srv_test SOURCES network_srv_test.c LINK mu_link_seat)
