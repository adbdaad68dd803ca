/* The records of Lua states, outside Lua's memory: which heap counts a state, and which allocator is next. */
#ifndef HEAPSTER__SCRIPT_LUA_STATE_H
#define HEAPSTER__SCRIPT_LUA_STATE_H

#include <heapster/lua.h>

#include "heap/heap.h"
#include "hooks/mode.h"

struct heapster__lua_state {
  struct heapster_lua_backing next;
  struct heapster_heap *_Atomic heap; /* NULL while the state is unhooked */
  struct heapster__map *map;
  struct heapster__small_map *small; /* the blocks that `map` cannot have; NULL unless is_exact */
  unsigned number;                   /* the heap's, or HEAPSTER__LUA_OFF */
  bool is_exact;  /* `next` may pool by osize, so it is given Lua's own sizes; else it is Lua's own or the system's */
  bool is_system; /* `next` is below the malloc hook: its requests are not counted */
  uint64_t bytes; /* live in the state: at the hook as Lua counted them, since then by its requests */
  heapster__level uncounted; /* those of them that its heap does not count; only the state's thread writes it */
  const void *last;          /* the block that lua_close frees last, NULL for a host's own state */
  _Atomic(enum heapster__mode) mode;
  _Atomic bool is_lost;                    /* another allocator took the hook's place */
  heapster__flag is_taken;                 /* by a state */
  struct heapster__lua_state *next_record; /* in the list of all that were ever made */
  struct heapster__site site; /* where the state requests now, while its module follows its lines; only its thread */
};

/* The number of a record whose state was unhooked. It is no heap's, so that every request takes the slow path, which
   passes it on: C code and strings of Lua 5.5 may keep the allocator that they found. */
enum { HEAPSTER__LUA_OFF = HEAPSTER__HEAP_NUMBERS };

/* Frees the record for another state, and the heap. Also called inside the hook. */
void heapster__lua_state_release(struct heapster__lua_state *state);

/* `bytes` more of the state are not counted by its heap. */
static inline void heapster__lua_note_uncounted(struct heapster__lua_state *state, int64_t bytes) {
  if (bytes) heapster__store_relaxed(&state->uncounted, heapster__load_relaxed(&state->uncounted) + bytes);
}

#endif
