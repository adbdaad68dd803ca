/* States over the host's own allocator, hooked when they have blocks below 16 bytes already, which are freed under the
   hook. After many such states the last one's 100 tables are still in use_curr, and the law holds. */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>

#include "verdict.h"

enum { STATES = 1000 };

static void *own_alloc(void *context, void *block, size_t old_size, size_t size) {
  (void)context;
  (void)old_size;
  if (size) return realloc(block, size);
  free(block);
  return NULL;
}

static lua_State *hooked_late(void) {
  lua_State *L = lua_newstate(own_alloc, NULL);
  must(L);
  luaL_openlibs(L);
  must(!luaL_loadstring(L, "x = 1 y = 2")); /* few instructions: its line table is a block of a few bytes */
  lua_setglobal(L, "f");
  must(!heapster_lua_hook(L));
  must(!luaL_dostring(L, "f = nil collectgarbage() collectgarbage('stop') t = {} for i = 1, 100 do t[i] = {} end"));
  return L;
}

int main(void) {
  static struct heapster_stats stats;
  struct heapster_status status;
  for (int i = 1; i < STATES; i++) lua_close(hooked_late());
  lua_State *L = hooked_late();
  heapster_stats_read(heapster_heap_find("lua"), &stats);
  heapster_status_read(&status);
  const long count = lua_gc(L, LUA_GCCOUNT) * 1024L + lua_gc(L, LUA_GCCOUNTB);
  const long off = (long)(stats.use_curr + status.lua_preexisting) - count;
  const bool is_right = off == 0 && stats.live_count >= 100;
  return verdict(is_right, "live_count %ld, use_curr %ld, law off by %ld", (long)stats.live_count, (long)stats.use_curr,
                 off);
}
