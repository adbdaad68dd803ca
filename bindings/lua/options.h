/* How and where a window counts: the options of measure, measuring and limit. */
#ifndef HEAPSTER__LUA_OPTIONS_H
#define HEAPSTER__LUA_OPTIONS_H

#include <lua.h>

#include <heapster/heapster.h>

struct heapster__lua_options {
  const struct heapster_heap *heap;
  enum heapster_scope scope;
  lua_Integer warmup;
  lua_Integer repeat;
  bool stops_gc;
  bool explains;
};
/* Of measuring, of limit, of measure. */
enum heapster__lua_option_set { HEAPSTER__LUA_OF_WINDOW, HEAPSTER__LUA_OF_LIMIT, HEAPSTER__LUA_OF_MEASURE };

struct heapster__lua_options heapster__lua_make_options(void);

/* Sets one option from key and value on top of the stack, which stay. False if the key is none of the set's. */
bool heapster__lua_set_option(lua_State *L, int argument, enum heapster__lua_option_set set,
                              struct heapster__lua_options *options);

/* Sets all, from the table at `argument`; an unknown key is an error. */
void heapster__lua_parse_options(lua_State *L, int argument, enum heapster__lua_option_set set,
                                 struct heapster__lua_options *options);

#endif
