set(link_fixture link_node.c link_router.c link_traffic.c secure_world.c)
mu_add_test(link_test SOURCES link_test.c link_by_hand.c ${link_fixture} LINK mu_link_path)
mu_add_test(link_lanes_test SOURCES link_lanes_test.c LINK mu_link_path)
mu_add_test(link_door_test SOURCES link_door_test.c LINK mu_link_path)
mu_add_test(link_client_test SOURCES link_client_test.c ${link_fixture}
  LINK mu_client_static mu_link_path)
