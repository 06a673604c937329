mu_add_fuzz(router_fuzz SOURCES router_fuzz.c LINK mu_router_core)
