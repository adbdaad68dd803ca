/* A window at the start of a userdata. */
#include "lua/window.h"

#include "common/reasons.h"
#include "common/stats.h"
#include "lua/errors.h"

void heapster__lua_check_counting(lua_State *L, const struct heapster__lua_options *options) {
  if (!options->heap && !heapster_heap_next(NULL))
    heapster__lua_raise(L, HEAPSTER__LUA_NOT_COUNTING, heapster__explain_heap(NULL));
}

void heapster__lua_begin_window(lua_State *L, struct heapster__lua_window *window,
                                const struct heapster__lua_options *options) {
  const enum heapster_error error = heapster_window_begin(options->heap, options->scope, &window->window);
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
  if (window->is_open) window->is_open = heapster__stats_end_window(window->window, stats) == HEAPSTER_WRONG_THREAD;
}
