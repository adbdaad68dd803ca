/* The lua_Alloc of a Lua state, counted.

   What Lua asks, and what becomes of it:

     (NULL, x, 0)        nothing
     (NULL, tag, n)      a new block; x is the type of an object, not a size
     (p, old, 0)         a free; cannot fail
     (p, old, n)         a resize; one that does not grow cannot fail: what is below refuses, and the old block stands

   A refused growth makes Lua collect, and so free, before it asks again: between two calls, never inside one.

   Here is what mostly happens: blocks of a thread that has counters, most of them of 16 to 252 bytes. It is told by few
   looks, and in one piece of code, as a Lua program does little else; twice, because a state over Lua's own allocator,
   which most are, has less to ask. For the rest there is lua_odd. */
#include "hooks/script/lua_hook.h"

#include "hooks/script/lua_slow.h"

typedef struct heapster__lua_state lua_state;

#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone)) /* clones have their arguments elsewhere */
#endif

/* What the state is over. */
enum below {
  PLAIN, /* Lua's own allocator or the system's, and nobody counts what it asks in its turn */
  ANY
};

HEAPSTER__INLINE enum below below_of(const lua_state *state) {
  const int is_other = state->is_exact | heapster__load_flag(&heapster__has_malloc); /* one test for both */
  return heapster__unlikely(is_other) ? ANY : PLAIN;
}

HEAPSTER__INLINE void *ask(const lua_state *state, void *ptr, size_t osize, size_t nsize, enum below below) {
  if (below == PLAIN) return state->below.alloc(state->below.ud, ptr, osize, nsize);
  return heapster__lua_call_next(state, ptr, osize, nsize);
}

HEAPSTER__INLINE struct heapster__shadow_map *map_of(const lua_state *state, enum below below) {
  return below == PLAIN ? &heapster__main_map : state->map;
}

/* Takes a block out, a short one of a plain state; answers where it is to be booked, or NULL: nothing happened. */
HEAPSTER__INLINE struct heapster__shard *taken(const lua_state *state, const void *ptr, uint64_t *size,
                                               enum below below) {
  if (below == ANY) return heapster__take_block_fast(state->map, state->number, ptr, size);
  struct heapster__shard *shard = heapster__shard_here(state->number);
  const bool is_own = shard && heapster__shadow_take_short(&heapster__main_map, ptr, state->number, *size);
  return heapster__likely(is_own) ? shard : NULL;
}

/* A plain state's sizes may be padded. The small ones of others are lua_odd's. */
HEAPSTER__INLINE size_t size_below(size_t size, enum below below) {
  return below == PLAIN ? heapster__padded_size(&heapster__main_map, size) : size;
}
HEAPSTER__INLINE bool is_small(size_t size, enum below below) { return below == ANY && size < HEAPSTER__MAIN_MIN_SIZE; }
static bool is_long(size_t size) { return heapster__unlikely(size > HEAPSTER__SHORT_SIZE); }

/* All that follow have the arguments of a lua_Alloc, each where it came, and end in a call that takes their place, or
   in none: so they move little about and keep next to nothing on the stack. */

HEAPSTER__INLINE void *create(lua_state *state, void *ptr, size_t tag, size_t size, enum below below) {
  if (heapster__unlikely(is_small(size, below))) return heapster__lua_create_small(state, tag, size);
  void *block = ask(state, ptr, tag, size_below(size, below), below);
  if (heapster__unlikely(!block)) return heapster__lua_refuse(state);
  state->bytes += size;
  struct heapster__shard *shard = heapster__shard_here(state->number);
  if (heapster__unlikely(!shard) ||
      heapster__unlikely(!heapster__shadow_put_fast(map_of(state, below), block, state->number, size)))
    return heapster__lua_finish_create(state, block, tag, size);
  size_t kind = heapster__lua_kind_of(tag);
  heapster__count_new_in(shard, size);
  if (heapster__likely(kind < HEAPSTER__LUA_TAGGED)) heapster__count_kind_in(shard, kind, size);
  return heapster__pending_grow(&shard->pending, size) ? heapster__flush_here(block) : block;
}

static NOINLINE void *created_any(lua_state *state, void *ptr, size_t tag, size_t size) {
  return create(state, ptr, tag, size, ANY);
}

HEAPSTER__HOT static NOINLINE void *created(lua_state *state, void *ptr, size_t tag, size_t size) {
  if (is_long(size)) return created_any(state, ptr, tag, size);
  return create(state, ptr, tag, size, PLAIN);
}

static NOINLINE void *told_and_released(const lua_state *state, void *ptr, size_t size) {
  return ask(state, heapster__flush_here(ptr), size, 0, ANY);
}

/* The block that lua_close frees last is a whole state, and never short: short ones of a plain state are not asked. */
HEAPSTER__INLINE void *release(lua_state *state, void *ptr, size_t size, enum below below) {
  uint64_t counted = size;
  if (below == ANY && heapster__unlikely(ptr == state->last || is_small(size, below)))
    return heapster__lua_release(state, ptr, size);
  struct heapster__shard *shard = taken(state, ptr, &counted, below);
  if (heapster__unlikely(!shard)) return heapster__lua_release(state, ptr, size);
  state->bytes -= size;
  if (heapster__unlikely(heapster__count_dealloc_in(shard, counted))) return told_and_released(state, ptr, size);
  return ask(state, ptr, size, 0, below);
}

static NOINLINE void *released_any(lua_state *state, void *ptr, size_t size) { return release(state, ptr, size, ANY); }

HEAPSTER__HOT static NOINLINE void *released(lua_state *state, void *ptr, size_t size) {
  if (is_long(size)) return released_any(state, ptr, size);
  return release(state, ptr, size, PLAIN);
}

HEAPSTER__INLINE void *resize(lua_state *state, void *ptr, size_t osize, size_t nsize, enum below below) {
  uint64_t counted = osize;
  if (heapster__unlikely(is_small(osize, below) || is_small(nsize, below)) ||
      heapster__unlikely(!taken(state, ptr, &counted, below)))
    return heapster__lua_resize(state, ptr, osize, nsize);
  void *fresh = ask(state, ptr, osize, size_below(nsize, below), below);
  struct heapster__shard *shard = heapster__shard_here(state->number); /* the one below may have closed the gate */
  if (heapster__unlikely(!fresh || !shard) ||
      heapster__unlikely(!heapster__shadow_put_fast(map_of(state, below), fresh, state->number, nsize)))
    return heapster__lua_finish_resize(state, counted, ptr, osize, fresh, nsize);
  state->bytes += nsize - osize;
  return heapster__count_resize_in(shard, counted, nsize, ptr, fresh);
}

static NOINLINE void *resized_any(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  return resize(state, ptr, osize, nsize, ANY);
}

HEAPSTER__HOT static NOINLINE void *resized(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  if (is_long(osize)) return resized_any(state, ptr, osize, nsize);
  return resize(state, ptr, osize, nsize, PLAIN);
}

static NOINLINE void *alloc_any(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  if (!ptr) return nsize ? created_any(state, ptr, osize, nsize) : NULL;
  return nsize ? resized_any(state, ptr, osize, nsize) : released_any(state, ptr, osize);
}

HEAPSTER__HOT void *heapster_lua_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  lua_state *state = ud;
  if (below_of(state) == ANY) return alloc_any(state, ptr, osize, nsize);
  if (!ptr) return nsize ? created(state, ptr, osize, nsize) : NULL;
  return nsize ? resized(state, ptr, osize, nsize) : released(state, ptr, osize);
}
