/* Lua module `law_7_in_c`: after every step of a random Lua program, what heap `lua` and the bytes from before the hook
   add up to is what Lua says that it uses, to the byte; and all kinds of what was created are all requests. Read in C,
   where the reading asks Lua for nothing.

     law_7_in_c.follow(heap)   checks it now, and answers what Lua uses

   Lua 5.5 does not count the bytes of strings that were made in a buffer: there it may use less. */
#include <heapster/heapster.h>
#include <lauxlib.h>
#include <lua.h>

static void require_all_kinds(lua_State *L, const struct heapster_stats *stats) {
  struct heapster_lua_kind all = {0, 0};
  const struct heapster_lua_kind *kind;
  const char *name;
  for (size_t i = 0; (kind = heapster_lua_kind_at(&stats->lua_kinds, i, &name)); i++) {
    all.count += kind->count;
    all.sum += kind->sum;
  }
  if (all.count != stats->alloc_count || all.sum != stats->alloc_sum)
    luaL_error(L, "all kinds are %I objects, but %I requests", (lua_Integer)all.count, (lua_Integer)stats->alloc_count);
}

static int follow(lua_State *L) {
  struct heapster_stats stats;
  struct heapster_status status;
  heapster_status_read(&status);
  heapster_stats_read(heapster_heap_find(luaL_checkstring(L, 1)), &stats);
  const lua_Integer used = (lua_Integer)lua_gc(L, LUA_GCCOUNT) * 1024 + lua_gc(L, LUA_GCCOUNTB);
  const lua_Integer found = (lua_Integer)stats.use_curr + (lua_Integer)status.lua_preexisting;
  if (LUA_VERSION_NUM >= 505 ? found < used : found != used)
    return luaL_error(L, "law 7: Lua uses %I bytes, heapster says %I", used, found);
  require_all_kinds(L, &stats);
  lua_pushinteger(L, used);
  return 1;
}

HEAPSTER_API int luaopen_law_7_in_c(lua_State *L);
int luaopen_law_7_in_c(lua_State *L) {
  static const luaL_Reg functions[] = {{"follow", follow}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
