mu_add_fuzz(supervisor_fuzz SOURCES supervisor_fuzz.c LINK mu_node)
