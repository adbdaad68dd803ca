/* The records of Lua states, outside Lua's memory: which heap counts a state, and which allocator is next. */
#ifndef HEAPSTER__SCRIPT_LUA_STATE_H
#define HEAPSTER__SCRIPT_LUA_STATE_H

#include <heapster/lua.h>

#include "heap/heap.h"
#include "hooks/mode.h"

struct heapster__lua_state {
  struct heapster_lua_backing next;
  struct heapster_heap *heap;
  struct heapster__map *map;
  unsigned number;  /* the heap's */
  bool is_exact;    /* `next` may pool by osize, so it is given Lua's own sizes; else it is Lua's own or the system's */
  bool is_system;   /* `next` is below the malloc hook: its requests are not counted */
  uint64_t bytes;   /* live in the state, as Lua counts them */
  const void *last; /* the block that lua_close frees last, NULL for a host's own state */
  _Atomic(enum heapster__mode) mode;
  _Atomic bool is_lost;                    /* another allocator took the hook's place */
  _Atomic bool is_taken;                   /* by a state */
  struct heapster__lua_state *next_record; /* in the list of all that were ever made */
};

/* Frees the record for another state, and the heap. Also called inside the hook. */
void heapster__lua_state_release(struct heapster__lua_state *state);

/* Bytes of hooked states that no heap `lua` counts. Negative, where a state that was unhooked leaves counted blocks. */
extern HEAPSTER__HIDDEN heapster__level heapster__lua_uncounted;

/* `bytes` more of a hooked state are not counted by its heap. A host's own state is counted from its first byte. */
static inline void heapster__lua_note_uncounted(const struct heapster__lua_state *state, int64_t bytes) {
  if (bytes && state->last) heapster__add_relaxed(&heapster__lua_uncounted, bytes);
}

#endif
