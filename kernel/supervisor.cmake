# mu_supervisor: the core, pure. mu_node: the shell around it. mu-node and mu-exec: the programs.
add_library(mu_supervisor STATIC backoff.c child.c ending.c plan.c request.c service.c standing.c
  supervisor.c turnover.c)
target_link_libraries(mu_supervisor PRIVATE mu_options PUBLIC mu_base)

# mu_cage: what the supervisor knows of cages, and mu-exec, too.
add_library(mu_cage STATIC cage/cage.c cage/cgroup.c cage/grade.c cage/landlock.c cage/offer.c
  cage/owner.c cage/plan.c cage/privileges.c cage/spawn.c)
target_link_libraries(mu_cage PRIVATE mu_options PUBLIC mu_base)
if(MU_COVERAGE)
  target_compile_definitions(mu_cage PUBLIC CAGE_BUILD_FOLDER="${PROJECT_BINARY_DIR}")
endif()

if(MU_SANITIZE) # every process reads what reports to leave out
  target_compile_definitions(mu_cage PUBLIC
    CAGE_SUPPRESSIONS="${PROJECT_SOURCE_DIR}/tests/tsan.supp")
endif()

add_library(mu_node STATIC
  admit.c answer.c boot.c bootstrap.c config.c control.c daemon.c endpoints.c endpoints_grants.c
  endpoints_logs.c endpoints_policy.c endpoints_turnover.c expect.c folder.c grants.c handover.c
  hold.c launch.c lock.c logfile.c logscan.c loop.c node.c notify.c output.c policies.c process.c
  sandbox.c shelf.c successor.c usage.c view.c)
target_link_libraries(mu_node PRIVATE mu_options PkgConfig::SODIUM
  PUBLIC mu_supervisor mu_cage mu_terms mu_wire mu_manifest mu_proto)

add_executable(mu-node main.c)
target_link_libraries(mu-node PRIVATE mu_node mu_options)

# The filters of system calls, made by the build, so that a start needs no libseccomp.
add_executable(mu-filters cage/filter_rules.c cage/filter_write.c)
target_link_libraries(mu-filters PRIVATE mu_cage mu_options PkgConfig::SECCOMP)
set(filters "${CMAKE_CURRENT_BINARY_DIR}/filter_programs.c")
add_custom_command(OUTPUT "${filters}" COMMAND mu-filters "${filters}" DEPENDS mu-filters VERBATIM)

add_executable(mu-exec exec.c cage/by_hand.c cage/filter.c cage/loader.c cage/mounts.c cage/view.c "${filters}")
target_link_libraries(mu-exec PRIVATE mu_cage mu_options)

foreach(program mu-node mu-exec)
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/libexec/mu")
  install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/mu")
endforeach()
