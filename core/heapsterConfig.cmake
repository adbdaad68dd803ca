# heapster::heapster (shared), heapster::static, heapster::malloc (counts malloc when linked first); with the modules
# heapster::python, heapster::lua and heapster_LUA_VERSION, the Lua that the latter is for.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/heapsterTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/heapsterLua.cmake" OPTIONAL)
