/* A window that a userdata keeps: open until it is ended, closed or collected, whichever comes first. */
#include "lua/module.h"

void heapster__lua_check_counting(lua_State *L, const struct heapster__lua_options *options) {
  if (!options->heap && !heapster_heap_next(NULL))
    heapster__lua_raise(L, HEAPSTER__LUA_NOT_COUNTING, heapster__why_no_heap(NULL));
}

void heapster__lua_window_begin(lua_State *L, struct heapster__lua_window *window,
                                const struct heapster__lua_options *options) {
  const enum heapster_error error = heapster_window_begin(options->heap, options->scope, &window->window);
  if (error) heapster__lua_raise_core(L, error);
  window->is_open = true;
}

/* One of thread scope stays open where another thread tries to end it. */
void heapster__lua_window_end(lua_State *L, struct heapster__lua_window *window, struct heapster_stats *stats) {
  const enum heapster_error error =
      window->is_open ? heapster__stats_window_end(window->window, stats) : HEAPSTER_WINDOW_CLOSED;
  if (error != HEAPSTER_WRONG_THREAD) window->is_open = false;
  if (error) heapster__lua_raise_core(L, error);
}

void heapster__lua_window_drop(struct heapster__lua_window *window) {
  if (window->is_open) window->is_open = heapster_window_end(window->window, NULL) == HEAPSTER_WRONG_THREAD;
}

static int drop(lua_State *L) {
  struct heapster__lua_window *const window = lua_touserdata(L, 1);
  if (window) heapster__lua_window_drop(window);
  return 0;
}

const luaL_Reg heapster__lua_window_metamethods[] = {{"__close", drop}, {"__gc", drop}, {NULL, NULL}};
