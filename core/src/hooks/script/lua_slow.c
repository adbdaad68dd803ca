/* Slow paths of the Lua hook.

   An allocator that may pool by the old size is given Lua's own sizes. Blocks below 16 bytes may then share a granule:
   they are counted by their sizes, without the map. For other allocators small sizes are padded to 17, and all blocks
   are in the map. */
#include "hooks/script/lua_slow.h"

typedef struct heapster__lua_state lua_state;

static size_t padded(const lua_state *state, size_t size) {
  return state->is_exact ? size : heapster__padded_size(state->map, size);
}

static bool is_mapped(const lua_state *state, size_t size) {
  return !state->is_exact || size >= HEAPSTER__OWN_MIN_SIZE;
}

static void *call_guarded(const lua_state *state, void *ptr, size_t osize, size_t nsize) {
  struct heapster__guard guard;
  heapster__guard_enter(&guard, heapster__thread_claim());
  void *block = state->next.alloc(state->next.ud, ptr, osize, nsize);
  heapster__guard_leave(&guard);
  return block;
}

void *heapster__lua_call_next(const lua_state *state, void *ptr, size_t osize, size_t nsize) {
  const bool may_count = state->is_exact || (!state->is_system && heapster__load_relaxed(&heapster__has_malloc));
  if (may_count) return call_guarded(state, ptr, osize, nsize);
  return state->next.alloc(state->next.ud, ptr, osize, nsize);
}

void *heapster__lua_finish_create(lua_state *state, void *block, size_t tag, size_t size) {
  unsigned heap = state->number;
  const size_t kind = heapster__lua_kind_of(tag);
  if (heapster__is_nested(heapster__this_thread())) {
    heapster__record_nested(heapster__this_thread());
    heapster__lua_note_uncounted(state, (int64_t)size);
  } else if (!is_mapped(state, size) || heapster__enter_block(state->map, heap, block, size)) {
    heapster__count_alloc(heap, size);
    if (kind < HEAPSTER__LUA_TAGGED) heapster__count_kind(heap, kind, size);
  } else {
    heapster__lua_note_uncounted(state, (int64_t)size);
  }
  return block;
}

void *heapster__lua_create_small(lua_state *state, size_t tag, size_t size) {
  void *block = heapster__lua_call_next(state, NULL, tag, padded(state, size));
  if (!block) return heapster__lua_record_failure(state);
  state->bytes += size;
  return heapster__lua_finish_create(state, block, tag, size);
}

void *heapster__lua_record_failure(const lua_state *state) {
  heapster__record_failure(state->number);
  return NULL;
}

/* A block of that size which another layer counted before the state was hooked. */
static struct heapster__block take_from_main(const void *ptr, size_t size) {
  struct heapster__block taken = heapster__take_block(&heapster__main_map, ptr);
  if (!taken.owner || taken.size == size) return taken;
  heapster__shadow_put(&heapster__main_map, ptr, taken.owner, taken.size);
  return (struct heapster__block){0, 0, false};
}

/* A block that was taken out, and the map it was in. */
struct taken {
  struct heapster__block block;
  struct heapster__map *map;
};

static struct taken take_block(const lua_state *state, const void *ptr, size_t size) {
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

/* How many bytes of a block the state's heap counts. */
static int64_t counted_bytes(const lua_state *state, struct heapster__block block) {
  return block.owner == state->number ? (int64_t)block.size : 0;
}

void *heapster__lua_free_slow(lua_state *state, void *ptr, size_t size) {
  bool is_last = ptr == state->last;
  struct heapster__block taken = take_block(state, ptr, size).block;
  heapster__record_gone(state->number, taken);
  heapster__lua_note_uncounted(state, counted_bytes(state, taken) - (int64_t)size);
  state->bytes -= size;
  heapster__lua_call_next(state, ptr, size, 0);
  if (is_last && !state->bytes) heapster__lua_state_release(state);
  return NULL;
}

/* Records a resize to a block that is not in the map. Whether the state's heap counts it. */
static bool record_unmapped_resize(const lua_state *state, struct heapster__block taken, bool is_moved, size_t size) {
  unsigned heap = state->number;
  const bool is_outermost = !heapster__is_nested(heapster__this_thread());
  if (is_outermost && taken.owner == heap) {
    heapster__count_resize(heap, (struct heapster__resize){taken.size, size, is_moved});
    return true;
  }
  heapster__record_gone(heap, taken);
  if (is_outermost) heapster__count_alloc(heap, size);
  return is_outermost;
}

static void record_resize(const lua_state *state, struct taken taken, size_t old, const void *from, const void *to,
                          size_t size) {
  unsigned heap = state->number;
  bool is_counted;
  if (is_mapped(state, size)) {
    is_counted = heapster__record_resize(taken.map, heap, taken.block, from, to, size) &&
                 (!taken.block.owner || taken.block.owner == heap);
  } else {
    is_counted = record_unmapped_resize(state, taken.block, from != to, size);
  }
  const int64_t uncounted = is_counted ? 0 : (int64_t)size;
  heapster__lua_note_uncounted(state, uncounted + counted_bytes(state, taken.block) - (int64_t)old);
}

static void *finish_resize(lua_state *state, struct taken taken, void *ptr, size_t osize, void *fresh, size_t nsize) {
  if (!fresh && nsize > osize) {
    if (is_mapped(state, osize))
      heapster__restore_block(taken.map, state->number, taken.block, ptr);
    else
      heapster__count_one(state->number, realloc_fail_count);
    return NULL;
  }
  if (!fresh) fresh = ptr;
  state->bytes += nsize - osize;
  record_resize(state, taken, osize, ptr, fresh, nsize);
  return fresh;
}

void *heapster__lua_finish_resize(lua_state *state, uint64_t counted, void *ptr, size_t osize, void *fresh,
                                  size_t nsize) {
  struct taken taken = {{counted, state->number, false}, state->map};
  return finish_resize(state, taken, ptr, osize, fresh, nsize);
}

void *heapster__lua_resize_slow(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  struct taken taken = take_block(state, ptr, osize);
  return finish_resize(state, taken, ptr, osize, heapster__lua_call_next(state, ptr, osize, padded(state, nsize)),
                       nsize);
}
