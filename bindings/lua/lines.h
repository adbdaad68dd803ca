/* The line that a state runs, kept in the record of its hook while the state is explained. */
#ifndef HEAPSTER__LUA_LINES_H
#define HEAPSTER__LUA_LINES_H

#include <lua.h>

#include "hooks/script/lua_hook.h"
#include "hooks/script/lua_names.h"

/* A debug hook of somebody else. */
struct heapster__lua_debugger {
  lua_Hook function; /* NULL: none */
  int mask;
  int count;
};

struct heapster__lua_lines {
  struct heapster__site *site; /* in the state's record; NULL: nothing is followed */
  struct heapster__lua_names *names;
  const struct heapster__lua_name *file; /* of the line; NULL: the names are full */
  bool is_returning;                     /* the last event was the return of a function */
  struct heapster__lua_debugger own;     /* of the coroutine that began, and so of all that it makes */
  struct heapster__lua_debugger main;    /* of the main one */
};

/* Follows the calling coroutine, the main one, and all that they make from now on. Coroutines that exist already are at
   the line that resumes them: nothing lists them. `site` may be NULL: there is nothing to follow. Requests nothing of
   Lua. False: no memory. */
bool heapster__lua_follow(lua_State *L, struct heapster__lua_lines *lines, struct heapster__site *site);

/* Ends it, and puts debuggers' hooks back unless somebody has replaced ours. The names stay until they are destroyed.
   `L` is the coroutine that began, or any for `is_elsewhere`. False: our hook was replaced, so the lines are not known
   since then. Requests nothing of Lua. */
bool heapster__lua_unfollow(lua_State *L, struct heapster__lua_lines *lines, bool is_elsewhere);

#endif
