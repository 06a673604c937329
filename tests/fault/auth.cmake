mu_add_test(auth_kill_test SOURCES auth_kill_test.c LINK mu_auth_core)
