/* measure(), and what it shares with limit(): a function called in windows of its own. Nothing here allocates while a
   window is open.

   The stack: the run, which closes a window that an error left open; the Stats; the function; its arguments; the
   results of the best run. */
#include "lua/run.h"

#include <string.h>

#include "common/stats.h"
#include "lua/errors.h"
#include "lua/module.h"
#include "lua/notes.h"
#include "lua/values.h"

enum { FUNCTION = 3 };

bool heapster__lua_is_callable(lua_State *L, int index) {
  if (lua_isfunction(L, index)) return true;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

/* A full collection also shrinks stacks and tables, before the window opens. Runs overlap in coroutines: the first
   stops the collector, and the last to end lets it go on. */
static void stop_gc(lua_State *L, struct heapster__lua_run *run) {
  struct heapster__lua_notes *const notes = heapster__lua_notes(L);
  const int is_running = lua_gc(L, LUA_GCISRUNNING);
  if (is_running < 0) luaL_error(L, "gc: the collector cannot be stopped by one of its finalizers");
  lua_gc(L, LUA_GCCOLLECT);
  if (!notes->gc_stops++) notes->restarts_gc |= is_running;
  lua_gc(L, LUA_GCSTOP);
  run->holds_gc = true;
}

/* A finalizer, of a run whose coroutine was abandoned, cannot restart it: the end of the next run does. */
static void release_gc(lua_State *L, struct heapster__lua_run *run, bool is_finalizer) {
  struct heapster__lua_notes *const notes = run->holds_gc ? heapster__lua_find_notes(L) : NULL;
  run->holds_gc = false;
  if (!notes || --notes->gc_stops || !notes->restarts_gc || is_finalizer) return;
  lua_gc(L, LUA_GCRESTART);
  notes->restarts_gc = false;
}

static int do_nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* Pushes the call. Grows the stack and creates the record of one more level of calls before the window opens. */
static void push_call(lua_State *L, const struct heapster__lua_run *run) {
  luaL_checkstack(L, run->arguments + 2 * LUA_MINSTACK, "too many arguments");
  for (int i = 0; i <= run->arguments; i++) lua_pushvalue(L, FUNCTION + i);
  lua_pushcfunction(L, do_nothing);
  lua_call(L, 0, 0);
}

static void begin_explaining(lua_State *L, struct heapster__lua_run *run) {
  if (!run->options.explains) return;
  heapster__lua_begin_explaining(L, &run->options);
  run->is_explaining = true;
}

static void end_explaining(lua_State *L, struct heapster__lua_run *run, struct heapster__lua_explained *explained) {
  *explained = (struct heapster__lua_explained){.names = NULL};
  if (!run->is_explaining) return;
  run->is_explaining = false;
  const enum heapster_error error = heapster__lua_end_explaining(L, false, explained);
  if (!error) return;
  heapster__lua_free_explained(explained);
  heapster__lua_raise_core(L, error);
}

/* Keeps a later run only if it made fewer requests: other threads can only add. */
static void keep_better(lua_State *L, struct heapster__lua_run *run, const struct heapster_stats_with_thread *stats) {
  struct heapster_stats_with_thread *const best = lua_touserdata(L, HEAPSTER__LUA_RUN_STATS);
  const int base = FUNCTION + run->arguments;
  struct heapster__lua_explained explained;
  end_explaining(L, run, &explained);
  if (heapster__stats_requests(&stats->stats) >= heapster__stats_requests(&best->stats)) {
    heapster__lua_free_explained(&explained);
    lua_settop(L, base + run->results);
    return;
  }
  heapster__lua_free_explained(&run->explained);
  run->explained = explained;
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
    heapster__lua_end_window(L, &run->window, lua_touserdata(L, HEAPSTER__LUA_RUN_STATS));
    end_explaining(L, run, &run->explained);
    run->results = lua_gettop(L) - base;
  } else {
    struct heapster_stats_with_thread stats;
    heapster__lua_end_window(L, &run->window, &stats.stats);
    keep_better(L, run, &stats);
  }
  run->runs++;
}

static void drop_explaining(lua_State *L, struct heapster__lua_run *run, bool is_finalizer) {
  if (run->is_explaining) {
    struct heapster__lua_explained explained;
    run->is_explaining = false;
    heapster__lua_end_explaining(L, is_finalizer, &explained);
    heapster__lua_free_explained(&explained);
  }
  heapster__lua_free_explained(&run->explained);
}

