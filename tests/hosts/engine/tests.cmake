# The engine's tests, in heapster's own tree.
find_package(cmocka REQUIRED)
find_program(HEAPSTER_VALGRIND valgrind)
add_executable(engine_test_pool test_pool.c pool.c)
target_include_directories(engine_test_pool SYSTEM PRIVATE ${LUA_INCLUDE_DIR} ${CMOCKA_INCLUDE_DIR})
target_link_libraries(engine_test_pool PRIVATE heapster::lua heapster::static ${LUA_LIBRARIES} ${CMOCKA_LIBRARIES}
  heapster_warnings)

# A program as a test of its name, and once more under valgrind: engine_program(name [arguments...]).
function(engine_program name)
  add_test(NAME ${name} COMMAND ${name} ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS lua TIMEOUT 60)
  if(NOT HEAPSTER_VALGRIND)
    heapster_skipped_test(${name}_under_valgrind lua "valgrind is not installed")
  elseif(NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
    heapster_skipped_test(${name}_under_valgrind lua
      "the valgrind of Debian 12 cannot read what clang writes for debuggers")
  else()
    add_test(NAME ${name}_under_valgrind COMMAND ${HEAPSTER_VALGRIND} -q --error-exitcode=99 --leak-check=full
      --errors-for-leak-kinds=definite --soname-synonyms=somalloc=nouserintercepts $<TARGET_FILE:${name}> ${ARGN})
    set_tests_properties(${name}_under_valgrind PROPERTIES LABELS lua TIMEOUT 300)
  endif()
endfunction()

engine_program(engine ${CMAKE_CURRENT_SOURCE_DIR}/scripts)
if(HEAPSTER_COUNTERS STREQUAL "sharded") # the others cannot hook a state
  engine_program(engine_test_pool)
endif()
heapster_pytest(test_engine lua)
heapster_pytest(test_engine_alone lua)
heapster_pytest(test_engine_session lua)
set_property(TEST test_engine_session APPEND PROPERTY ENVIRONMENT HEAPSTER_LUA_RELEASE=${LUA_VERSION_STRING})
