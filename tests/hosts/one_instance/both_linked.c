/* A host that links both static modules: a script of either language sees the heap of the other. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <heapster/modules.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

static const char in_lua[] =
    "local heapster = require 'heapster'; assert(heapster.heap('python'):stats().alloc_count > 0)";
static const char in_python[] = "import heapster; assert heapster.stats('lua').alloc_count > 0";

int main(void) {
  PyImport_AppendInittab("heapster", PyInit__heapster);
  if (heapster_python_hook()) return 1;
  Py_Initialize();
  lua_State *const L = luaL_newstate();
  luaL_openlibs(L);
  luaL_requiref(L, "heapster", luaopen_heapster, 0);
  int failed = luaL_dostring(L, in_lua);
  if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  failed = PyRun_SimpleString(in_python) || failed;
  lua_close(L);
  return Py_FinalizeEx() || failed;
}