/* Has something to do only after an error, or in a coroutine that was closed. */
static int drop(lua_State *L, bool is_finalizer) {
  struct heapster__lua_run *const run = heapster__lua_test(L, 1, HEAPSTER__CLASS_RUN);
  if (!run) return 0;
  heapster__lua_drop_window(&run->window, NULL);
  drop_explaining(L, run, is_finalizer);
  release_gc(L, run, is_finalizer);
  return 0;
}

static int close(lua_State *L) { return drop(L, false); }

static int collect(lua_State *L) { return drop(L, true); }

void heapster__lua_add_run(lua_State *L) {
  static const luaL_Reg metamethods[] = {{"__close", close}, {"__gc", collect}, {NULL, NULL}};
  lua_newtable(L);
  lua_newtable(L);
  heapster__lua_add_class(L, HEAPSTER__CLASS_RUN, metamethods);
}

/* Called first without a context, and with one after the function has yielded. */
static int resume(lua_State *L, int status, lua_KContext context) {
  (void)status;
  struct heapster__lua_run *const run = lua_touserdata(L, 1);
  if (context) take_results(L, run);
  while (run->runs - run->options.warmup < run->options.repeat) {
    if (run->runs == run->options.warmup && run->options.stops_gc) stop_gc(L, run);
    push_call(L, run);
    if (run->runs >= run->options.warmup) {
      begin_explaining(L, run);
      heapster__lua_begin_window(L, &run->window, &run->options);
    }
    lua_callk(L, run->arguments, LUA_MULTRET, true, resume);
    take_results(L, run);
  }
  release_gc(L, run, false);
  return run->deliver(L, run);
}

int heapster__lua_run(lua_State *L, const struct heapster__lua_run *model, const struct heapster_limit *limits) {
  heapster__lua_check_counting(L, &model->options);
  if (model->options.explains) heapster__lua_check_explaining(L, &model->options);
  const int arguments = lua_gettop(L) - 1;
  const size_t limits_size = model->limit_count * sizeof *limits;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  heapster__lua_new_stats_with_values(L, model->options.explains);
  lua_insert(L, 1);
  struct heapster__lua_run *const run = heapster__lua_new(L, HEAPSTER__CLASS_RUN, sizeof *run + limits_size);
  *run = *model;
  run->arguments = arguments;
  if (limits) memcpy(run->limits, limits, limits_size);
  lua_insert(L, 1);
  lua_toclose(L, 1);
  return resume(L, LUA_OK, false);
}

void heapster__lua_push_run_sites(lua_State *L, struct heapster__lua_run *run) {
  heapster__lua_push_sites(L, &run->explained);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, HEAPSTER__LUA_RUN_STATS, 1);
}

/* The value on top of the stack becomes the second of the results. */
static int put_second(lua_State *L, int results) {
  if (results == 0) {
    lua_pushnil(L);
    lua_insert(L, -2);
    results = 1;
  }
  if (results > 1) lua_rotate(L, -results, 1);
  return results + 1;
}

/* The first result, the diff, the further results. */
static int deliver(lua_State *L, struct heapster__lua_run *run) {
  if (run->options.explains) {
    heapster__lua_push_run_sites(L, run);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, HEAPSTER__LUA_RUN_STATS);
  return put_second(L, run->results);
}

/* The first result, the Sites, the further results. */
static int deliver_sites(lua_State *L, struct heapster__lua_run *run) {
  heapster__lua_push_run_sites(L, run);
  return put_second(L, run->results);
}

static int measure(lua_State *L, struct heapster__lua_run model) {
  const bool has_options = lua_istable(L, 1) && !heapster__lua_is_callable(L, 1);
  const int function = has_options ? 2 : 1;
  if (has_options) heapster__lua_parse_options(L, 1, HEAPSTER__LUA_OF_MEASURE, &model.options);
  if (!heapster__lua_is_callable(L, function)) luaL_typeerror(L, function, "function");
  if (has_options) lua_remove(L, 1);
  return heapster__lua_run(L, &model, NULL);
}

int heapster__lua_measure(lua_State *L) {
  return measure(L, (struct heapster__lua_run){.options = heapster__lua_make_options(), .deliver = deliver});
}

int heapster__lua_explain(lua_State *L) {
  struct heapster__lua_run model = {.options = heapster__lua_make_options(), .deliver = deliver_sites};
  model.options.explains = true;
  return measure(L, model);
}
