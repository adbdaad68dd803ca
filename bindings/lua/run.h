/* A function called in windows of its own, for measure() and limit(). */
#ifndef HEAPSTER__LUA_RUN_H
#define HEAPSTER__LUA_RUN_H

#include "lua/explain.h"
#include "lua/window.h"

struct heapster__lua_run {
  struct heapster__lua_window window;
  struct heapster__lua_options options;
  lua_Integer runs; /* so far */
  int arguments;
  int results; /* of the best run, on the stack above the arguments */
  int (*deliver)(lua_State *L, struct heapster__lua_run *run);
  bool holds_gc;                            /* keeps the collector stopped */
  bool is_explaining;                       /* now */
  struct heapster__lua_explained explained; /* the best run, if the options ask for that */
  size_t limit_count;
  struct heapster_limit limits[];
};
enum { HEAPSTER__LUA_RUN_STATS = 2 }; /* the index of the Stats in `deliver` */

void heapster__lua_add_run(lua_State *L);

bool heapster__lua_is_callable(lua_State *L, int index);

/* Runs the function and arguments that are all of the stack. Returns what `deliver` makes of the results on its top.
   The caller sets options, deliver and limit_count. */
int heapster__lua_run(lua_State *L, const struct heapster__lua_run *model, const struct heapster_limit *limits);

/* Pushes the Sites of the best run, and makes it the user value of the Stats. */
void heapster__lua_push_run_sites(lua_State *L, struct heapster__lua_run *run);

#endif
