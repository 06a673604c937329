set(network_unit "${PROJECT_SOURCE_DIR}/tests/unit")
mu_add_fuzz(peers_fuzz SOURCES peers_fuzz.c mesh_world.c "${network_unit}/network_seat.c"
  LINK mu_link_mesh)
# What the link process does in the world is looked at, and its time is the harness's.
target_link_options(peers_fuzz PRIVATE -Wl,--wrap=links_send,--wrap=links_broadcast
  -Wl,--wrap=links_close,--wrap=links_dial,--wrap=mu_call_async,--wrap=clock_ms)
