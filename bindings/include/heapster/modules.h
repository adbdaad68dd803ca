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

/* Starts counting a running state, as `require "heapster"` does, in heap `lua`, `lua:2`, ... Call it where Lua may be
   called; it may raise Lua's memory error. HEAPSTER_OK also if the state is counted already. HEAPSTER_TOO_MANY_HEAPS:
   it stays uncounted. HEAPSTER_UNSUPPORTED: the status says why. */
HEAPSTER_API enum heapster_error heapster_lua_hook(struct lua_State *L);

/* The same in a heap of that name, by the rules of heapster_heap_create; for NULL as heapster_lua_hook. A state that is
   closed leaves its heap, with its figures, to the next state that is hooked by the same name over the same kind of
   allocator. Also HEAPSTER_BAD_NAME; HEAPSTER_NAME_TAKEN: an open state or another heap has the name;
   HEAPSTER_UNSUPPORTED if the state is counted already, in a heap of another name. */
HEAPSTER_API enum heapster_error heapster_lua_hook_named(struct lua_State *L, const char *name);

/* The heap that counts the state, or NULL. It is what scripts of the state call "lua". */
HEAPSTER_API struct heapster_heap *heapster_lua_heap(struct lua_State *L);

/* Bytes live in the state that no heap counts: they are from before the hook. 0 for a state that is not hooked. While
   no C code holds memory that it requested of the state's allocator itself (lua_getallocf), this and use_curr of
   heapster_lua_heap add up to LUA_GCCOUNT and LUA_GCCOUNTB of lua_gc. */
HEAPSTER_API uint64_t heapster_lua_preexisting(struct lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
