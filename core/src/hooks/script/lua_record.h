/* The records of Lua states, outside Lua's memory: whose heap, over which allocator. */
#ifndef HEAPSTER__LUA_RECORD_H
#define HEAPSTER__LUA_RECORD_H

#include <heapster/lua.h>

#include "heap/heap.h"

struct heapster__lua_record {
  struct heapster_lua_backing below;
  struct heapster_heap *heap;
  struct heapster__map *map;
  unsigned number;  /* the heap's */
  bool is_exact;    /* the one below may pool by osize: it gets the sizes that Lua gave. Else it is Lua's own, or the
                       system's */
  bool is_system;   /* below the malloc hook: nobody counts what is asked there */
  uint64_t bytes;   /* live in the state, as Lua counts them */
  const void *last; /* the block that lua_close frees last, NULL for a host's own state */
  const char *_Atomic way;
  _Atomic bool is_lost;
  _Atomic bool is_taken;
  struct heapster__lua_record *next; /* all that were ever made */
};

/* A taken record, all else 0, or NULL: no memory. Callers hold the lock. */
struct heapster__lua_record *heapster__lua_record_take(void);

/* From inside the hook too. The heap may be the next state's. */
void heapster__lua_record_give_back(struct heapster__lua_record *record);

/* All that were made, taken or not. */
struct heapster__lua_record *heapster__lua_record_first(void);

/* Gives the record its heap and map; what is below, and whether it is exact, is known. */
void heapster__lua_record_open(struct heapster__lua_record *record, struct heapster_heap *heap,
                               struct heapster__map *map);

/* Finds the record a heap: `lua`, `lua:2`, ..., and a map. False: no memory. Callers hold the lock. */
bool heapster__lua_record_name(struct heapster__lua_record *record);

/* Bytes of hooked states that no heap `lua` counts; signed, as a state that was unhooked leaves blocks on the books. */
extern HEAPSTER__HIDDEN heapster__level heapster__lua_uncounted;

/* `bytes` more of a hooked state are not on the books of its heap. A host's own state is counted from its first. */
static inline void heapster__lua_note_uncounted(const struct heapster__lua_record *record, int64_t bytes) {
  if (bytes && record->last) heapster__add_relaxed(&heapster__lua_uncounted, bytes);
}

#endif
