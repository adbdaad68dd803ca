/* Histograms in Lua: an array of 64 that cannot be changed. h[k + 1] is bucket k. */
#include "lua/module.h"

void heapster__lua_push_histogram(lua_State *L, const struct heapster_histogram *histogram) {
  *(struct heapster_histogram *)heapster__lua_new(L, HEAPSTER__LUA_HISTOGRAM, sizeof *histogram) = *histogram;
}

static int length(lua_State *L) {
  heapster__lua_check(L, 1, HEAPSTER__LUA_HISTOGRAM);
  lua_pushinteger(L, HEAPSTER_BUCKETS);
  return 1;
}

/* Beyond both ends is nil, as in a table: ipairs stops there. */
static int index(lua_State *L) {
  if (lua_type(L, 2) != LUA_TNUMBER) return heapster__lua_index(L);
  const struct heapster_histogram *const histogram = heapster__lua_check(L, 1, HEAPSTER__LUA_HISTOGRAM);
  int is_integer;
  const lua_Integer place = lua_tointegerx(L, 2, &is_integer);
  if (is_integer && place >= 1 && place <= HEAPSTER_BUCKETS)
    lua_pushinteger(L, (lua_Integer)histogram->buckets[place - 1]);
  else
    lua_pushnil(L);
  return 1;
}

static int next_bucket(lua_State *L) {
  const struct heapster_histogram *const histogram = heapster__lua_check(L, 1, HEAPSTER__LUA_HISTOGRAM);
  const lua_Integer last = luaL_checkinteger(L, 2);
  if (last < 0 || last >= HEAPSTER_BUCKETS) return 0;
  lua_pushinteger(L, last + 1);
  lua_pushinteger(L, (lua_Integer)histogram->buckets[last]);
  return 2;
}

static int pairs(lua_State *L) {
  heapster__lua_check(L, 1, HEAPSTER__LUA_HISTOGRAM);
  lua_pushcfunction(L, next_bucket);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

const luaL_Reg heapster__lua_histogram_metamethods[] = {
    {"__len", length}, {"__index", index}, {"__pairs", pairs}, {NULL, NULL}};
