mu_add_fuzz(envelope_fuzz SOURCES envelope_fuzz.c LINK mu_wire mu_proto)
