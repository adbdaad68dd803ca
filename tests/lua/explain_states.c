/* States that explain beside each other, that are closed while they do, and hosts with debug hooks of their own. */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

#include "support.h"

static lua_State *open_state(void) {
  lua_State *const L = luaL_newstate();
  require(L != NULL, "no memory");
  luaL_openlibs(L);
  luaL_requiref(L, "heapster", luaopen_heapster, true);
  lua_settop(L, 0);
  return L;
}

static void run(lua_State *L, const char *program) {
  require(luaL_dostring(L, program) == LUA_OK, "%s: %s", program, lua_tostring(L, -1));
  lua_settop(L, 0);
}

static void require_can_explain(lua_State *L) {
  require(!heapster_is_explaining(), "something is still explained");
  run(L, "local _, s = heapster.explain({heap = 'lua'}, function() kept = {} end)"
         "assert(s.counted == 1 and s.explained == 1 and s[1].line == 1)"
         "assert(heapster.status().windows_open == 0)");
}

static void heap_of_another_state_is_refused(lua_State *first, lua_State *second) {
  const char *const other = heapster_heap_name(heapster_lua_heap(second));
  lua_pushstring(first, other);
  lua_setglobal(first, "other");
  run(first, "local ok, why = pcall(heapster.explain, {heap = other}, print)"
             "assert(not ok and why:find('of another Lua state: only that one can explain its lines'), why)");
  require_can_explain(first);
}

static lua_State *resumed; /* by run_other */

static int run_other(lua_State *L) {
  (void)L;
  run(resumed, "local t = {{}, {}} local ok, why = pcall(heapster.explain, print)"
               "assert(not ok and why:find('another explanation is running in this process'), why)");
  return 0;
}

static void another_state_is_elsewhere(lua_State *first, lua_State *second) {
  resumed = second;
  lua_pushcfunction(first, run_other);
  lua_setglobal(first, "run_other");
  run(first, "local _, s = heapster.explain(function() kept = {} run_other() end)"
             "assert(s.elsewhere > 4 and s.explained >= 1 and s.counted == s.explained + s.elsewhere, tostring(s))");
  require_can_explain(first);
  require_can_explain(second);
}

static int close_other(lua_State *L) {
  (void)L;
  lua_close(resumed);
  return 0;
}

/* In one of its coroutines, which never goes on. */
static void closed_state_ends_its_explaining(lua_State *other) {
  lua_State *const L = open_state();
  run(L, "co = coroutine.create(function() heapster.explain(function() kept = {} coroutine.yield() end) end)"
         "assert(coroutine.resume(co))");
  require(heapster_is_explaining(), "nothing is explained");
  lua_close(L);
  require_can_explain(other);
}

static void state_that_another_closes_meanwhile_leaves_sums_equal(lua_State *first) {
  resumed = open_state();
  lua_pushcfunction(first, close_other);
  lua_setglobal(first, "close_other");
  run(first, "local _, s = heapster.explain(function() kept = {} close_other() kept = {kept} end)"
             "assert(s.counted == s.explained + s.elsewhere and s.under_way == 0, tostring(s))");
  require_can_explain(first);
}

static void unhooked_state_goes_on(lua_State *L) {
  run(L, "local _, s = heapster.explain(function()"
         "  kept = {} heapster.unhook 'lua' kept = {kept} heapster.hook 'lua'\n kept = {kept} end)"
         "assert(s.counted >= 3 and s.counted == s.explained + s.elsewhere, tostring(s))");
  require_can_explain(L);
}

static unsigned long events[5];

static void count_event(lua_State *L, lua_Debug *event) {
  (void)L;
  events[event->event]++;
}

static void hook_of_a_host_gets_its_events_and_no_others(lua_State *L) {
  static const char work[] = "heapster.explain(function() for i = 1, 100 do kept = {i} end end)";
  memset(events, 0, sizeof events);
  lua_sethook(L, count_event, LUA_MASKCOUNT, 10);
  run(L, work);
  require(lua_gethook(L) == count_event && lua_gethookmask(L) == LUA_MASKCOUNT && lua_gethookcount(L) == 10,
          "the host's hook is not back");
  require(events[LUA_HOOKCOUNT] > 20, "the host's hook was not called");
  require(!events[LUA_HOOKLINE] && !events[LUA_HOOKCALL] && !events[LUA_HOOKRET], "it was called for our events");
  lua_sethook(L, NULL, 0, 0);
  require_can_explain(L);
}

/* As debuggers do that want to stop a running script. */
static lua_Hook ours;
static void chained(lua_State *L, lua_Debug *event) {
  events[event->event]++;
  ours(L, event);
}
static int chain(lua_State *L) {
  ours = lua_gethook(L);
  lua_sethook(L, chained, lua_gethookmask(L), lua_gethookcount(L));
  return 0;
}

static void hook_that_calls_ours_stays_in_force(lua_State *L) {
  memset(events, 0, sizeof events);
  lua_pushcfunction(L, chain);
  lua_setglobal(L, "chain");
  run(L, "local _, s = heapster.explain(function() chain()\n kept = {}\n kept = {kept} end)"
         "assert(not tostring(s):find 'replaced')"
         "local lines = {} for _, site in ipairs(s) do lines[site.line] = site.alloc_count end "
         "assert(lines[2] == 1 and lines[3] == 2, tostring(s))");
  require(lua_gethook(L) == chained, "the host's hook is gone");
  run(L, "kept = {}"); /* now ours has nothing to do */
  lua_sethook(L, NULL, 0, 0);
  require_can_explain(L);
}

int main(void) {
  if (!is_sharded()) return skip_law("a state cannot be hooked");
  lua_State *const first = open_state(), *const second = open_state();
  heap_of_another_state_is_refused(first, second);
  another_state_is_elsewhere(first, second);
  closed_state_ends_its_explaining(second);
  state_that_another_closes_meanwhile_leaves_sums_equal(first);
  unhooked_state_goes_on(first);
  hook_of_a_host_gets_its_events_and_no_others(first);
  hook_that_calls_ours_stays_in_force(first);
  lua_close(second);
  lua_close(first);
  require(!heapster_is_explaining(), "something is still explained");
  return 0;
}
