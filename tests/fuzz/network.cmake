set(network_unit "${PROJECT_SOURCE_DIR}/tests/unit")
mu_add_fuzz(peers_fuzz SOURCES peers_fuzz.c mesh_world.c no_sync.c
  "${network_unit}/network_seat.c" LINK mu_link_mesh)
# What the link process does in the world is looked at, and its time is the harness's.
target_link_options(peers_fuzz PRIVATE -Wl,--wrap=links_send,--wrap=links_broadcast
  -Wl,--wrap=links_close,--wrap=links_dial,--wrap=mu_call_async,--wrap=clock_ms)

mu_add_fuzz(clients_fuzz SOURCES clients_fuzz.c clients_world.c no_sync.c
  "${network_unit}/network_seat.c" LINK mu_link_mesh)
# Links, calls of operators and the time are the harness's.
target_link_options(clients_fuzz PRIVATE -Wl,--wrap=links_lock,--wrap=links_unlock
  -Wl,--wrap=links_send,--wrap=links_close,--wrap=links_admit,--wrap=links_end_client
  -Wl,--wrap=links_count_client,--wrap=links_set_identity,--wrap=mesh_now_s,--wrap=badge_init,--wrap=mu_call_state
  -Wl,--wrap=mu_call_caller,--wrap=mu_call_reply,--wrap=mu_call_refuse,--wrap=mu_call_fail)
