-- In the source tree: luarocks --lua-version 5.4 make lua/heapster-scm-1.rockspec
-- Needs CMake 3.25, a C11 compiler and SWIG 4.1. The rock has the module and the core that it loads. The command, Python and
-- hosts of the same process share that core.
rockspec_format = "3.0"
package = "heapster"
version = "scm-1"
source = {
  url = "git+file://.", -- `luarocks make` does not fetch it
}
description = {
  summary = "Exact heap telemetry: what a Lua state asks of its allocator, always on",
  detailed = [[
Counts every request of a Lua state: how many, of which sizes, what they were for, what is live, what the peak was. Measures
functions, and limits what they may allocate.]],
  license = "MIT",
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.4, < 5.6" }
build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "RelWithDebInfo",
    CMAKE_BUILD_WITH_INSTALL_RPATH = "ON",
    HEAPSTER_INSTALL = "OFF",
    HEAPSTER_TESTS = "OFF",
    HEAPSTER_PYTHON_MODULE = "OFF",
    LUA_INCLUDE_DIR = "$(LUA_INCDIR)",
  },
  -- File by file, since LuaRocks fails on the links that CMake would install.
  install_pass = false,
  install = {
    lib = { "build.luarocks/lua/heapster.so", "build.luarocks/lib/libheapster.so.0" },
  },
}
