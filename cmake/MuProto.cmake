# mu_add_proto(<target> [ONLY messages|stubs|types] [PREFIX <name>] <file.proto>...): a static library of
# what protoc-gen-mu makes of .proto files, with headers named after their paths:
#
#   greeter/v1/greeter.pb-c.h   the messages
#   greeter/v1/greeter.mu.h     typed stubs of the services, where the file has some
#
# Paths are relative to the calling folder; files that are not there are looked for among Mu's own and
# protobuf's. What a file imports of google/protobuf is made with it. PREFIX begins the C names of the
# service, instead of its own name. ONLY makes one part, for a library that adds to another; `types` is
# `.types.h`, the packed descriptor set for a program without libmu. Generated code gets none of our
# warnings.
find_program(MU_PROTOC protoc)
find_path(MU_PROTOBUF_DIR google/protobuf/any.proto)
if(NOT MU_PROTO_DIR) # where an installed mu-config.cmake includes this file, it knows
  set(MU_PROTO_DIR "${PROJECT_SOURCE_DIR}/proto")
endif()

# Sets `<var>` to the folder that holds `proto`.
function(mu_find_proto var proto)
  foreach(folder IN LISTS ARGN)
    if(EXISTS "${folder}/${proto}")
      set(${var} "${folder}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  list(JOIN ARGN ", " folders)
  message(FATAL_ERROR "mu_add_proto: there is no ${proto} in ${folders}")
endfunction()

# Appends to the list `<var>` what `path` imports of google/protobuf.
function(mu_add_well_known var path)
  set(pattern "^[ \t]*import[ \t]+[a-z]*[ \t]*\"(google/protobuf/[a-z_]+\\.proto)\".*")
  file(STRINGS "${path}" imports REGEX "${pattern}")
  list(TRANSFORM imports REPLACE "${pattern}" "\\1")
  set(protos ${${var}} ${imports})
  list(REMOVE_DUPLICATES protos)
  set(${var} ${protos} PARENT_SCOPE)
endfunction()

# Sets `<var>` to the suffixes of what is made of `path`.
function(mu_proto_suffixes var path only)
  set(suffixes "")
  file(STRINGS "${path}" services REGEX "^[ \t]*service[ \t]+[A-Za-z0-9_]+[ \t]*($|{|//)")
  if(only STREQUAL "" OR only STREQUAL "messages")
    list(APPEND suffixes .pb-c.c .pb-c.h)
  endif()
  if(services AND (only STREQUAL "" OR only STREQUAL "stubs"))
    list(APPEND suffixes .mu.c .mu.h)
  endif()
  if(services AND only STREQUAL "types")
    list(APPEND suffixes .types.c .types.h)
  endif()
  set(${var} ${suffixes} PARENT_SCOPE)
endfunction()

function(mu_add_proto target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ONLY;PREFIX" "")
  set(protos ${arg_UNPARSED_ARGUMENTS})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/gen/${target}")
  set(folders "${CMAKE_CURRENT_SOURCE_DIR}" "${MU_PROTO_DIR}" "${MU_PROTOBUF_DIR}")
  list(REMOVE_DUPLICATES folders)
  set(options "")
  if(arg_ONLY)
    list(APPEND options --mu_opt=only=${arg_ONLY})
  endif()
  if(arg_PREFIX)
    list(APPEND options --mu_opt=prefix=${arg_PREFIX})
  endif()

  foreach(proto IN LISTS protos)
    mu_find_proto(folder "${proto}" ${folders})
    if(NOT arg_ONLY OR arg_ONLY STREQUAL "messages")
      mu_add_well_known(protos "${folder}/${proto}")
    endif()
  endforeach()
  set(paths "")
  foreach(proto IN LISTS protos)
    mu_find_proto(folder "${proto}" ${folders})
    list(APPEND paths "${folder}/${proto}")
  endforeach()

  # One run for all of them, so that the plugin sees names that would meet.
  set(sources "")
  foreach(proto path IN ZIP_LISTS protos paths)
    mu_proto_suffixes(suffixes "${path}" "${arg_ONLY}")
    string(REGEX REPLACE "\\.proto$" "" stem "${out}/${proto}")
    list(TRANSFORM suffixes PREPEND "${stem}")
    list(APPEND sources ${suffixes})
  endforeach()
  list(TRANSFORM folders PREPEND --proto_path= OUTPUT_VARIABLE proto_paths)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${paths})
  file(MAKE_DIRECTORY "${out}")
  add_custom_command(OUTPUT ${sources}
    COMMAND "${MU_PROTOC}" --plugin=protoc-gen-mu=$<TARGET_FILE:mu::protoc-gen-mu>
      ${proto_paths} ${options} --mu_out=${out} ${paths}
    DEPENDS ${paths} mu::protoc-gen-mu
    COMMENT "Generating C for ${target}" VERBATIM)

  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC PkgConfig::PROTOBUF_C)
  if(NOT arg_ONLY)
    target_link_libraries(${target} PUBLIC mu::mu)
  endif()
  if(TARGET mu_build) # absent where an installed mu-config.cmake includes this file
    target_link_libraries(${target} PRIVATE mu_build)
    add_custom_target(${target}_generated DEPENDS ${sources})
    add_dependencies(${target} ${target}_generated)
    add_dependencies(mu_generated ${target}_generated)
  endif()
endfunction()
