# heapster::heapster (shared), heapster::static, heapster::malloc (counts malloc when linked first).
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/heapsterTargets.cmake")
