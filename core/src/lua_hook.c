/* The lua_Alloc of a Lua state, counted.

   What Lua asks, and what becomes of it:

     (NULL, x, 0)        nothing
     (NULL, tag, n)      a new block; x is the type of an object, not a size
     (p, old, 0)         a free; cannot fail
     (p, old, n)         a resize; one that does not grow cannot fail: what is below refuses, and the old block stands

   Over an allocator that may pool by the old size, sizes go down as they came. Blocks below 16 bytes may then share a
   granule: they are counted by their sizes, without the map; else they go down as 16, and all are in the map.

   A refused growth makes Lua collect, and so free, before it asks again: between two calls, never inside one. */
#include "lua_hook.h"

#include "allocator.h"
#include "lua_record.h"

typedef struct heapster__lua_record record;

HEAPSTER__INLINE size_t size_below(const record *state, size_t size) {
  return state->is_exact ? size : heapster__size_below(size);
}

HEAPSTER__INLINE bool is_mapped(const record *state, size_t size) {
  return heapster__likely(size >= HEAPSTER__GRANULE) || !state->is_exact;
}

static void *ask_system(void *ptr, size_t nsize) {
  const struct heapster_allocator *system = heapster_allocator_system();
  if (nsize) return ptr ? system->realloc(system->context, ptr, nsize) : system->malloc(system->context, nsize);
  system->free(system->context, ptr);
  return NULL;
}

static __attribute__((noinline)) void *ask_marked(const record *state, void *ptr, size_t osize, size_t nsize) {
  struct heapster__descent descent;
  heapster__descend(&descent, heapster__slot_claim());
  void *block = state->below.alloc(state->below.ud, ptr, osize, nsize);
  heapster__ascend(&descent);
  return block;
}

/* Under the mark where what is below may ask a layer that counts: Lua's own asks malloc and no other. */
HEAPSTER__INLINE void *ask_below(const record *state, void *ptr, size_t osize, size_t nsize) {
  if (heapster__unlikely(!state->below.alloc)) return ask_system(ptr, nsize);
  if (state->is_exact || heapster__unlikely(heapster__load_relaxed(&heapster__has_malloc)))
    return ask_marked(state, ptr, osize, nsize);
  return state->below.alloc(state->below.ud, ptr, osize, nsize);
}

static __attribute__((noinline)) void enter_inner(const record *state, size_t size) {
  heapster__book_inner(heapster__slot_here());
  heapster__lua_note_uncounted(state, (int64_t)size);
}

static __attribute__((noinline)) void enter_slow(const record *state, const void *block, size_t size) {
  unsigned heap = state->heap->number;
  if (heapster__unlikely(heapster__is_inner(heapster__slot_here())))
    enter_inner(state, size);
  else if (!is_mapped(state, size) || heapster__likely(heapster__book_put(state->map, heap, block, size)))
    heapster__count_alloc(heap, size);
  else
    heapster__lua_note_uncounted(state, (int64_t)size);
}

HEAPSTER__INLINE void enter(const record *state, void *block, size_t size) {
  enum heapster__at_once done = HEAPSTER__NOT_DONE;
  if (is_mapped(state, size)) done = heapster__alloc_at_once(state->map, state->heap->number, block, size);
  if (heapster__unlikely(done == HEAPSTER__NOT_DONE)) enter_slow(state, block, size);
  if (heapster__unlikely(done == HEAPSTER__DONE_TELL)) heapster__told(block);
}

HEAPSTER__INLINE void *created(record *state, size_t tag, size_t size) {
  void *block = ask_below(state, NULL, tag, size_below(state, size));
  if (heapster__unlikely(!block)) {
    heapster__book_failure(state->heap->number);
    return NULL;
  }
  state->bytes += size;
  enter(state, block, size);
  return block;
}

/* What another layer counted before this one came: a block of that size. */
static struct heapster__block take_from_main(const void *ptr, size_t size) {
  struct heapster__block taken = heapster__book_take(&heapster__main_map, ptr);
  if (!taken.owner || taken.size == size) return taken;
  heapster__map_put(&heapster__main_map, ptr, taken.owner, taken.size);
  return (struct heapster__block){0, 0, false};
}

