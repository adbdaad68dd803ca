# The modules where their interpreters look for them, and what hosts link.
option(HEAPSTER_INSTALL_PYTHON "Install the Python module" ON)
option(HEAPSTER_INSTALL_LUA "Install the Lua module" ON)
set(HEAPSTER_PYTHON_DIR "" CACHE STRING "Folder for the Python package; empty: where HEAPSTER_PYTHON looks under the prefix")
set(HEAPSTER_LUA_DIR "" CACHE STRING "Folder for the Lua module; empty: where HEAPSTER_LUA looks under the prefix")

# Sets `result` to where packages lie under the prefix for the interpreter that the module is for.
function(heapster_python_folder result)
  # The system's own folder is the shortest of Debian's.
  execute_process(COMMAND ${Python_EXECUTABLE} -Ic "import site; print(*sorted(site.getsitepackages(), key=len), sep=';')"
    OUTPUT_VARIABLE folders OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(otherwise lib/python${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}/site-packages)
  heapster_folder_under_prefix(folder ${otherwise} ${folders})
  set(${result} ${folder} PARENT_SCOPE)
endfunction()

function(heapster_lua_folder result)
  set(folders "")
  if(HEAPSTER_LUA)
    execute_process(COMMAND ${HEAPSTER_LUA} -E -e "io.write((package.cpath:gsub('/%?%.so', '')))" OUTPUT_VARIABLE folders)
    list(FILTER folders INCLUDE REGEX "^/")
    list(FILTER folders EXCLUDE REGEX "\\.so$")
  endif()
  heapster_folder_under_prefix(folder ${CMAKE_INSTALL_LIBDIR}/lua/${LUA_VERSION} ${folders})
  set(${result} ${folder} PARENT_SCOPE)
endfunction()

# The package for pip, complete in its folder; its own SONAME and no links, which a wheel cannot hold.
function(heapster_install_wheel)
  set_target_properties(heapster_python PROPERTIES INSTALL_RPATH "$ORIGIN/lib")
  install(TARGETS heapster_python LIBRARY DESTINATION heapster COMPONENT python)
  install(TARGETS heapster_shared heapster_malloc LIBRARY DESTINATION heapster/lib COMPONENT python NAMELINK_SKIP)
  install(TARGETS heapster_command RUNTIME DESTINATION heapster/bin COMPONENT python)
endfunction()

# As a system has it: the core and the command are those of the system.
function(heapster_install_python folder)
  heapster_install_rpath(heapster_python ${folder}/heapster)
  install(TARGETS heapster_python LIBRARY DESTINATION ${folder}/heapster COMPONENT python)
  list(TRANSFORM heapster_python_files PREPEND ${PROJECT_SOURCE_DIR}/python/heapster/)
  install(FILES ${heapster_python_files} DESTINATION ${folder}/heapster COMPONENT python)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/python/pytest_heapster DESTINATION ${folder} COMPONENT python
    FILES_MATCHING PATTERN *.py PATTERN py.typed PATTERN __pycache__ EXCLUDE)
  install(DIRECTORY ${heapster_python_metadata} DESTINATION ${folder} COMPONENT python)
endfunction()

function(heapster_install_lua folder)
  heapster_install_rpath(heapster_lua ${folder})
  install(TARGETS heapster_lua LIBRARY DESTINATION ${folder} COMPONENT lua)
  install(FILES ${PROJECT_SOURCE_DIR}/lua/library/heapster.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/heapster/lua-library
    COMPONENT lua)
endfunction()

# For hosts: the static modules, in the package of the core.
function(heapster_install_static target)
  install(TARGETS ${target} EXPORT heapsterTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endfunction()

if(SKBUILD)
  heapster_install_wheel()
endif()
if(NOT HEAPSTER_INSTALL)
  if(HEAPSTER_LUA_MODULE)
    heapster_install_rpath(heapster_lua .)
  endif()
  return()
endif()

install(FILES include/heapster/modules.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/heapster COMPONENT development)
if(HEAPSTER_PYTHON_MODULE)
  heapster_install_static(heapster_python_static)
endif()
if(HEAPSTER_PYTHON_MODULE AND HEAPSTER_INSTALL_PYTHON)
  if(NOT HEAPSTER_PYTHON_DIR)
    heapster_python_folder(HEAPSTER_PYTHON_DIR)
  endif()
  heapster_install_python(${HEAPSTER_PYTHON_DIR})
endif()
if(HEAPSTER_LUA_MODULE)
  heapster_install_static(heapster_lua_static)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/heapsterLua.cmake "set(heapster_LUA_VERSION ${LUA_VERSION})\n")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/heapsterLua.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/heapster
    COMPONENT development)
endif()
if(HEAPSTER_LUA_MODULE AND HEAPSTER_INSTALL_LUA)
  if(NOT HEAPSTER_LUA_DIR)
    heapster_lua_folder(HEAPSTER_LUA_DIR)
  endif()
  heapster_install_lua(${HEAPSTER_LUA_DIR})
endif()
