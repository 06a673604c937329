# What an SDK is made of; each program installs itself where it is defined.
include(CMakePackageConfigHelpers)

set(MU_INSTALL_PROTO_DIR "${CMAKE_INSTALL_DATADIR}/mu/proto")
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mu")
file(RELATIVE_PATH MU_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" MU_PC_PREFIX "${MU_PC_PREFIX}")
configure_file(cmake/mu.pc.in mu.pc @ONLY)
configure_package_config_file(cmake/mu-config.cmake.in mu-config.cmake
  INSTALL_DESTINATION "${package_dir}" PATH_VARS MU_INSTALL_PROTO_DIR)
write_basic_package_version_file(mu-config-version.cmake COMPATIBILITY SameMinorVersion)

# manifest.h is for the node's own programs, and not in libmu.
install(DIRECTORY client/include/mu DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h" PATTERN "manifest.h" EXCLUDE)
install(DIRECTORY proto/mu DESTINATION "${MU_INSTALL_PROTO_DIR}" FILES_MATCHING PATTERN "*.proto")
install(FILES "${PROJECT_BINARY_DIR}/mu.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES cmake/MuProto.cmake cmake/MuService.cmake "${PROJECT_BINARY_DIR}/mu-config.cmake"
  "${PROJECT_BINARY_DIR}/mu-config-version.cmake" DESTINATION "${package_dir}")

install(TARGETS protoc-gen-mu EXPORT mu-targets RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
if(TARGET mu)
  set_target_properties(mu PROPERTIES VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  install(TARGETS mu EXPORT mu-targets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()
install(EXPORT mu-targets NAMESPACE mu:: DESTINATION "${package_dir}")

# The command line goes by two names, since some systems have another `mu`.
if(TARGET mu_cli)
  file(RELATIVE_PATH libraries "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(mu_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
  install(TARGETS mu_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(CODE "file(CREATE_LINK mu
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/muctl\" SYMBOLIC)")
endif()

# What a service manager needs to run a node, and the page that says how.
install(FILES docs/deploying.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES cmake/systemd/mu.sysusers RENAME mu.conf DESTINATION lib/sysusers.d)
install(CODE "
  set(MU_SOURCE_DIR \"${PROJECT_SOURCE_DIR}\")
  set(MU_LIBEXEC \"${CMAKE_INSTALL_LIBEXECDIR}\")
  set(MU_DOC \"${CMAKE_INSTALL_DOCDIR}\")
  include(\"${PROJECT_SOURCE_DIR}/cmake/systemd/install.cmake\")")
