/* What a Lua state asks where something is not as it mostly is.

   Over an allocator that may pool by the old size, sizes go down as they came. Blocks below 16 bytes may then share a
   granule: they are counted by their sizes, without the map; else they go down as 17, and all are in the map. */
#include "hooks/script/lua_slow.h"

typedef struct heapster__lua_state lua_state;

static size_t size_below(const lua_state *state, size_t size) {
  return state->is_exact ? size : heapster__padded_size(state->map, size);
}

/* Sizes that go down as they came may leave two blocks in one granule. */
static bool is_mapped(const lua_state *state, size_t size) {
  return !state->is_exact || size >= HEAPSTER__OWN_MIN_SIZE;
}

static void *ask_marked(const lua_state *state, void *ptr, size_t osize, size_t nsize) {
  struct heapster__guard guard;
  heapster__guard_enter(&guard, heapster__thread_claim());
  void *block = state->below.alloc(state->below.ud, ptr, osize, nsize);
  heapster__guard_leave(&guard);
  return block;
}

void *heapster__lua_call_next(const lua_state *state, void *ptr, size_t osize, size_t nsize) {
  bool is_counted_below = state->is_exact || (!state->is_system && heapster__load_relaxed(&heapster__has_malloc));
  if (is_counted_below) return ask_marked(state, ptr, osize, nsize);
  return state->below.alloc(state->below.ud, ptr, osize, nsize);
}

static void enter_inner(const lua_state *state, size_t size) {
  heapster__record_nested(heapster__this_thread());
  heapster__lua_note_uncounted(state, (int64_t)size);
}

static void count(unsigned heap, size_t tag, size_t size) {
  heapster__count_alloc(heap, size);
  const size_t kind = heapster__lua_kind_of(tag);
  if (kind < HEAPSTER__LUA_TAGGED) heapster__count_kind(heap, kind, size);
}

void *heapster__lua_finish_create(lua_state *state, void *block, size_t tag, size_t size) {
  unsigned heap = state->number;
  if (heapster__is_nested(heapster__this_thread()))
    enter_inner(state, size);
  else if (!is_mapped(state, size) || heapster__enter_block(state->map, heap, block, size))
    count(heap, tag, size);
  else
    heapster__lua_note_uncounted(state, (int64_t)size);
  return block;
}

void *heapster__lua_create_small(lua_state *state, size_t tag, size_t size) {
  void *block = heapster__lua_call_next(state, NULL, tag, size_below(state, size));
  if (!block) return heapster__lua_refuse(state);
  state->bytes += size;
  return heapster__lua_finish_create(state, block, tag, size);
}

void *heapster__lua_refuse(const lua_state *state) {
  heapster__record_failure(state->number);
  return NULL;
}

/* What another layer counted before this one came: a block of that size. */
static struct heapster__block take_from_main(const void *ptr, size_t size) {
  struct heapster__block taken = heapster__take_block(&heapster__main_map, ptr);
  if (!taken.owner || taken.size == size) return taken;
  heapster__shadow_put(&heapster__main_map, ptr, taken.owner, taken.size);
  return (struct heapster__block){0, 0, false};
}

/* A block on its way, and the map it was found in. */
struct taken {
  struct heapster__block block;
  struct heapster__shadow_map *map;
};

static struct taken take(const lua_state *state, const void *ptr, size_t size) {
  struct taken taken = {{size, state->number, false}, state->map};
  if (!is_mapped(state, size)) {
    if (heapster__is_nested(heapster__this_thread())) taken.block.owner = 0;
    return taken;
  }
  taken.block = heapster__take_block(state->map, ptr);
  if (taken.block.owner || state->map == &heapster__main_map) return taken;
  taken.block = take_from_main(ptr, size);
  if (taken.block.owner) taken.map = &heapster__main_map;
  return taken;
}

/* What of a block is on the books of the state's heap. */
static int64_t counted(const lua_state *state, struct heapster__block block) {
  return block.owner == state->number ? (int64_t)block.size : 0;
}

void *heapster__lua_release(lua_state *state, void *ptr, size_t size) {
  bool is_last = ptr == state->last;
  struct heapster__block taken = take(state, ptr, size).block;
  heapster__record_gone(state->number, taken);
  heapster__lua_note_uncounted(state, counted(state, taken) - (int64_t)size);
  state->bytes -= size;
  heapster__lua_call_next(state, ptr, size, 0);
  if (is_last && !state->bytes) heapster__lua_state_give_back(state);
  return NULL;
}

/* Books a resize of a block to one that is not in the map. */
static bool book_resized_unmapped(const lua_state *state, struct heapster__block taken, bool is_moved, size_t size) {
  unsigned heap = state->number;
  if (heapster__is_nested(heapster__this_thread())) {
    heapster__record_gone(heap, taken);
    return false;
  }
  if (taken.owner == heap) {
    heapster__count_resize(heap, (struct heapster__resize){taken.size, size, is_moved});
    return true;
  }
  heapster__record_gone(heap, taken);
  heapster__count_alloc(heap, size);
  return true;
}

static void book_resized(const lua_state *state, struct taken taken, size_t old, const void *from, const void *to,
                         size_t size) {
  unsigned heap = state->number;
  bool is_counted;
  if (is_mapped(state, size)) {
    is_counted = heapster__record_resize(taken.map, heap, taken.block, from, to, size) &&
                 (!taken.block.owner || taken.block.owner == heap);
  } else {
    is_counted = book_resized_unmapped(state, taken.block, from != to, size);
  }
  struct heapster__block now = {size, is_counted ? heap : 0, false};
  heapster__lua_note_uncounted(state, (int64_t)size - (int64_t)old - counted(state, now) + counted(state, taken.block));
}

static void book_refused(const lua_state *state, struct taken taken, const void *ptr, size_t size) {
  if (is_mapped(state, size))
    heapster__restore_block(taken.map, state->number, taken.block, ptr);
  else
    heapster__count_realloc_failure(state->number);
}

static void *settled(lua_state *state, struct taken taken, void *ptr, size_t osize, void *fresh, size_t nsize) {
  if (!fresh && nsize > osize) {
    book_refused(state, taken, ptr, osize);
    return NULL;
  }
  if (!fresh) fresh = ptr;
  state->bytes += nsize - osize;
  book_resized(state, taken, osize, ptr, fresh, nsize);
  return fresh;
}

void *heapster__lua_finish_resize(lua_state *state, uint64_t counted, void *ptr, size_t osize, void *fresh,
                                  size_t nsize) {
  struct taken taken = {{counted, state->number, false}, state->map};
  return settled(state, taken, ptr, osize, fresh, nsize);
}

void *heapster__lua_resize(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  struct taken taken = take(state, ptr, osize);
  return settled(state, taken, ptr, osize, heapster__lua_call_next(state, ptr, osize, size_below(state, nsize)), nsize);
}
