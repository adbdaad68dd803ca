/* Which Lua the module is for. */
#include "lua/version.h"

#include <lauxlib.h>

/* The version of a Lua that lacks what the module needs, or NULL. */
static const char *find_older(void) {
#ifdef HEAPSTER__LUA_IS_WEAK
  if (!lua_callk) return "5.1 or LuaJIT";
  if (!lua_rotate) return "5.2";
  if (!lua_newuserdatauv) return "5.3";
#endif
  return NULL;
}

void heapster__lua_check_version(lua_State *L) {
  const char *const older = find_older();
  if (older) luaL_error(L, "this heapster is for %s, and cannot be loaded by Lua %s", LUA_VERSION, older);
  const int number = (int)lua_version(L);
  if (number != LUA_VERSION_NUM)
    luaL_error(L, "this heapster is for %s, and cannot be loaded by Lua %d.%d", LUA_VERSION, number / 100,
               number % 100);
}
