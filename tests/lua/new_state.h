/* lua_newstate, which takes a seed from Lua 5.5 on. */
#ifndef TESTS_LUA_NEW_STATE_H
#define TESTS_LUA_NEW_STATE_H

#include <lua.h>

static inline lua_State *new_state(lua_Alloc alloc, void *ud) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(alloc, ud, 1);
#else
  return lua_newstate(alloc, ud);
#endif
}

#endif
