/* Lua module `lua_cost` for bindings_lua.lua: what the core's calls cost without a language around them, and an
   empty C function.

     lua_cost.stats(calls), lua_cost.window(calls)   makes so many calls
     lua_cost.empty()                                does nothing */
#include <heapster/heapster.h>
#include <lauxlib.h>
#include <lua.h>

static int stats(lua_State *L) {
  struct heapster_stats stats;
  for (lua_Integer calls = luaL_checkinteger(L, 1); calls > 0; calls--) heapster_stats_read(NULL, &stats);
  return 0;
}

static int window(lua_State *L) {
  struct heapster_stats stats;
  struct heapster_window window;
  for (lua_Integer calls = luaL_checkinteger(L, 1); calls > 0; calls--) {
    if (heapster_window_begin(NULL, HEAPSTER_PROCESS, &window)) return luaL_error(L, "no window");
    heapster_window_end(window, &stats);
  }
  return 0;
}

static int empty(lua_State *L) {
  (void)L;
  return 0;
}

HEAPSTER_API int luaopen_lua_cost(lua_State *L);
int luaopen_lua_cost(lua_State *L) {
  const luaL_Reg functions[] = {{"stats", stats}, {"window", window}, {"empty", empty}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
