/* Slow paths of the Lua hook.

   An allocator that may pool by the old size is given Lua's own sizes. Blocks below 16 bytes may then share a granule
   of the shadow map: they are in the state's small map. For other allocators small sizes are padded to 17, and all
   blocks are in the shadow map.

   A next allocator may refuse any resize, a shrink as well: that is for Lua to handle, so it gets the NULL. */
#include "hooks/script/lua_slow.h"

#include "count/small_map.h"

typedef struct heapster__lua_state lua_state;

static size_t padded(const lua_state *state, size_t size) {
  return state->is_exact ? size : heapster__padded_size(state->map, size);
}

static bool is_mapped(const lua_state *state, size_t size) {
  return !state->is_exact || size >= HEAPSTER__OWN_MIN_SIZE;
}

/* The shadow map that has blocks of that size, or NULL. */
static struct heapster__map *map_of(const lua_state *state, size_t size) {
  return is_mapped(state, size) ? state->map : NULL;
}

static bool is_off(const lua_state *state) { return state->number == HEAPSTER__LUA_OFF; }

static struct heapster__thread *claim_thread(void) {
  struct heapster__thread *thread = heapster__this_thread();
  return heapster__likely(thread != NULL) ? thread : heapster__thread_claim();
}

static void *call_guarded(const lua_state *state, void *ptr, size_t osize, size_t nsize) {
  struct heapster__guard guard;
  heapster__guard_enter(&guard, claim_thread());
  void *block = state->next.alloc(state->next.ud, ptr, osize, nsize);
  heapster__guard_leave(&guard);
  return block;
}

/* A host's pool may request more of malloc than it passes on: to grow. */
static __attribute__((noinline)) void *call_keeping(const lua_state *state, void *ptr, size_t osize, size_t nsize) {
  struct heapster__guard guard;
  heapster__nested_enter(&guard, claim_thread());
  void *block = state->next.alloc(state->next.ud, ptr, osize, nsize);
  heapster__nested_leave(&guard, block, nsize);
  return block;
}

void *heapster__lua_call_next(const lua_state *state, void *ptr, size_t osize, size_t nsize) {
  const bool has_malloc = heapster__load_flag(&heapster__has_malloc);
  if (state->is_exact)
    return has_malloc ? call_keeping(state, ptr, osize, nsize) : call_guarded(state, ptr, osize, nsize);
  if (has_malloc && !state->is_system) return call_guarded(state, ptr, osize, nsize);
  return state->next.alloc(state->next.ud, ptr, osize, nsize);
}

static bool enter_small(const lua_state *state, const void *block, size_t size) {
  const unsigned missed = heapster__small_take(state->small, block);
  if (missed) heapster__record_missed((struct heapster__block){missed, state->number, false, 0});
  if (heapster__small_put(state->small, block, (unsigned)size)) return true;
  heapster__add_relaxed(&heapster__inaccuracies.uncounted, 1);
  return false;
}

/* Enters a block into the map that is for its size. False: no memory, it stays uncounted. */
static bool enter_block(const lua_state *state, const void *block, size_t size) {
  if (is_mapped(state, size)) return heapster__enter_block(state->map, state->number, block, size);
  return enter_small(state, block, size);
}

/* For the request that is recorded next. The next allocator calls no Lua, so the line is still that of the request. */
static void note_line(const lua_state *state) {
  if (heapster__is_armed())
    heapster__note_site((enum heapster__site_kind)state->site.kind, (const void *)state->site.place,
                        state->site.offset);
}

