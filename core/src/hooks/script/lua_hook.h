/* The lua_Alloc of a Lua state, counted; and the records of the states that are. Here is no header of Lua's: who has
   one says which allocator a state had, and puts heapster_lua_alloc in its place with the record as its ud.

   The hook stays until the last block of a state is gone: it is in a library that is never unloaded, and so lua_close,
   which unloads modules before it frees, is served and booked to its end. */
#ifndef HEAPSTER__SCRIPT_LUA_HOOK_H
#define HEAPSTER__SCRIPT_LUA_HOOK_H

#include <heapster/lua.h>

/* A running state that is to be hooked. */
struct heapster__lua_start {
  struct heapster_lua_backing below; /* its allocator up to now */
  bool ignores_osize;                /* which looks at neither osize nor type tag: Lua's own */
  const void *last;                  /* the block that lua_close frees last */
  size_t bytes;                      /* live now, by Lua's own count */
  const char *way;                   /* "require" or "host" */
};

/* HEAPSTER_COUNTERS=shared has no mark for inner layers and cannot. */
HEAPSTER_API bool heapster__lua_can_wrap(void);

/* A record for the state: the ud of heapster_lua_alloc from now on. Its heap is `lua`, `lua:2`, ...: the first that no
   open state has, or `lua` where there is none left. NULL: no memory. */
HEAPSTER_API void *heapster__lua_wrap(const struct heapster__lua_start *start);

/* The state has the allocator below again, and the record is another's. */
HEAPSTER_API void heapster__lua_unwrap(void *ud);

/* Another allocator took its place, and may put it back: the record is not given away, but its state is none of ours.
 */
HEAPSTER_API void heapster__lua_forget(void *ud);

HEAPSTER_API struct heapster_lua_backing heapster__lua_next(void *ud);

/* Whether a request made of `alloc` arrives at the record. It shows in no figure. */
HEAPSTER_API bool heapster__lua_probe(void *ud, const struct heapster_lua_backing *alloc);

/* What was found last of that: other threads ask for all states. */
HEAPSTER_API void heapster__lua_note_lost(void *ud, bool is_lost);
HEAPSTER_API bool heapster__lua_is_any_lost(void);

/* How the latest of the open states came to be counted: "require", "host", "none". */
HEAPSTER_API const char *heapster__lua_mode(void);

/* Bytes live in hooked states that no heap `lua` counts: from before the hook. */
HEAPSTER_API uint64_t heapster__lua_preexisting(void);

#endif
