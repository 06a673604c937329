mu_add_test(base_test SOURCES base_test.c LINK mu_base)
