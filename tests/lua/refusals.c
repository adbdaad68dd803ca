/* A host's allocator refuses every request from the n-th on, for each n: `require "heapster"` and what a script does
   with it raise Lua's memory error and nothing else. Then the law holds, no window is open, nothing is explained, what
   another SWIG module keeps in the state is still there, all blocks come back, and the next state can do all of it. */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "new_state.h"
#include "support.h"

enum { NEVER = -1 };

static const char script[] =
    "local heapster = require 'heapster'\n"
    "local function work() local t = {} for i = 1, 5 do t[i] = {i .. 'x'} end return t end\n"
    "local _, diff = heapster.measure(work)\n"
    "local text = tostring(diff) .. heapster.report() .. heapster.json() .. heapster.prometheus()\n"
    "for _, value in pairs(diff) do text = tostring(value) end\n"
    "local _, sites = heapster.explain(work)\n"
    "for _, site in ipairs(sites) do text = tostring(site), site.alloc_histogram, site.file end\n"
    "text = tostring(sites), sites:as_table(), diff:as_table()\n"
    "pcall(heapster.limit, {alloc_count = 0, explain = true}, work)\n"
    "heapster.measure({warmup = 1, ['repeat'] = 3, gc = 'stop', explain = true}, work)\n"
    "do local window <close> = heapster.measuring {scope = 'thread'} work() text = window:stop().live_change end\n"
    "heapster.frame() heapster.frame()\n"
    "text = tostring(heapster.frames 'lua') .. tostring(heapster.status()) .. tostring(heapster.heaps()[1])\n"
    "local turns = coroutine.wrap(function()\n"
    "  heapster.measure({gc = 'stop', explain = true}, function() coroutine.yield() work() end)\n"
    "end)\n"
    "turns() turns()\n"
    "heapster.unhook 'lua' work() heapster.hook 'lua'\n";

static struct {
  long left; /* requests before all are refused */
  uint64_t live;
} memory = {NEVER, 0};

static void *refusing_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  const size_t old = ptr ? osize : 0;
  if (nsize > old && memory.left == 0) return NULL;
  if (nsize > old && memory.left > 0) memory.left--;
  void *const fresh = nsize ? realloc(ptr, nsize) : NULL;
  if (!nsize) free(ptr);
  if (fresh || !nsize) memory.live += nsize - old;
  return fresh;
}

static lua_State *open_state(void) {
  lua_State *const L = new_state(refusing_alloc, NULL);
  require(L != NULL, "no memory");
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_heapster);
  lua_setfield(L, -2, "heapster");
  lua_pushliteral(L, "of another module");
  lua_setfield(L, LUA_REGISTRYINDEX, "SWIG");
  lua_pushliteral(L, "of another module");
  lua_setglobal(L, "swig_type");
  lua_settop(L, 0);
  return L;
}

static void is_of_another_module(lua_State *L) {
  require(lua_type(L, -1) == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "of another module"),
          "a name of another SWIG module is lost");
  lua_pop(L, 1);
}

static void nothing_is_out_of_order(lua_State *L) {
  struct heapster_stats stats = {0};
  lua_getfield(L, LUA_REGISTRYINDEX, "SWIG");
  is_of_another_module(L);
  lua_getglobal(L, "swig_type");
  is_of_another_module(L);
  require(lua_getglobal(L, "swig_equals") == LUA_TNIL, "a global is left");
  lua_pop(L, 1);
  require(!heapster_is_explaining(), "something is still explained");
  if (!heapster_lua_heap(L)) return;
  heapster_stats_read(heapster_lua_heap(L), &stats);
  const uint64_t known = stats.use_curr + heapster_lua_preexisting(L);
  require(known == memory.live, "%llu bytes are known of %llu", (unsigned long long)known,
          (unsigned long long)memory.live);
}

/* Whether the script ran to its end. */
static bool run_with(long requests) {
  struct heapster_status status;
  lua_State *const L = open_state();
  require(luaL_loadstring(L, script) == LUA_OK, "%s", lua_tostring(L, -1));
  memory.left = requests;
  const int error = lua_pcall(L, 0, 0, 0);
  memory.left = NEVER;
  const char *const message = error ? lua_tostring(L, -1) : NULL;
  require(!error || (message && strstr(message, "not enough memory")), "request %ld: %s", requests,
          message ? message : luaL_typename(L, -1));
  nothing_is_out_of_order(L);
  lua_close(L);
  heapster_status_read(&status);
  require(status.windows_open == 0, "request %ld: a window is open", requests);
  require(memory.live == 0, "request %ld: %llu bytes did not come back", requests, (unsigned long long)memory.live);
  return error == LUA_OK;
}

int main(void) {
  while (!run_with((long)support_run.step)) support_run.step++;
  require(support_run.step > 500, "%llu requests were enough", (unsigned long long)support_run.step);
  return 0;
}
