/* The lua_Alloc of a Lua state, counted.

   What Lua asks, and what becomes of it:

     (NULL, x, 0)        nothing
     (NULL, tag, n)      a new block; x is the type of an object, not a size
     (p, old, 0)         a free; cannot fail
     (p, old, n)         a resize; one that does not grow cannot fail: what is below refuses, and the old block stands

   A refused growth makes Lua collect, and so free, before it asks again: between two calls, never inside one.

   Here is what mostly happens: objects of 16 to 254 bytes, of a thread that has counters, over Lua's own allocator. It
   is told by few looks, and in one piece of code, as a Lua program does little else. For the rest there is lua_odd. */
#include "lua_hook.h"

#include "lua_odd.h"

typedef struct heapster__lua_record record;

#define NOINLINE __attribute__((noinline))

/* Nobody counts what the allocator below asks in its turn: it is Lua's own, or the system's. */
HEAPSTER__INLINE bool is_plain(const record *state) {
  return heapster__likely(!state->is_exact && !heapster__load_relaxed(&heapster__has_malloc));
}

HEAPSTER__INLINE void *ask(const record *state, void *ptr, size_t osize, size_t nsize) {
  if (is_plain(state)) return state->below.alloc(state->below.ud, ptr, osize, nsize);
  return heapster__lua_ask(state, ptr, osize, nsize);
}

/* Each of the three below ends in a call that takes its place, or in none: so they keep next to nothing on the stack.
 */

static NOINLINE void *created(record *state, size_t tag, size_t size) {
  if (heapster__unlikely(size < HEAPSTER__GRANULE)) return heapster__lua_created_small(state, tag, size);
  void *block = ask(state, NULL, tag, size);
  if (heapster__unlikely(!block)) return heapster__lua_refused(state);
  state->bytes += size;
  struct heapster__shard *shard = heapster__shard_here(state->number);
  if (heapster__unlikely(!shard) ||
      heapster__unlikely(!heapster__map_put_at_once(state->map, block, state->number, size)))
    return heapster__lua_entered(state, block, tag, size);
  size_t kind = heapster__lua_kind_of(tag);
  bool is_time_to_tell = heapster__count_alloc_in(shard, size);
  if (kind < HEAPSTER__LUA_TAGGED) heapster__count_kind_in(shard, kind, size);
  return heapster__unlikely(is_time_to_tell) ? heapster__told(block) : block;
}

static NOINLINE void *told_and_released(const record *state, void *ptr, size_t size) {
  return ask(state, heapster__told(ptr), size, 0);
}

static NOINLINE void *released(record *state, void *ptr, size_t size) {
  uint64_t counted;
  if (heapster__unlikely(ptr == state->last || size < HEAPSTER__GRANULE))
    return heapster__lua_released(state, ptr, size);
  struct heapster__shard *shard = heapster__take_at_once(state->map, state->number, ptr, &counted);
  if (heapster__unlikely(!shard)) return heapster__lua_released(state, ptr, size);
  state->bytes -= size;
  if (heapster__unlikely(heapster__count_dealloc_in(shard, counted))) return told_and_released(state, ptr, size);
  return ask(state, ptr, size, 0);
}

static NOINLINE void *resized(record *state, void *ptr, size_t osize, size_t nsize) {
  uint64_t counted;
  if (heapster__unlikely(osize < HEAPSTER__GRANULE || nsize < HEAPSTER__GRANULE) ||
      heapster__unlikely(!heapster__take_at_once(state->map, state->number, ptr, &counted)))
    return heapster__lua_resized(state, ptr, osize, nsize);
  void *fresh = ask(state, ptr, osize, nsize);
  struct heapster__shard *shard = heapster__shard_here(state->number); /* the one below may have closed the gate */
  if (heapster__unlikely(!fresh || !shard) ||
      heapster__unlikely(!heapster__map_put_at_once(state->map, fresh, state->number, nsize)))
    return heapster__lua_settled(state, counted, ptr, osize, fresh, nsize);
  state->bytes += nsize - osize;
  return heapster__count_resize_in(shard, counted, nsize, ptr, fresh);
}

void *heapster_lua_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  record *state = ud;
  if (!ptr) return nsize ? created(state, osize, nsize) : NULL;
  return nsize ? resized(state, ptr, osize, nsize) : released(state, ptr, osize);
}
