# Its parts, each alone.
mu_add_test(client_alarm_test SOURCES client_alarm_test.c LINK mu_client_static)
mu_add_test(client_call_table_test SOURCES client_call_table_test.c LINK mu_client_static)
mu_add_test(client_caller_test SOURCES client_caller_test.c LINK mu_client_static)
mu_add_test(client_credit_test SOURCES client_credit_test.c LINK mu_client_static)
mu_add_test(client_nearest_test SOURCES client_nearest_test.c LINK mu_client_static)
mu_add_test(client_parking_test SOURCES client_parking_test.c LINK mu_client_static)
mu_add_test(client_turns_test SOURCES client_turns_test.c LINK mu_client_static)
mu_add_test(client_verdict_test SOURCES client_verdict_test.c LINK mu_client_static)

# Against a router in the test's own hands.
mu_add_test(client_connection_test SOURCES client_connection_test.c client_fixture.c client_peer.c
  LINK mu_client_static)
mu_add_test(client_leaving_test SOURCES client_leaving_test.c client_fixture.c client_peer.c LINK mu_client_static)
mu_add_test(client_user_test SOURCES client_user_test.c client_peer.c LINK mu_client_static)
mu_add_test(service_host_test SOURCES service_host_test.c client_peer.c LINK mu_client_static)
