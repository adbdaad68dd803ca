/* Many states, opened, hooked, unhooked and closed in mixed order, over Lua's own allocator and over one that knows
   each block's size: states [COUNT]. Every state's blocks are freed, and heap by heap nothing is left alive. */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "new_state.h"
#include "support.h"

enum { OPEN = 40, HEAD = 16 };

struct open_state {
  lua_State *L;
  bool is_unhooked;
};

/* Keeps each block's size in front of it, and dies where osize is another. */
static void *strict_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  size_t *live = ud;
  char *const head = ptr ? (char *)ptr - HEAD : NULL;
  if (ptr) {
    size_t known;
    memcpy(&known, head, sizeof known);
    require(known == osize, "a block of %zu bytes came back as one of %zu", known, osize);
  }
  *live += nsize - (ptr ? osize : 0);
  if (!nsize) {
    free(head);
    return NULL;
  }
  char *const fresh = realloc(head, nsize + HEAD);
  if (!fresh) return NULL;
  memcpy(fresh, &nsize, sizeof nsize);
  return fresh + HEAD;
}

static size_t strict_live;

static void work(struct dice *dice, lua_State *L) {
  static const char *const programs[] = {
      "kept = {} for i = 1, 50 do kept[i] = {i, tostring(i)} end",
      "kept = nil collectgarbage()",
      "co = coroutine.create(function() local t = {} coroutine.yield(t) end) coroutine.resume(co)",
      "s = ('x'):rep(1000) .. (s and #s or '')",
      "local h = require 'heapster' local _, d = h.measure(function() end) assert(d.alloc_count == 0)",
      "setmetatable({}, {__gc = function() late = {1, 2, 3} end})",
  };
  const char *const program = programs[dice_below(dice, sizeof programs / sizeof programs[0])];
  require(luaL_dostring(L, program) == LUA_OK, "%s: %s", program, lua_tostring(L, -1));
}

static struct open_state opened(struct dice *dice) {
  lua_State *const L = dice_below(dice, 2) ? luaL_newstate() : new_state(strict_alloc, &strict_live);
  require(L != NULL, "no memory");
  luaL_openlibs(L);
  if (dice_below(dice, 2)) require_ok(heapster_lua_hook(L));
  luaL_requiref(L, "heapster", luaopen_heapster, true);
  lua_settop(L, 0);
  require_ok(heapster_lua_hook(L));
  return (struct open_state){L, false};
}

static void step(struct dice *dice, struct open_state *state) {
  work(dice, state->L);
  if (dice_below(dice, 10)) return;
  const char *const change = state->is_unhooked ? "heapster.hook('lua')" : "heapster.unhook('lua')";
  require(luaL_dostring(state->L, change) == LUA_OK, "%s: %s", change, lua_tostring(state->L, -1));
  state->is_unhooked = !state->is_unhooked;
}

/* With its hook on, so that no block stays counted. */
static void close(struct open_state *state, bool unhooks) {
  const char *const change = unhooks ? "heapster.unhook('lua')" : "heapster.hook('lua')";
  require(luaL_dostring(state->L, change) == LUA_OK, "%s: %s", change, lua_tostring(state->L, -1));
  lua_close(state->L);
  state->L = NULL;
}

static void open_and_close(struct dice *dice, uint64_t count, bool unhooks) {
  struct open_state states[OPEN] = {{NULL, false}};
  while (count > 0) {
    struct open_state *const state = &states[dice_below(dice, OPEN)];
    support_run.step++;
    if (!state->L) {
      *state = opened(dice);
      --count;
    } else if (dice_below(dice, 4)) {
      if (unhooks)
        step(dice, state);
      else
        work(dice, state->L);
    } else {
      close(state, unhooks && dice_below(dice, 2));
    }
  }
  for (unsigned i = 0; i < OPEN; ++i)
    if (states[i].L) close(&states[i], false);
}

static void nothing_is_left(void) {
  struct heapster_status status;
  struct heapster_stats stats;
  heapster_status_read(&status);
  heapster_stats_read(NULL, &stats);
  require(stats.use_curr + status.lua_preexisting == 0, "%llu bytes are left",
          (unsigned long long)(stats.use_curr + status.lua_preexisting));
  require(stats.alloc_count > 0, "nothing was counted");
  require(strcmp(status.lua_way, "none") == 0, "a state is still hooked");
}

/* Those that get no heap are not counted, and say so. */
static void more_states_than_heaps(void) {
  enum { STATES = HEAPSTER_HEAPS + 20 };
  static lua_State *states[STATES];
  static const char measures[] = "local ok, err = pcall(heapster.measure, function() end) "
                                 "assert(ok == (...)) assert(ok or err.kind == 'NotCounting') "
                                 "ok, err = pcall(heapster.heap) assert(ok == (...)) "
                                 "assert((heapster.status().lua_problem == nil) == (...))";
  unsigned refused = 0;
  for (unsigned i = 0; i < STATES; ++i) {
    lua_State *const L = states[i] = luaL_newstate();
    require(L != NULL, "no memory");
    luaL_openlibs(L);
    const enum heapster_error error = heapster_lua_hook(L);
    require(!error || error == HEAPSTER_TOO_MANY_HEAPS, "%s", heapster_error_text(error));
    require(!error == (heapster_lua_heap(L) != NULL), "state %u has no heap", i);
    for (unsigned j = 0; !error && j < i; ++j)
      require(heapster_lua_heap(L) != heapster_lua_heap(states[j]), "states %u and %u have one heap", i, j);
    luaL_requiref(L, "heapster", luaopen_heapster, true);
    require(luaL_loadstring(L, measures) == LUA_OK, "%s", lua_tostring(L, -1));
    lua_pushboolean(L, !error);
    require(lua_pcall(L, 1, 0, 0) == LUA_OK, "state %u: %s", i, lua_tostring(L, -1));
    refused += error != HEAPSTER_OK;
  }
  require(refused >= STATES - HEAPSTER_HEAPS, "%u states were refused", refused);
  lua_close(states[0]);
  require_ok(heapster_lua_hook(states[STATES - 1])); /* in the heap that the closed one left */
  for (unsigned i = 1; i < STATES; ++i) lua_close(states[i]);
}

/* A script may unhook its state before the host closes it. */
static void states_that_are_closed_unhooked(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    lua_State *const L = luaL_newstate();
    require(L != NULL, "no memory");
    require_ok(heapster_lua_hook(L));
    luaL_requiref(L, "heapster", luaopen_heapster, true);
    require(luaL_dostring(L, "heapster.unhook('lua') heapster.hook('lua') heapster.unhook('lua')") == LUA_OK, "%s",
            lua_tostring(L, -1));
    lua_close(L);
  }
}

int main(int argc, char **argv) {
  const uint64_t count = argument(argc, argv, 1, 1000);
  support_run.seed = argument(argc, argv, 2, 1);
  struct dice dice = dice_make(support_run.seed);
  open_and_close(&dice, count, false);
  nothing_is_left();
  open_and_close(&dice, count / 4, true);
  more_states_than_heaps();
  nothing_is_left();
  states_that_are_closed_unhooked(argc < 2 ? 2000 : 20);
  nothing_is_left();
  require(strict_live == 0, "%zu bytes did not come back to the host", strict_live);
  return 0;
}
