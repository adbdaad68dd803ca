/* The collector, held still for a measurement. */
#include "lua/module.h"

/* What a full collection frees, and the room that it takes from stacks and tables, is gone before the window opens. */
void heapster__lua_gc_stop(lua_State *L, struct heapster__lua_run *run) {
  const int is_running = lua_gc(L, LUA_GCISRUNNING);
  if (is_running < 0) luaL_error(L, "gc: the collector cannot be stopped by one of its finalizers");
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCSTOP);
  run->restarts_gc = is_running;
}

void heapster__lua_gc_restore(lua_State *L, struct heapster__lua_run *run) {
  if (run->restarts_gc) lua_gc(L, LUA_GCRESTART);
  run->restarts_gc = false;
}
