/* The modules for a host's own interpreters, from heapster::python and heapster::lua.

     PyImport_AppendInittab("heapster", PyInit__heapster);          before Py_Initialize
     luaL_requiref(L, "heapster", luaopen_heapster, 0);             or into package.preload

   Either is the whole module: no .py and no .lua file is needed. The types are named here without the headers of
   Python and Lua, so that a host of one needs nothing of the other. */
#ifndef HEAPSTER_MODULES_H
#define HEAPSTER_MODULES_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct _object;
struct lua_State;

/* The module, as Python calls it: a new reference, or NULL with an exception set. Holds the GIL. */
HEAPSTER_API struct _object *PyInit__heapster(void);

/* Counts Python's objects from before Py_Initialize on, so that none is older than the count; `import heapster` does
   the same later. To be called where nobody runs Python yet, after Py_PreInitialize where PYTHONMALLOC is obeyed: that
   sets CPython's allocators anew. HEAPSTER_OK also where they are counted already; HEAPSTER_UNSUPPORTED, and the status
   says why. */
HEAPSTER_API enum heapster_error heapster_python_hook(void);

/* Leaves the module's table on the stack of `L` and answers 1. */
HEAPSTER_API int luaopen_heapster(struct lua_State *L);

/* Counts a state that runs already, as `require "heapster"` does, which then leaves it as it is. To be called where
   that may be called; may raise an error of Lua for want of memory. HEAPSTER_OK also where it is counted already;
   HEAPSTER_UNSUPPORTED, and the status says why. */
HEAPSTER_API enum heapster_error heapster_lua_hook(struct lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
