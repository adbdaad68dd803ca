/* What the module notes about a state, in the state's own memory. */
#ifndef HEAPSTER__LUA_NOTES_H
#define HEAPSTER__LUA_NOTES_H

#include <lua.h>

#include <heapster/heap.h>

#include "lua/lines.h"

struct heapster__lua_notes {
  void *record;                     /* of its hook, if it was hooked while it runs, else NULL */
  void *unhooked;                   /* the record that it had before it was unhooked, or NULL */
  const struct heapster_heap *heap; /* that counted it last; NULL: none did */
  const char *refusal;              /* why it could not be hooked when that was last asked for, or NULL */
  lua_Integer gc_stops;             /* measures that keep the collector stopped now */
  bool restarts_gc;                 /* it ran before the first of them */
  struct heapster__lua_lines lines; /* of the state while it is explained */
};

/* The state's notes; the first call makes them. */
struct heapster__lua_notes *heapster__lua_notes(lua_State *L);

/* The same, or NULL before the first call. Needs no memory. */
struct heapster__lua_notes *heapster__lua_find_notes(lua_State *L);

#endif
