/* A window at the start of a userdata. It ends at the latest when the userdata is closed or collected. */
#ifndef HEAPSTER__LUA_WINDOW_H
#define HEAPSTER__LUA_WINDOW_H

#include "lua/options.h"

struct heapster__lua_window {
  struct heapster_window window;
  bool is_open;
};

/* NotCounting if the window would show nothing: its heap is not counted, no heap is, or the total lacks this state. */
void heapster__lua_check_counting(lua_State *L, const struct heapster__lua_options *options);
void heapster__lua_begin_window(lua_State *L, struct heapster__lua_window *window,
                                const struct heapster__lua_options *options);
void heapster__lua_end_window(lua_State *L, struct heapster__lua_window *window, struct heapster_stats *stats);

/* Ends it if it is open; `stats` may be NULL, and has no figures if another thread began a window of thread scope.
   Raises no error. */
void heapster__lua_drop_window(struct heapster__lua_window *window, struct heapster_stats *stats);

#endif
