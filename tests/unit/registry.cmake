mu_add_test(store_test SOURCES store_test.c LINK mu_store)
mu_add_test(registry_parts_test SOURCES registry_parts_test.c LINK mu_registry_core)
mu_add_test(registry_catalog_test SOURCES registry_catalog_test.c LINK mu_registry_core)
mu_add_test(registry_space_test SOURCES registry_space_test.c LINK mu_registry_core)
mu_add_test(registry_import_test SOURCES registry_import_test.c LINK mu_registry_core)
set(registry_model
  registry_model.c
  registry_model_compare.c
  registry_model_events.c
  registry_model_import.c
  registry_model_view.c)
mu_add_test(registry_model_test SOURCES registry_model_test.c ${registry_model} LINK mu_registry_core)
mu_add_test(registry_journal_test SOURCES registry_journal_test.c LINK mu_registry_core)
mu_add_test(registry_record_test SOURCES registry_record_test.c LINK mu_registry_core)

mu_add_test(etcd_v3_test SOURCES etcd_v3_test.c LINK mu_etcd_core mu::mu)
mu_add_test(etcd_neighbours_test SOURCES etcd_neighbours_test.c LINK mu_etcd_core mu::mu)
mu_add_test(etcd_holdings_test SOURCES etcd_holdings_test.c LINK mu_etcd_core mu::mu)
mu_add_test(etcd_parts_test SOURCES etcd_parts_test.c
  LINK mu_etcd_core mu_etcd_gateway mu::mu)
