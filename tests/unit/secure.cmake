mu_add_test(secure_aead_test SOURCES secure_aead_test.c LINK mu_secure)
mu_add_test(secure_noise_test SOURCES secure_noise_test.c secure_patterns.c
  LINK mu_secure PkgConfig::JANSSON)
target_compile_definitions(secure_noise_test PRIVATE
  "NOISE_VECTORS=\"${CMAKE_CURRENT_SOURCE_DIR}/secure/noise_vectors.json\"")
mu_add_test(secure_record_test SOURCES secure_record_test.c LINK mu_secure)
mu_add_test(secure_record_count_test SOURCES secure_record_count_test.c LINK mu_secure)
foreach(part handshake attack)
  mu_add_test(secure_${part}_test SOURCES secure_${part}_test.c secure_pair.c secure_world.c
    LINK mu_secure)
endforeach()
mu_add_test(secure_introduction_test SOURCES secure_introduction_test.c secure_world.c LINK mu_secure)
mu_add_test(secure_golden_test SOURCES secure_golden_test.c LINK mu_secure)