/* A block on its way, and the map it was found in. */
struct taken {
  struct heapster__block block;
  struct heapster__map *map;
};

static struct taken take(const record *state, const void *ptr, size_t size) {
  struct taken taken = {{size, state->heap->number, false}, state->map};
  if (!is_mapped(state, size)) {
    if (heapster__is_inner(heapster__slot_here())) taken.block.owner = 0;
    return taken;
  }
  taken.block = heapster__book_take(state->map, ptr);
  if (taken.block.owner || state->map == &heapster__main_map) return taken;
  taken.block = take_from_main(ptr, size);
  if (taken.block.owner) taken.map = &heapster__main_map;
  return taken;
}

/* What of a block is on the books of the state's heap. */
static int64_t counted(const record *state, struct heapster__block block) {
  return block.owner == state->heap->number ? (int64_t)block.size : 0;
}

static __attribute__((noinline)) void leave_odd(const record *state, const void *ptr, size_t size) {
  struct heapster__block taken = take(state, ptr, size).block;
  heapster__book_gone(state->heap->number, taken);
  heapster__lua_note_uncounted(state, counted(state, taken) - (int64_t)size);
}

HEAPSTER__INLINE void released(record *state, void *ptr, size_t size) {
  bool is_last = ptr == state->last;
  enum heapster__at_once done = HEAPSTER__NOT_DONE;
  if (is_mapped(state, size)) done = heapster__free_at_once(state->map, state->heap->number, ptr);
  if (heapster__unlikely(done == HEAPSTER__NOT_DONE)) leave_odd(state, ptr, size);
  if (heapster__unlikely(done == HEAPSTER__DONE_TELL)) heapster__told(ptr);
  state->bytes -= size;
  ask_below(state, ptr, size, 0);
  if (heapster__unlikely(is_last) && !state->bytes) heapster__lua_record_give_back(state);
}

/* Books a resize of a block to one that is not in the map. */
static bool book_resized_unmapped(const record *state, struct heapster__block taken, bool is_moved, size_t size) {
  unsigned heap = state->heap->number;
  if (heapster__is_inner(heapster__slot_here())) {
    heapster__book_gone(heap, taken);
    return false;
  }
  if (taken.owner == heap) {
    heapster__count_resize(heap, (struct heapster__resize){taken.size, size, is_moved});
    return true;
  }
  heapster__book_gone(heap, taken);
  heapster__count_alloc(heap, size);
  return true;
}

static void book_resized(const record *state, struct taken taken, size_t old, const void *from, const void *to,
                         size_t size) {
  unsigned heap = state->heap->number;
  bool is_counted;
  if (is_mapped(state, size)) {
    is_counted = heapster__book_resized(taken.map, heap, taken.block, from, to, size) &&
                 (!taken.block.owner || taken.block.owner == heap);
  } else {
    is_counted = book_resized_unmapped(state, taken.block, from != to, size);
  }
  struct heapster__block now = {size, is_counted ? heap : 0, false};
  heapster__lua_note_uncounted(state, (int64_t)size - (int64_t)old - counted(state, now) + counted(state, taken.block));
}

static void book_refused(const record *state, struct taken taken, const void *ptr, size_t size) {
  if (is_mapped(state, size))
    heapster__book_restore(taken.map, state->heap->number, taken.block, ptr);
  else
    heapster__count_realloc_failure(state->heap->number);
}

static __attribute__((noinline)) void *resized(record *state, void *ptr, size_t osize, size_t nsize) {
  struct taken taken = take(state, ptr, osize);
  void *fresh = ask_below(state, ptr, osize, size_below(state, nsize));
  if (!fresh && nsize > osize) {
    book_refused(state, taken, ptr, osize);
    return NULL;
  }
  if (!fresh) fresh = ptr;
  state->bytes += nsize - osize;
  book_resized(state, taken, osize, ptr, fresh, nsize);
  return fresh;
}

void *heapster_lua_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  record *state = ud;
  if (heapster__likely(ptr != NULL)) {
    if (nsize) return resized(state, ptr, osize, nsize);
    released(state, ptr, osize);
    return NULL;
  }
  return nsize ? created(state, osize, nsize) : NULL;
}
