/* The lua_Alloc of a Lua state, counted, and the records of the states that are. No header of Lua is used here:
   Lua's module gives the allocator that a state had, and replaces it by heapster_lua_alloc with the record as its ud.

   The hook stays until the last block of a state is freed. It is in a library that is never unloaded, so lua_close,
   which unloads modules before it frees, is counted to its end. */
#ifndef HEAPSTER__SCRIPT_LUA_HOOK_H
#define HEAPSTER__SCRIPT_LUA_HOOK_H

#include <heapster/lua.h>

#include "hooks/mode.h"

/* A running state to hook. */
struct heapster__lua_start {
  struct heapster_lua_backing below; /* its allocator up to now */
  bool ignores_osize;                /* it uses neither osize nor type tag: Lua's own does not */
  const void *last;                  /* the block that lua_close frees last */
  size_t bytes;                      /* live now, by Lua's own count */
  enum heapster__mode mode;
};

/* False with HEAPSTER_COUNTERS=shared, which has no re-entry guard. */
HEAPSTER_API bool heapster__lua_can_wrap(void);

/* A record for the state: the ud of heapster_lua_alloc from now on. Its heap is `lua`, `lua:2`, ...: the first without
   an open state, or `lua` if none is left. NULL: no memory. */
HEAPSTER_API void *heapster__lua_wrap(const struct heapster__lua_start *start);

/* The state has its own allocator again. Frees the record. */
HEAPSTER_API void heapster__lua_unwrap(void *ud);

/* Another allocator took the hook's place, and may put it back. Keeps the record, but counts its state no more. */
HEAPSTER_API void heapster__lua_forget(void *ud);

/* The next allocator. */
HEAPSTER_API struct heapster_lua_backing heapster__lua_next(void *ud);

/* Probes whether a request to `alloc` reaches the record. Shows in no figure. */
HEAPSTER_API bool heapster__lua_probe(void *ud, const struct heapster_lua_backing *alloc);

/* Notes the last result for other threads; whether any state's hook is lost. */
HEAPSTER_API void heapster__lua_note_lost(void *ud, bool is_lost);
HEAPSTER_API bool heapster__lua_is_any_lost(void);

/* How the latest of the open states came to be counted: HEAPSTER__MODE_REQUIRE, _HOST or _NONE. */
HEAPSTER_API enum heapster__mode heapster__lua_mode(void);

/* Bytes live in hooked states that no heap `lua` counts: they are from before the hook. */
HEAPSTER_API uint64_t heapster__lua_preexisting(void);

#endif
