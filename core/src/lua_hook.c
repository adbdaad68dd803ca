/* The lua_Alloc of a Lua state, counted.

   What Lua asks, and what becomes of it:

     (NULL, x, 0)        nothing
     (NULL, tag, n)      a new block; x is the type of an object, not a size
     (p, old, 0)         a free; cannot fail
     (p, old, n)         a resize; one that does not grow cannot fail: what is below refuses, and the old block stands

   A refused growth makes Lua collect, and so free, before it asks again: between two calls, never inside one.

   Here is what mostly happens: objects of up to 254 bytes, of a thread that has counters, over Lua's own allocator. It
   is told by few looks, and in one piece of code, as a Lua program does little else. For the rest there is lua_odd. */
#include "lua_hook.h"

#include "lua_odd.h"

typedef struct heapster__lua_record record;

#define NOINLINE __attribute__((noinline))

/* Where a request is booked: the thread's slot and its shard of the state's heap. */
struct place {
  struct heapster__slot *slot;
  struct heapster__shard *shard; /* NULL: it has none, or is asked from inside another layer */
};

HEAPSTER__INLINE struct place place_of(const record *state) {
  struct heapster__slot *slot = heapster__slot_here();
  if (heapster__unlikely(!slot || heapster__load_relaxed(&slot->mark))) return (struct place){slot, NULL};
  return (struct place){slot, heapster__load_relaxed(&slot->shards[state->number])};
}

/* Nobody counts what the allocator below asks in its turn: it is Lua's own, or the system's. */
HEAPSTER__INLINE bool is_plain(const record *state) {
  return heapster__likely(state->is_plain && !heapster__load_relaxed(&heapster__has_malloc));
}

HEAPSTER__INLINE void *ask(const record *state, void *ptr, size_t osize, size_t nsize) {
  if (is_plain(state)) return state->below.alloc(state->below.ud, ptr, osize, heapster__size_below(nsize));
  return heapster__lua_ask(state, ptr, osize, state->is_exact ? nsize : heapster__size_below(nsize));
}

HEAPSTER__INLINE void *ask_to_free(const record *state, void *ptr, size_t size) {
  if (is_plain(state)) return state->below.alloc(state->below.ud, ptr, size, 0);
  return heapster__lua_ask(state, ptr, size, 0);
}

HEAPSTER__INLINE bool has_grown(struct place place, uint64_t bytes) {
  int64_t heap_net = heapster__drift_grow(&place.shard->drift, bytes);
  return heapster__is_time_to_tell(heap_net, heapster__drift_grow(&place.slot->total, bytes));
}

HEAPSTER__INLINE bool has_shrunk(struct place place, uint64_t bytes) {
  int64_t heap_net = heapster__drift_shrink(&place.shard->drift, bytes);
  return heapster__is_time_to_tell(heap_net, heapster__drift_shrink(&place.slot->total, bytes));
}

/* Each of the three below ends in a call that takes its place, or in none: so they keep next to nothing on the stack.
 */

static NOINLINE void *told(const record *state, void *block) {
  heapster__tell(heapster__slot_here(), state->number);
  return block;
}

static NOINLINE void *created(record *state, size_t tag, size_t size) {
  void *block = ask(state, NULL, tag, size);
  if (heapster__unlikely(!block)) return heapster__lua_refused(state);
  state->bytes += size;
  struct place place = place_of(state);
  struct heapster__leaf *leaf = heapster__map_leaf(state->map, block);
  if (heapster__unlikely(!place.shard || !leaf || size > HEAPSTER__SHORT_SIZE || size < state->least_mapped) ||
      heapster__put_short(leaf, block, state->number, size) != HEAPSTER__PUT)
    return heapster__lua_entered(state, block, tag, size);
  heapster__add_owned(&place.shard->alloc_histogram.buckets[heapster__bucket(size)], 1);
  heapster__add_owned(&place.shard->alloc_sum, size);
  size_t kind = heapster__lua_kind_of(tag);
  if (kind < HEAPSTER__LUA_TAGGED) heapster__count_kind_in(place.shard, kind, size);
  return has_grown(place, size) ? told(state, block) : block;
}

static NOINLINE void *told_and_released(const record *state, void *ptr, size_t size) {
  told(state, NULL);
  return ask_to_free(state, ptr, size);
}

static NOINLINE void *released(record *state, void *ptr, size_t size) {
  struct place place = place_of(state);
  uint64_t counted;
  if (heapster__unlikely(!place.shard || ptr == state->last || size < state->least_mapped) ||
      heapster__unlikely(!heapster__map_take_own(state->map, ptr, state->number, &counted)))
    return heapster__lua_released(state, ptr, size);
  state->bytes -= size;
  heapster__add_owned(&place.shard->dealloc_count, 1);
  heapster__add_owned(&place.shard->dealloc_sum, counted);
  return heapster__unlikely(has_shrunk(place, counted)) ? told_and_released(state, ptr, size)
                                                        : ask_to_free(state, ptr, size);
}

static bool book_growth(struct place place, uint64_t bytes, bool is_moved) {
  heapster__add_owned(&place.shard->realloc_growth_histogram.buckets[heapster__bucket(bytes)], 1);
  heapster__add_owned(&place.shard->realloc_growth_sum, bytes);
  if (!is_moved) heapster__add_owned(&place.shard->realloc_growth_in_place_count, 1);
  return has_grown(place, bytes);
}

static bool book_shrink(struct place place, uint64_t bytes, bool is_moved) {
  heapster__add_owned(&place.shard->realloc_shrink_histogram.buckets[heapster__bucket(bytes)], 1);
  heapster__add_owned(&place.shard->realloc_shrink_sum, bytes);
  if (!is_moved) heapster__add_owned(&place.shard->realloc_shrink_in_place_count, 1);
  return has_shrunk(place, bytes);
}

/* Whether it is time to tell. */
static bool book_resize(struct place place, struct heapster__resize resize) {
  if (resize.is_moved) {
    heapster__add_owned(&place.shard->realloc_move_count, 1);
    heapster__add_owned(&place.shard->realloc_move_sum, resize.from < resize.to ? resize.from : resize.to);
  }
  if (resize.to > resize.from) return book_growth(place, resize.to - resize.from, resize.is_moved);
  if (resize.to < resize.from) return book_shrink(place, resize.from - resize.to, resize.is_moved);
  heapster__add_owned(&place.shard->realloc_same_count, 1);
  return false;
}

static NOINLINE void *resized(record *state, void *ptr, size_t osize, size_t nsize) {
  uint64_t counted;
  if (heapster__unlikely(osize < state->least_mapped || nsize < state->least_mapped) ||
      heapster__unlikely(!heapster__map_take_own(state->map, ptr, state->number, &counted)))
    return heapster__lua_resized(state, ptr, osize, nsize);
  void *fresh = ask(state, ptr, osize, nsize);
  struct place place = place_of(state);
  if (heapster__unlikely(!place.shard || !fresh) ||
      heapster__unlikely(heapster__map_put(state->map, fresh, state->number, nsize) != HEAPSTER__PUT))
    return heapster__lua_settled(state, counted, ptr, osize, fresh, nsize);
  state->bytes += nsize - osize;
  struct heapster__resize resize = {counted, nsize, fresh != ptr};
  return book_resize(place, resize) ? told(state, fresh) : fresh;
}

void *heapster_lua_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  record *state = ud;
  if (!ptr) return nsize ? created(state, osize, nsize) : NULL;
  return nsize ? resized(state, ptr, osize, nsize) : released(state, ptr, osize);
}
