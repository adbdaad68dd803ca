/* The lua_Alloc of a Lua state, counted, and the records of the states that are. No header of Lua is used here:
   Lua's module gives the allocator that a state had, and replaces it by heapster_lua_alloc with the record as its ud.

   The hook stays until the last block of a state is freed. It is in a library that is never unloaded, so lua_close,
   which unloads modules before it frees, is counted to its end. */
#ifndef HEAPSTER__SCRIPT_LUA_HOOK_H
#define HEAPSTER__SCRIPT_LUA_HOOK_H

#include <heapster/lua.h>

#include "count/thread.h"
#include "hooks/mode.h"

/* A running state to hook. */
struct heapster__lua_start {
  struct heapster_lua_backing below; /* its allocator up to now */
  bool ignores_osize;                /* it uses neither osize nor type tag: Lua's own does not */
  const void *last;                  /* the block that lua_close frees last */
  size_t bytes;                      /* live now, by Lua's own count */
  enum heapster__mode mode;
  const char *name;                 /* of its heap, by a host's choice; NULL: `lua`, `lua:2`, ... */
  const struct heapster_heap *heap; /* that counted it until it was unhooked, or NULL */
  void *ud;                         /* the record that it had then, or NULL */
};

/* False with HEAPSTER_COUNTERS=shared, which has no re-entry guard. */
HEAPSTER_API bool heapster__lua_can_wrap(void);

/* Sets `ud` to a record for the state, for heapster_lua_alloc from now on: the one that it had over this allocator, if
   any. Its
   heap is that of `name`; without one `heap`, if no open state has it; else `lua`, `lua:2`, ...: the first without an
   open state. On failure `ud` is NULL: no memory, HEAPSTER_TOO_MANY_HEAPS, and for a name also HEAPSTER_BAD_NAME and
   HEAPSTER_NAME_TAKEN. */
HEAPSTER_API enum heapster_error heapster__lua_wrap(const struct heapster__lua_start *start, void **ud);

/* The state has its own allocator again, or another took the hook's place. What it frees from here on is not seen, so
   all its blocks leave the heap now, as missed frees. The record stays the state's, and passes on what reaches it. */
HEAPSTER_API void heapster__lua_unwrap(void *ud);

/* The next allocator. */
HEAPSTER_API struct heapster_lua_backing heapster__lua_next(void *ud);

/* The heap that counts the record's state. */
HEAPSTER_API struct heapster_heap *heapster__lua_heap_of(void *ud);

/* Whether an open state has the heap. */
HEAPSTER_API bool heapster__lua_is_heap_used(const struct heapster_heap *heap);

/* Where the record's state requests from now on, for the thread that runs it to write: see arming.h. Its kind is
   HEAPSTER__SITE_UNKNOWN while nobody follows the state's lines. */
HEAPSTER_API struct heapster__site *heapster__lua_site_of(void *ud);

/* What functions in C request, called by the state in the calling thread, is at its site, too. NULL: at their caller.
   While the caller explains. */
HEAPSTER_API void heapster__lua_follow_calls(void *ud);

/* How the record's state came to be counted: HEAPSTER__MODE_REQUIRE or _HOST. */
HEAPSTER_API enum heapster__mode heapster__lua_mode_of(void *ud);

/* Probes whether a request to `alloc` reaches the record. Shows in no figure. */
HEAPSTER_API bool heapster__lua_probe(void *ud, const struct heapster_lua_backing *alloc);

/* Notes the last result for other threads; whether any state's hook is lost. */
HEAPSTER_API void heapster__lua_note_lost(void *ud, bool is_lost);
HEAPSTER_API bool heapster__lua_is_any_lost(void);

/* How the latest of the open states came to be counted: HEAPSTER__MODE_REQUIRE, _HOST or _NONE. */
HEAPSTER_API enum heapster__mode heapster__lua_mode(void);

/* Bytes live in hooked states that no heap counts: they are from before the hook. Of all states, and of one that uses
   `bytes` by Lua's own count now. Lua does not count what C code requested of the allocator itself; what of that was
   freed since the hook is found here, at the latest. */
HEAPSTER_API uint64_t heapster__lua_preexisting(void);
HEAPSTER_API uint64_t heapster__lua_preexisting_of(void *ud, size_t bytes);

#endif
