/* The records of Lua states, outside Lua's memory: whose heap, over which allocator. */
#ifndef HEAPSTER__SCRIPT_LUA_STATE_H
#define HEAPSTER__SCRIPT_LUA_STATE_H

#include <heapster/lua.h>

#include "heap/heap.h"

struct heapster__lua_state {
  struct heapster_lua_backing below;
  struct heapster_heap *heap;
  struct heapster__shadow_map *map;
  unsigned number;  /* the heap's */
  bool is_exact;    /* the one below may pool by osize: it gets the sizes that Lua gave. Else it is Lua's own, or the
                       system's */
  bool is_system;   /* below the malloc hook: nobody counts what is asked there */
  uint64_t bytes;   /* live in the state, as Lua counts them */
  const void *last; /* the block that lua_close frees last, NULL for a host's own state */
  const char *_Atomic way;
  _Atomic bool is_lost;
  _Atomic bool is_taken;
  struct heapster__lua_state *next; /* all that were ever made */
};

/* From inside the hook too. The heap may be the next state's. */
void heapster__lua_state_give_back(struct heapster__lua_state *record);

/* Bytes of hooked states that no heap `lua` counts; signed, as a state that was unhooked leaves blocks on the books. */
extern HEAPSTER__HIDDEN heapster__level heapster__lua_uncounted;

/* `bytes` more of a hooked state are not on the books of its heap. A host's own state is counted from its first. */
static inline void heapster__lua_note_uncounted(const struct heapster__lua_state *record, int64_t bytes) {
  if (bytes && record->last) heapster__add_relaxed(&heapster__lua_uncounted, bytes);
}

#endif
