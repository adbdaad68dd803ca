/* Which Lua the module is for. */
#ifndef HEAPSTER__LUA_VERSION_H
#define HEAPSTER__LUA_VERSION_H

#include <lua.h>

/* Raises an error if another Lua loads it than it was built for. Uses nothing that Lua 5.1 lacks. */
void heapster__lua_check_version(lua_State *L);

#endif
