/* What module.c puts together. */
#ifndef HEAPSTER__LUA_MODULE_H
#define HEAPSTER__LUA_MODULE_H

#include <lua.h>

/* In generated code: pushes the module's table with SWIG's functions. */
int heapster__lua_open_generated(lua_State *L);

/* In generated code: call it where that raised an error. */
void heapster__lua_reset_generated(void);

int heapster__lua_measure(lua_State *L);
int heapster__lua_explain(lua_State *L);
int heapster__lua_measuring(lua_State *L);
int heapster__lua_limit(lua_State *L);
void heapster__lua_add_measuring(lua_State *L);

/* hook.c: replaces hook and unhook of the module on top of the stack by functions that know the state. Hooks the state,
   or installs the hooks in HEAPSTER_HOOKS. */
void heapster__lua_start(lua_State *L);

#endif
