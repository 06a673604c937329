mu_add_test(base_test SOURCES base_test.c LINK mu_base)
mu_add_test(histogram_test SOURCES histogram_test.c LINK mu_base)
