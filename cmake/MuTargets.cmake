# mu_build: language level and instrumentation, for generated code too. mu_options: our warnings.
add_library(mu_build INTERFACE)
target_compile_features(mu_build INTERFACE c_std_11)
target_compile_definitions(mu_build INTERFACE _GNU_SOURCE "MU_VERSION=\"${PROJECT_VERSION}\"")
target_compile_options(mu_build INTERFACE -fno-strict-aliasing -ffunction-sections -fdata-sections)
target_link_options(mu_build INTERFACE -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(mu_build INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
    -fstack-protector-strong)
endif()
if(MU_SANITIZE)
  target_compile_options(mu_build INTERFACE -fsanitize=${MU_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  # Each program holds the sanitizer: clang's linker is three times as fast at it.
  target_link_options(mu_build INTERFACE -fsanitize=${MU_SANITIZE} -fuse-ld=lld)
endif()
if(MU_COVERAGE)
  target_compile_options(mu_build INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(mu_build INTERFACE --coverage)
endif()
if(MU_FUZZ)
  target_compile_options(mu_build INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(mu_options INTERFACE)
target_include_directories(mu_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_link_libraries(mu_options INTERFACE mu_build)
target_compile_options(mu_options INTERFACE -Wall -Wextra -Wshadow -Wpointer-arith
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wswitch-enum -Wconversion
  -Wno-sign-conversion $<$<BOOL:${MU_WERROR}>:-Werror>)

# What is generated, for those that only read it (cmake/check lint).
add_custom_target(mu_generated)

# Sets `<var>` to whether a program that links these targets may have more threads than one.
function(mu_has_threads var)
  set(seen "")
  while(ARGN)
    list(POP_FRONT ARGN target)
    if(target MATCHES "^(nng::nng|Threads::Threads)$")
      set(${var} TRUE PARENT_SCOPE)
      return()
    endif()
    if(NOT TARGET ${target} OR target IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${target})
    foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(links ${target} ${property})
      if(links)
        list(TRANSFORM links REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1")
        list(APPEND ARGN ${links})
      endif()
    endforeach()
  endwhile()
  set(${var} FALSE PARENT_SCOPE)
endfunction()

# mu_add_test(<name> SOURCES <c>... [LINK <target>...]): a cmocka program, run by ctest. One without
# threads has nothing for ThreadSanitizer, and is neither built nor run there.
function(mu_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LINK")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} mu_options cmocka)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  mu_has_threads(threads ${arg_LINK})
  if(MU_SANITIZE STREQUAL "thread" AND NOT threads)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    return()
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
  if(arg_TIMEOUT) # what may take long begins first
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} COST ${arg_TIMEOUT})
  endif()
endfunction()

# mu_add_fuzz(<name> SOURCES <c>... [LINK <target>...]): in the fuzz preset a libFuzzer target, which
# tests/fuzz/run runs; elsewhere a test that replays the inputs in tests/fuzz/corpus/<name>.
function(mu_add_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(MU_FUZZ)
    if(NOT TARGET fuzz)
      add_custom_target(fuzz) # all of them
    endif()
    add_executable(${name} ${arg_SOURCES})
    add_dependencies(fuzz ${name})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  else()
    add_executable(${name} ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c")
    set_target_properties(${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
    add_test(NAME ${name} COMMAND ${name} "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK} mu_options)
endfunction()
