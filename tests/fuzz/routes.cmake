mu_add_fuzz(adverts_fuzz SOURCES adverts_fuzz.c "${PROJECT_SOURCE_DIR}/tests/unit/routes_model.c"
  "${PROJECT_SOURCE_DIR}/tests/unit/routes_world.c" LINK mu_link_routes mu_proto)
