# Which Lua the module is for, 5.4 or 5.5: the one whose lua.h is in a given LUA_INCLUDE_DIR, or else that of a given
# HEAPSTER_LUA, the interpreter that runs the tests, or else what is found. What was given is used or refused, never
# replaced. Sets LUA_INCLUDE_DIR, LUA_LIBRARIES, HEAPSTER_LUA (the last two for hosts and tests: *-NOTFOUND if missing),
# LUA_VERSION ("5.4") and LUA_VERSION_STRING ("5.4.4").
include_guard(DIRECTORY)
set(HEAPSTER_LUA_VERSIONS 5.4 5.5)

# Sets `result` to the release whose lua.h is in `folder`, "5.4.4", or to "".
function(heapster_lua_release folder result)
  set(release "")
  if(EXISTS "${folder}/lua.h")
    file(STRINGS "${folder}/lua.h" lines REGEX "^#define[ \t]+LUA_VERSION_(MAJOR|MINOR|RELEASE)(_N)?[ \t]+\"?[0-9]+")
    foreach(part IN ITEMS MAJOR MINOR RELEASE)
      string(REGEX MATCH "LUA_VERSION_${part}(_N)?[ \t]+\"?([0-9]+)" found "${lines}")
      list(APPEND release "${CMAKE_MATCH_2}")
    endforeach()
    list(JOIN release "." release)
  endif()
  set(${result} "${release}" PARENT_SCOPE)
endfunction()

# Sets `result` to the version of an interpreter, "5.4", or to "".
function(heapster_lua_version program result)
  execute_process(COMMAND "${program}" -e "io.write(_VERSION)" OUTPUT_VARIABLE words ERROR_QUIET RESULT_VARIABLE status)
  string(REGEX MATCH "^Lua ([0-9.]+)$" found "${words}")
  set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

function(heapster_is_lua_folder result folder)
  heapster_lua_release("${folder}" release)
  if(NOT "${release}" MATCHES "^${heapster_lua_wanted}\\.")
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

function(heapster_is_lua_program result program)
  heapster_lua_version("${program}" version)
  if(NOT version STREQUAL heapster_lua_wanted)
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

if(HEAPSTER_LUA)
  find_program(HEAPSTER_LUA NAMES "${HEAPSTER_LUA}") # a name becomes a path
  heapster_lua_version("${HEAPSTER_LUA}" heapster_lua_wanted)
  if(NOT heapster_lua_wanted IN_LIST HEAPSTER_LUA_VERSIONS)
    message(FATAL_ERROR "HEAPSTER_LUA=${HEAPSTER_LUA} is not Lua 5.4 or 5.5.")
  endif()
endif()

if(NOT LUA_INCLUDE_DIR)
  set(heapster_lua_tried ${HEAPSTER_LUA_VERSIONS})
  if(HEAPSTER_LUA)
    set(heapster_lua_tried ${heapster_lua_wanted})
    cmake_path(GET HEAPSTER_LUA PARENT_PATH heapster_lua_prefix)
    cmake_path(GET heapster_lua_prefix PARENT_PATH heapster_lua_prefix)
  endif()
  foreach(heapster_lua_wanted IN LISTS heapster_lua_tried)
    string(REPLACE "." "" heapster_lua_short "${heapster_lua_wanted}")
    find_path(LUA_INCLUDE_DIR lua.h HINTS ${heapster_lua_prefix} VALIDATOR heapster_is_lua_folder
      PATH_SUFFIXES include/lua${heapster_lua_wanted} include/lua${heapster_lua_short} include/lua-${heapster_lua_wanted}
        include/lua include lua${heapster_lua_wanted} lua${heapster_lua_short} lua-${heapster_lua_wanted} lua)
  endforeach()
  if(NOT LUA_INCLUDE_DIR)
    list(JOIN heapster_lua_tried " or " heapster_lua_tried)
    message(FATAL_ERROR "No lua.h of Lua ${heapster_lua_tried} is found. LUA_INCLUDE_DIR says where it is.")
  endif()
endif()

heapster_lua_release("${LUA_INCLUDE_DIR}" LUA_VERSION_STRING)
string(REGEX MATCH "^[0-9]+\\.[0-9]+" LUA_VERSION "${LUA_VERSION_STRING}")
if(NOT LUA_VERSION IN_LIST HEAPSTER_LUA_VERSIONS)
  message(FATAL_ERROR "LUA_INCLUDE_DIR=${LUA_INCLUDE_DIR} has no lua.h of Lua 5.4 or 5.5.")
endif()
if(HEAPSTER_LUA AND NOT LUA_VERSION STREQUAL heapster_lua_wanted)
  message(FATAL_ERROR "LUA_INCLUDE_DIR=${LUA_INCLUDE_DIR} is of Lua ${LUA_VERSION}, HEAPSTER_LUA=${HEAPSTER_LUA} of "
    "${heapster_lua_wanted}.")
endif()

set(heapster_lua_wanted ${LUA_VERSION})
string(REPLACE "." "" heapster_lua_short "${LUA_VERSION}")
set(heapster_lua_names lua${LUA_VERSION} lua${heapster_lua_short} lua-${LUA_VERSION} lua)
string(REGEX REPLACE "/include(/.*)?$" "" heapster_lua_prefix "${LUA_INCLUDE_DIR}")
find_program(HEAPSTER_LUA NAMES ${heapster_lua_names} NAMES_PER_DIR HINTS "${heapster_lua_prefix}/bin"
  VALIDATOR heapster_is_lua_program DOC "The Lua that runs the tests; the module is for its version")
find_library(HEAPSTER_LUA_LIBRARY NAMES ${heapster_lua_names} NAMES_PER_DIR HINTS "${heapster_lua_prefix}/lib")
if(NOT LUA_LIBRARIES)
  set(LUA_LIBRARIES ${HEAPSTER_LUA_LIBRARY})
  if(LUA_LIBRARIES MATCHES "\\.a$")
    list(APPEND LUA_LIBRARIES m ${CMAKE_DL_LIBS})
  endif()
endif()
get_property(heapster_lua_is_told GLOBAL PROPERTY HEAPSTER_LUA_IS_TOLD)
if(NOT heapster_lua_is_told)
  message(STATUS "Lua: ${LUA_VERSION_STRING}, ${LUA_INCLUDE_DIR}")
  set_property(GLOBAL PROPERTY HEAPSTER_LUA_IS_TOLD TRUE)
endif()
