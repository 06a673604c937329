set(secure_unit "${PROJECT_SOURCE_DIR}/tests/unit")
mu_add_fuzz(handshake_fuzz SOURCES handshake_fuzz.c "${secure_unit}/secure_pair.c"
  "${secure_unit}/secure_world.c" LINK mu_secure)
mu_add_fuzz(record_fuzz SOURCES record_fuzz.c LINK mu_secure)
