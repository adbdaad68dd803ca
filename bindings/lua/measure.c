/* measure(): a function run in a window, or in several of which the cleanest counts. */
#include "lua/module.h"

/* The first result, the diff, the further results. */
static int deliver(lua_State *L, struct heapster__lua_run *run) {
  int results = run->results;
  if (results == 0) {
    lua_pushnil(L);
    results = 1;
  }
  lua_pushvalue(L, HEAPSTER__LUA_RUN_STATS);
  if (results > 1) lua_rotate(L, -results, 1);
  return results + 1;
}

int heapster__lua_measure(lua_State *L) {
  struct heapster__lua_run like = {.options = heapster__lua_options_default(), .deliver = deliver};
  const bool has_options = lua_istable(L, 1) && !heapster__lua_is_callable(L, 1);
  const int function = has_options ? 2 : 1;
  if (has_options) heapster__lua_options_take(L, 1, HEAPSTER__LUA_OF_MEASURE, &like.options);
  if (!heapster__lua_is_callable(L, function)) luaL_typeerror(L, function, "function");
  if (has_options) lua_remove(L, 1);
  return heapster__lua_run(L, &like, NULL);
}
