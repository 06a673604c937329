# mu_add_service(<name> SOURCES <c>... [LINK <target>...]): the process mu-<name>, installed where the
# supervisor looks for services, and its manifest <name>.service, where there is one.
function(mu_add_service name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  set(programs "${CMAKE_INSTALL_LIBEXECDIR}/mu")
  set(manifests "${CMAKE_INSTALL_DATADIR}/mu/services")
  file(RELATIVE_PATH libraries "/${programs}" "/${CMAKE_INSTALL_LIBDIR}")
  add_executable(mu-${name} ${arg_SOURCES})
  target_link_libraries(mu-${name} PRIVATE mu::mu ${arg_LINK})
  if(TARGET mu_options) # absent where an installed mu-config.cmake includes this file
    target_link_libraries(mu-${name} PRIVATE mu_options)
  endif()
  set_target_properties(mu-${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/libexec/mu"
    INSTALL_RPATH "$ORIGIN/${libraries}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS mu-${name} RUNTIME DESTINATION "${programs}")
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${name}.service")
    configure_file(${name}.service "${PROJECT_BINARY_DIR}/share/mu/services/${name}.service" COPYONLY)
    install(FILES ${name}.service DESTINATION "${manifests}")
  endif()
endfunction()
