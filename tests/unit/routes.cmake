mu_add_test(advert_test SOURCES advert_test.c LINK mu_link_routes mu_proto)
mu_add_test(damping_test SOURCES damping_test.c LINK mu_link_routes)
mu_add_test(own_test SOURCES own_test.c LINK mu_link_routes)
foreach(part routes routes_pace)
  mu_add_test(${part}_test SOURCES ${part}_test.c routes_scene.c routes_world.c
    LINK mu_link_routes mu_proto)
endforeach()
foreach(part routes_trust routes_digest)
  mu_add_test(${part}_test SOURCES ${part}_test.c routes_world.c LINK mu_link_routes mu_proto)
endforeach()
mu_add_test(routes_model_test SOURCES routes_model_test.c routes_model.c routes_world.c
  LINK mu_link_routes mu_proto)
