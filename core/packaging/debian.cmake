# Debian packages: ./dev deb. Each is a component of what cmake --install brings; what Debian wants besides is added by
# debian/finish.cmake.
find_program(HEAPSTER_DPKG dpkg)
if(NOT PROJECT_IS_TOP_LEVEL OR NOT HEAPSTER_DPKG)
  return()
endif()
execute_process(COMMAND ${HEAPSTER_DPKG} --print-architecture OUTPUT_VARIABLE heapster_architecture
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(HEAPSTER_MAINTAINER "heapster developers <packages@heapster.invalid>" CACHE STRING
  "Who answers for the Debian packages: name <address>")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "${HEAPSTER_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_PACKAGE_FILE_NAME heapster-${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}-${heapster_architecture})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian/finish.cmake)
set(CPACK_HEAPSTER_SOURCE ${PROJECT_SOURCE_DIR})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)

set(heapster_says
  "heapster counts every request of a program to its heap, exactly and on every"
  "thread: how many, of which sizes, how much is live, what the peak was, how"
  "often a realloc had to move a block. It costs so little that it can stay on."
  ".")

# A component as a package. All their files begin with heapster: `apt install ./heapster*.deb` takes the whole.
function(heapster_package component package section summary) # and the lines of its description
  string(TOUPPER ${component} upper)
  list(JOIN heapster_says "\n" says)
  list(JOIN ARGN "\n" lines)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_FILE_NAME ${CPACK_PACKAGE_FILE_NAME}-${package}.deb PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}\n${says}\n${lines}" PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
  if(NOT component STREQUAL "library")
    set(CPACK_COMPONENT_${upper}_DEPENDS library PARENT_SCOPE)
  endif()
endfunction()

set(CPACK_COMPONENTS_ALL "")
heapster_package(library libheapster${HEAPSTER_SOVERSION} libs "exact heap telemetry, always on (library)"
  "This package has the library that counts, and the one that counts malloc when"
  "it is preloaded or linked first.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/debian/libheapster/triggers)
heapster_package(development libheapster-dev libdevel "exact heap telemetry, always on (development files)"
  "This package has what programs in C and C++ need to measure themselves:"
  "headers, archives, files for pkg-config and CMake.")
heapster_package(command heapster devel "report of what a program does with its heap"
  "This package has the command: heapster run -- program, without a rebuild.")
set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS "python3-heapster, lua-heapster")

if(HEAPSTER_PYTHON_MODULE AND HEAPSTER_INSTALL_PYTHON)
  heapster_package(python python3-heapster python "exact heap telemetry, always on (Python module)"
    "This package has the module for the system's Python 3, and a plugin for pytest"
    "that limits what tests request and finds those that request more than before.")
  get_directory_property(minor DIRECTORY bindings DEFINITION Python_VERSION_MINOR)
  math(EXPR next "${minor} + 1")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3 (>= 3.${minor}~), python3 (<< 3.${next})")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS heapster)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS python3-pytest)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA
    ${CMAKE_CURRENT_LIST_DIR}/debian/python3-heapster/postinst ${CMAKE_CURRENT_LIST_DIR}/debian/python3-heapster/prerm)
endif()
if(HEAPSTER_LUA_MODULE AND HEAPSTER_INSTALL_LUA)
  get_directory_property(LUA_VERSION DIRECTORY bindings DEFINITION LUA_VERSION)
  heapster_package(lua lua-heapster interpreters "exact heap telemetry, always on (Lua module)"
    "This package has the module for Lua ${LUA_VERSION}, in the interpreter and in programs"
    "that embed it.")
  set(CPACK_DEBIAN_LUA_PACKAGE_DEPENDS "lua${LUA_VERSION} | liblua${LUA_VERSION}-0")
  set(CPACK_DEBIAN_LUA_PACKAGE_RECOMMENDS heapster)
endif()
include(CPack)
