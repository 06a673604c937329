mu_add_test(auth_account_test SOURCES auth_account_test.c LINK mu_auth_core)
mu_add_test(auth_session_test SOURCES auth_session_test.c LINK mu_auth_core)
mu_add_test(auth_audit_test SOURCES auth_audit_test.c LINK mu_auth_core)
mu_add_test(client_token_test SOURCES client_token_test.c LINK mu_client_static mu_secure)
mu_add_test(auth_passkey_test SOURCES auth_passkey_test.c authenticator.c
  LINK mu_auth_core PkgConfig::FIDO2)
