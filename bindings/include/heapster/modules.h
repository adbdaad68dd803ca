/* The modules, for a host's own interpreters. Link heapster::python or heapster::lua.

     PyImport_AppendInittab("heapster", PyInit__heapster);          before Py_Initialize
     luaL_requiref(L, "heapster", luaopen_heapster, 0);             or into package.preload

   Each is the whole module: no .py and no .lua file is needed. This header includes none of Python or Lua, so that a
   host of one language needs nothing of the other. */
#ifndef HEAPSTER_MODULES_H
#define HEAPSTER_MODULES_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct _object;
struct lua_State;

/* Python calls this with the GIL held: a new reference, or NULL with an exception set. */
HEAPSTER_API struct _object *PyInit__heapster(void);

/* Starts counting Python's objects. Call it before Py_Initialize and before any thread runs Python, so that no object
   is older than the hook; `import heapster` does the same later. If PYTHONMALLOC is in use, call Py_PreInitialize
   first, since that replaces CPython's allocators; so it does from CPython 3.12 on each time the process starts an
   interpreter again, and this has to be called again. HEAPSTER_OK also if they are counted already.
   HEAPSTER_UNSUPPORTED: the status says why. */
HEAPSTER_API enum heapster_error heapster_python_hook(void);

/* Pushes the module's table and returns 1. */
HEAPSTER_API int luaopen_heapster(struct lua_State *L);

/* Starts counting a running state, as `require "heapster"` does. Call it where Lua may be called; it may raise Lua's
   memory error. HEAPSTER_OK also if the state is counted already. HEAPSTER_UNSUPPORTED: the status says why. */
HEAPSTER_API enum heapster_error heapster_lua_hook(struct lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
