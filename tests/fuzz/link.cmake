mu_add_fuzz(link_lanes_fuzz SOURCES link_lanes_fuzz.c LINK mu_link_path)
mu_add_fuzz(link_session_fuzz SOURCES link_session_fuzz.c LINK mu_link_path)
