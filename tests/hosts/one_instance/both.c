/* One process, two interpreters, one set of counters: C, Python and Lua see the same figures of a heap of the host. The
   modules are loaded as anybody's are, from the folders given: both PYTHON_FOLDER LUA_FILE_PATTERN. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <heapster/heapster.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

enum { BLOCKS = 7, SIZE = 100 };

/* What each says: "7 700" for heap shared. */
static const char python_script[] = "import sys; sys.path.insert(0, sys.argv[1])\n"
                                    "import heapster\n"
                                    "found = heapster.stats('shared')\n"
                                    "assert (found.alloc_count, found.use_curr) == (7, 700), found\n";
static const char lua_script[] = "local pattern = ...\n"
                                 "package.cpath = pattern\n"
                                 "local found = require('heapster').stats('shared')\n"
                                 "assert(found.alloc_count == 7 and found.use_curr == 700, tostring(found))\n";

static bool python_agrees(char **arguments) {
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.parse_argv = 0;
  PyConfig_SetBytesArgv(&config, 2, arguments);
  const PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  return !PyStatus_Exception(status) && PyRun_SimpleString(python_script) == 0;
}

static bool lua_agrees(const char *pattern) {
  lua_State *const L = luaL_newstate();
  luaL_openlibs(L);
  bool agrees = luaL_loadstring(L, lua_script) == LUA_OK;
  if (agrees) lua_pushstring(L, pattern);
  agrees = agrees && lua_pcall(L, 1, 0, 0) == LUA_OK;
  if (!agrees) (void)fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  lua_close(L);
  return agrees;
}

int main(int count, char **arguments) {
  struct heapster_heap *heap;
  struct heapster_stats found;
  if (count != 3 || heapster_heap_create("shared", NULL, &heap)) return 2;
  for (int i = 0; i < BLOCKS; i++) {
    if (!heapster_heap_malloc(heap, SIZE)) return 2;
  }
  heapster_stats_read(heap, &found);
  const bool agree = found.alloc_count == BLOCKS && python_agrees(arguments) && lua_agrees(arguments[2]);
  return Py_FinalizeEx() < 0 || !agree ? 1 : 0;
}
