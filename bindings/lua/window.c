/* A window at the start of a userdata. */
#include "lua/window.h"

#include "common/reasons.h"
#include "common/stats.h"
#include "heap/window.h"
#include "lua/errors.h"
#include "lua/hook.h"
#include "process/hook.h"

/* The total has this state's part, unless the state could not be hooked. */
static const char *find_problem(lua_State *L, const struct heapster_heap *heap) {
  if (!heap) return heapster__lua_refusal(L);
  return heap == heapster__lua_own_heap(L) ? heapster__lua_problem(L) : NULL;
}

void heapster__lua_check_counting(lua_State *L, const struct heapster__lua_options *options) {
  const char *const problem = find_problem(L, options->heap);
  if (problem) heapster__lua_raise(L, HEAPSTER__LUA_NOT_COUNTING, heapster__explain_uncounted("lua", problem));
  if (!heapster__is_counted(options->heap))
    heapster__lua_raise(L, HEAPSTER__LUA_NOT_COUNTING,
                        heapster__explain_heap(options->heap ? heapster_heap_name(options->heap) : NULL));
}

void heapster__lua_begin_window(lua_State *L, struct heapster__lua_window *window,
                                const struct heapster__lua_options *options) {
  const enum heapster_error error = heapster_window_begin(options->heap, options->scope, &window->window);
  if (error == HEAPSTER_TOO_MANY_WINDOWS)
    luaL_error(L, "%s; collectgarbage() ends those that scripts forgot", heapster_error_text(error));
  if (error) heapster__lua_raise_core(L, error);
  window->is_open = true;
}

/* A window of thread scope stays open if another thread tries to end it. */
void heapster__lua_end_window(lua_State *L, struct heapster__lua_window *window, struct heapster_stats *stats) {
  const enum heapster_error error =
      window->is_open ? heapster__stats_end_window(window->window, stats) : HEAPSTER_WINDOW_CLOSED;
  if (error != HEAPSTER_WRONG_THREAD) window->is_open = false;
  if (error) heapster__lua_raise_core(L, error);
}

void heapster__lua_drop_window(struct heapster__lua_window *window, struct heapster_stats *stats) {
  if (!window->is_open) return;
  window->is_open = false;
  const enum heapster_error error = heapster__stats_end_window(window->window, stats);
  if (error == HEAPSTER_WRONG_THREAD) heapster__window_drop(window->window);
}
