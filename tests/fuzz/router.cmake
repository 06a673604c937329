mu_add_fuzz(router_fuzz SOURCES router_fuzz.c router_books.c LINK mu_router_core)
