/* lua_newstate in Lua 5.4 and 5.5, which takes a seed for the hashes of strings. */
#ifndef ENGINE_NEW_STATE_H
#define ENGINE_NEW_STATE_H

#include <lauxlib.h>
#include <lua.h>

static inline lua_State *new_state(lua_Alloc alloc, void *ud) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(alloc, ud, luaL_makeseed(NULL));
#else
  return lua_newstate(alloc, ud);
#endif
}

#endif
