mu_add_fuzz(passkey_fuzz SOURCES passkey_fuzz.c "${PROJECT_SOURCE_DIR}/tests/unit/authenticator.c"
  LINK mu_auth_core PkgConfig::FIDO2)
