# Writes the units with the paths of this installation, which are known only now: `cmake --install
# --prefix` may have changed them. Called by cmake/MuInstall.cmake with MU_SOURCE_DIR and the install
# folders relative to CMAKE_INSTALL_PREFIX.
get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE)
set(MU_LIBEXEC_DIR "${prefix}/${MU_LIBEXEC}")
set(MU_DOC_DIR "${prefix}/${MU_DOC}")
set(units "$ENV{DESTDIR}${prefix}/lib/systemd")
foreach(pair system:mu-node.service.in user:mu-node.user.service.in)
  string(REPLACE ":" ";" pair "${pair}")
  list(GET pair 0 kind)
  list(GET pair 1 source)
  message(STATUS "Installing: ${units}/${kind}/mu-node.service")
  configure_file("${MU_SOURCE_DIR}/cmake/systemd/${source}" "${units}/${kind}/mu-node.service" @ONLY)
endforeach()
