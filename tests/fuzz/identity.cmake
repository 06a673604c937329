mu_add_fuzz(certificate_fuzz SOURCES certificate_fuzz.c LINK mu_secure)
mu_add_fuzz(revocation_fuzz SOURCES revocation_fuzz.c LINK mu_secure)
mu_add_fuzz(token_fuzz SOURCES token_fuzz.c LINK mu_secure)
mu_add_fuzz(access_fuzz SOURCES access_fuzz.c LINK mu_secure)
