/* A function called in windows of its own: what measure and limit share. Nothing of it allocates between the begin
   of a window and its end.

   The stack: the run, which closes a window that an error left open; the Stats; the function; its arguments; the
   results of the run that counts. */
#include "lua/module.h"

#include <string.h>

enum { FUNCTION = 3 };

bool heapster__lua_is_callable(lua_State *L, int index) {
  if (lua_isfunction(L, index)) return true;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* Room for the call, and the record of one more level of calls, made before the window opens. */
static void push_call(lua_State *L, const struct heapster__lua_run *run) {
  luaL_checkstack(L, run->arguments + 2 * LUA_MINSTACK, "too many arguments");
  for (int i = 0; i <= run->arguments; i++) lua_pushvalue(L, FUNCTION + i);
  lua_pushcfunction(L, nothing);
  lua_call(L, 0, 0);
}

/* What a window told of a later run counts only if it made fewer requests: others can only add. */
static void choose(lua_State *L, struct heapster__lua_run *run, const struct heapster_shared_stats *stats) {
  struct heapster_shared_stats *const best = lua_touserdata(L, HEAPSTER__LUA_RUN_STATS);
  const int base = FUNCTION + run->arguments;
  if (heapster__stats_requests(&stats->stats) >= heapster__stats_requests(&best->stats)) {
    lua_settop(L, base + run->results);
    return;
  }
  *best = *stats;
  const int results = lua_gettop(L) - base - run->results;
  lua_rotate(L, base + 1, results);
  run->results = results;
  lua_settop(L, base + results);
}

static void take_results(lua_State *L, struct heapster__lua_run *run) {
  const int base = FUNCTION + run->arguments;
  if (run->runs < run->options.warmup) {
    lua_settop(L, base);
  } else if (run->runs == run->options.warmup) {
    heapster__lua_window_end(L, &run->window, lua_touserdata(L, HEAPSTER__LUA_RUN_STATS));
    run->results = lua_gettop(L) - base;
  } else {
    struct heapster_shared_stats stats;
    heapster__lua_window_end(L, &run->window, &stats.stats);
    choose(L, run, &stats);
  }
  run->runs++;
}

/* By an error that passes, or a coroutine that is closed; else there is nothing left to do. */
static int drop(lua_State *L) {
  struct heapster__lua_run *const run = lua_touserdata(L, 1);
  if (!run) return 0;
  heapster__lua_window_drop(&run->window);
  heapster__lua_gc_restore(L, run);
  return 0;
}

const luaL_Reg heapster__lua_run_metamethods[] = {{"__close", drop}, {"__gc", drop}, {NULL, NULL}};

/* As it is, or after the function has yielded. */
static int resume(lua_State *L, int status, lua_KContext context) {
  (void)status;
  struct heapster__lua_run *const run = lua_touserdata(L, 1);
  if (context) take_results(L, run);
  while (run->runs - run->options.warmup < run->options.repeat) {
    if (run->runs == run->options.warmup && run->options.stops_gc) heapster__lua_gc_stop(L, run);
    push_call(L, run);
    if (run->runs >= run->options.warmup) heapster__lua_window_begin(L, &run->window, &run->options);
    lua_callk(L, run->arguments, LUA_MULTRET, true, resume);
    take_results(L, run);
  }
  heapster__lua_gc_restore(L, run);
  return run->deliver(L, run);
}

int heapster__lua_run(lua_State *L, const struct heapster__lua_run *like, const struct heapster_limit *limits) {
  heapster__lua_check_counting(L, &like->options);
  const int arguments = lua_gettop(L) - 1;
  const size_t limits_size = like->limit_count * sizeof *limits;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  heapster__lua_new_stats(L);
  lua_insert(L, 1);
  struct heapster__lua_run *const run = heapster__lua_new(L, HEAPSTER__LUA_RUN, sizeof *run + limits_size);
  *run = *like;
  run->arguments = arguments;
  if (limits) memcpy(run->limits, limits, limits_size);
  lua_insert(L, 1);
  lua_toclose(L, 1);
  return resume(L, LUA_OK, false);
}