void *heapster__lua_finish_create(lua_state *state, void *block, size_t tag, size_t size) {
  unsigned heap = state->number;
  const size_t kind = heapster__lua_kind_of(tag);
  if (is_off(state)) return block;
  if (heapster__is_nested(heapster__this_thread())) {
    heapster__record_nested(heapster__this_thread());
    heapster__lua_note_uncounted(state, (int64_t)size);
  } else if (enter_block(state, block, size)) {
    note_line(state);
    heapster__count_entered(map_of(state, size), heap, block, size);
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
  if (!is_off(state)) heapster__record_failure(state->number);
  return NULL;
}

/* A block of that size which another layer counted before the state was hooked. */
static struct heapster__block take_from_main(const void *ptr, size_t size) {
  struct heapster__block taken = heapster__take_block(&heapster__main_map, ptr);
  if (!taken.owner || taken.size == size) return taken;
  heapster__shadow_put(&heapster__main_map, ptr, taken.owner, taken.size);
  return (struct heapster__block){0, 0, false, 0};
}

/* A block that was taken out, and the shadow map it was in; NULL: it was in the small map, or in none. */
struct taken {
  struct heapster__block block;
  struct heapster__map *map;
};

static struct taken take_own(const lua_state *state, const void *ptr, size_t size) {
  if (is_mapped(state, size)) return (struct taken){heapster__take_block(state->map, ptr), state->map};
  const unsigned found = heapster__small_take(state->small, ptr);
  return (struct taken){{found, found ? state->number : 0, false, 0}, NULL};
}

static struct taken take_block(const lua_state *state, const void *ptr, size_t size) {
  const struct taken own = take_own(state, ptr, size);
  if (own.block.owner || state->map == &heapster__main_map) return own;
  const struct taken other = {take_from_main(ptr, size), &heapster__main_map};
  return other.block.owner ? other : own;
}

/* How many bytes of a block the state's heap counts. */
static int64_t counted_bytes(const lua_state *state, struct heapster__block block) {
  return block.owner == state->number ? (int64_t)block.size : 0;
}

void *heapster__lua_free_slow(lua_state *state, void *ptr, size_t size) {
  if (is_off(state)) return heapster__lua_call_next(state, ptr, size, 0);
  bool is_last = ptr == state->last;
  struct heapster__block taken = take_block(state, ptr, size).block;
  heapster__record_gone(state->number, taken);
  heapster__lua_note_uncounted(state, counted_bytes(state, taken) - (int64_t)size);
  state->bytes -= size;
  heapster__lua_call_next(state, ptr, size, 0);
  if (is_last) heapster__lua_state_release(state);
  return NULL;
}

/* A block of the state's heap was resized from or to a small one. Whether the heap counts it still. */
static bool record_own_resize(const lua_state *state, struct heapster__block old, const void *from, const void *to,
                              size_t size) {
  if (old.is_size_lost) heapster__add_relaxed(&heapster__inaccuracies.lost_sizes, 1);
  const bool is_entered = enter_block(state, to, size);
  if (is_entered)
    heapster__count_resized(state->number, (struct heapster__resize){old.size, size, from != to});
  else
    heapster__count_dealloc(state->number, old.size);
  return is_entered;
}

/* A block that the state's heap did not count is one of its own from here on, unless a guard is up. */
static bool record_adopted(const lua_state *state, struct heapster__block taken, const void *to, size_t size) {
  struct heapster__thread *thread = heapster__this_thread();
  const bool is_nested = heapster__is_nested(thread);
  if (taken.owner || !is_nested) heapster__record_gone(state->number, taken);
  if (is_nested) heapster__record_nested(thread);
  if (is_nested || !enter_block(state, to, size)) return false;
  heapster__count_entered(map_of(state, size), state->number, to, size);
  return true;
}

/* Whether the state's heap counts the resized block. */
static bool record_resize(const lua_state *state, struct taken taken, const void *from, const void *to, size_t size) {
  const unsigned owner = taken.block.owner;
  const bool is_own = owner == state->number;
  note_line(state);
  if (taken.map && is_mapped(state, size))
    return heapster__record_resize(taken.map, state->number, taken.block, from, to, size) && (!owner || is_own);
  if (is_own) return record_own_resize(state, taken.block, from, to, size);
  return record_adopted(state, taken.block, to, size);
}

static void restore_block(const lua_state *state, struct taken taken, const void *ptr) {
  if (taken.map) {
    heapster__restore_block(taken.map, state->number, taken.block, ptr);
    return;
  }
  if (taken.block.owner) heapster__small_put(state->small, ptr, (unsigned)taken.block.size);
  if (taken.block.owner || !heapster__is_nested(heapster__this_thread()))
    heapster__count_one(state->number, realloc_fail_count);
}

static void *finish_resize(lua_state *state, struct taken taken, void *ptr, size_t osize, void *fresh, size_t nsize) {
  if (!fresh) {
    restore_block(state, taken, ptr);
    return NULL;
  }
  state->bytes += nsize - osize;
  const bool is_counted = record_resize(state, taken, ptr, fresh, nsize);
  const int64_t uncounted = is_counted ? 0 : (int64_t)nsize;
  heapster__lua_note_uncounted(state, uncounted + counted_bytes(state, taken.block) - (int64_t)osize);
  return fresh;
}

void *heapster__lua_finish_resize(lua_state *state, uint64_t counted, void *ptr, size_t osize, void *fresh,
                                  size_t nsize) {
  struct taken taken = {{counted, state->number, false, 0}, state->map};
  return finish_resize(state, taken, ptr, osize, fresh, nsize);
}

void *heapster__lua_resize_slow(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  if (is_off(state)) return heapster__lua_call_next(state, ptr, osize, padded(state, nsize));
  struct taken taken = take_block(state, ptr, osize);
  return finish_resize(state, taken, ptr, osize, heapster__lua_call_next(state, ptr, osize, padded(state, nsize)),
                       nsize);
}
