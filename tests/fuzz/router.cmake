mu_add_fuzz(router_fuzz SOURCES router_fuzz.c router_books.c router_drawn.c LINK mu_router_core)
