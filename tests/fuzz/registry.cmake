set(model "${PROJECT_SOURCE_DIR}/tests/unit/registry_model")
mu_add_fuzz(registry_fuzz
  SOURCES registry_fuzz.c ${model}.c ${model}_compare.c ${model}_events.c ${model}_import.c
    ${model}_view.c
  LINK mu_registry_core)
mu_add_fuzz(registry_record_fuzz SOURCES registry_record_fuzz.c LINK mu_registry_core)
mu_add_fuzz(etcd_answer_fuzz SOURCES etcd_answer_fuzz.c LINK mu_etcd_core mu::mu)
