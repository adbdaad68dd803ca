/* The lua_Alloc of a Lua state, counted.

   Lua's requests (p is a block, x anything):

     (NULL, x, 0)        nothing
     (NULL, tag, n)      a new block; the tag is the type of an object, not a size
     (p, old, 0)         a free; cannot fail
     (p, old, n)         a resize; cannot fail unless it grows: if the next allocator refuses, the old block stays

   A refused growth makes Lua collect, and so free, before it requests again: between two calls, never inside one.

   Here are the fast paths: blocks of a thread that has counters, most of them of 16 to 252 bytes. A Lua program does
   little else, so each is one piece of code with few tests; and each is compiled twice, since a state over Lua's own
   allocator, the common case, needs fewer of them. lua_slow.c has the rest. */
#include "hooks/script/lua_hook.h"

#include "hooks/script/lua_slow.h"

typedef struct heapster__lua_state lua_state;

#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone)) /* clones may move the arguments to other registers */
#endif

/* The state's next allocator. */
enum backing {
  PLAIN, /* Lua's own or the system's, and its own requests are not counted */
  ANY
};

HEAPSTER__INLINE void *call_next(const lua_state *state, void *ptr, size_t osize, size_t nsize, enum backing backing) {
  if (backing == PLAIN) return state->next.alloc(state->next.ud, ptr, osize, nsize);
  return heapster__lua_call_next(state, ptr, osize, nsize);
}

HEAPSTER__INLINE struct heapster__map *map_of(const lua_state *state, enum backing backing) {
  return backing == PLAIN ? &heapster__main_map : state->map;
}

/* Takes a block out of the map. Returns the shard that counts what follows, or NULL: nothing happened. A plain state's
   block is short and of `*size` bytes. */
HEAPSTER__INLINE struct heapster__shard *take_block(const lua_state *state, const void *ptr, uint64_t *size,
                                                    enum backing backing) {
  if (backing == ANY) return heapster__take_block_fast(state->map, state->number, ptr, size);
  struct heapster__shard *shard = heapster__shard_here(state->number);
  const bool is_own = shard && heapster__shadow_take_short(&heapster__main_map, ptr, state->number, *size);
  return heapster__likely(is_own) ? shard : NULL;
}

/* A plain state's sizes may be padded. Small blocks of other states take the slow path. */
HEAPSTER__INLINE size_t padded(size_t size, enum backing backing) {
  return backing == PLAIN ? heapster__padded_size(&heapster__main_map, size) : size;
}
HEAPSTER__INLINE bool is_small(size_t size, enum backing backing) {
  return backing == ANY && size < HEAPSTER__MAIN_MIN_SIZE;
}
static bool is_long(size_t size) { return heapster__unlikely(size > HEAPSTER__SHORT_SIZE); }

/* The functions below have the arguments of a lua_Alloc, each in its own register, and end in a tail call or in none:
   so they move few registers and use almost no stack. */

static NOINLINE void *flush_block(const lua_state *state, void *block, size_t size, const void *caller) {
  return heapster__flush_grown(state->number, block, size, caller);
}

HEAPSTER__INLINE void *create_block(lua_state *state, void *ptr, size_t tag, size_t size, enum backing backing) {
  if (heapster__unlikely(is_small(size, backing))) return heapster__lua_create_small(state, tag, size);
  void *block = call_next(state, ptr, tag, padded(size, backing), backing);
  if (heapster__unlikely(!block)) return heapster__lua_record_failure(state);
  state->bytes += size;
  struct heapster__shard *shard = heapster__shard_here(state->number);
  if (heapster__unlikely(!shard) ||
      heapster__unlikely(!heapster__shadow_put_fast(map_of(state, backing), block, state->number, size)))
    return heapster__lua_finish_create(state, block, tag, size);
  size_t kind = heapster__lua_kind_of(tag);
  heapster__count_new_in(shard, size);
  if (heapster__likely(kind < HEAPSTER__LUA_TAGGED)) heapster__count_kind_in(shard, kind, size);
  return heapster__pending_grow(&shard->pending, size) ? flush_block(state, block, size, __builtin_return_address(0))
                                                       : block;
}

static NOINLINE void *create_any(lua_state *state, void *ptr, size_t tag, size_t size) {
  return create_block(state, ptr, tag, size, ANY);
}

HEAPSTER__HOT static NOINLINE void *create_plain(lua_state *state, void *ptr, size_t tag, size_t size) {
  if (is_long(size)) return create_any(state, ptr, tag, size);
  return create_block(state, ptr, tag, size, PLAIN);
}

static NOINLINE void *flush_and_free(const lua_state *state, void *ptr, size_t size) {
  return call_next(state, heapster__flush_here(ptr), size, 0, ANY);
}

/* The block that lua_close frees last is a whole state, and never short. So a plain state does not look for it. */
HEAPSTER__INLINE void *free_block(lua_state *state, void *ptr, size_t size, enum backing backing) {
  uint64_t counted = size;
  if (backing == ANY && heapster__unlikely(ptr == state->last || is_small(size, backing)))
    return heapster__lua_free_slow(state, ptr, size);
  struct heapster__shard *shard = take_block(state, ptr, &counted, backing);
  if (heapster__unlikely(!shard)) return heapster__lua_free_slow(state, ptr, size);
  state->bytes -= size;
  if (heapster__unlikely(heapster__count_dealloc_in(shard, counted))) return flush_and_free(state, ptr, size);
  return call_next(state, ptr, size, 0, backing);
}

static NOINLINE void *free_any(lua_state *state, void *ptr, size_t size) { return free_block(state, ptr, size, ANY); }

HEAPSTER__HOT static NOINLINE void *free_plain(lua_state *state, void *ptr, size_t size) {
  if (is_long(size)) return free_any(state, ptr, size);
  return free_block(state, ptr, size, PLAIN);
}

HEAPSTER__INLINE void *resize_block(lua_state *state, void *ptr, size_t osize, size_t nsize, enum backing backing) {
  uint64_t counted = osize;
  if (heapster__unlikely(is_small(osize, backing) || is_small(nsize, backing)) ||
      heapster__unlikely(!take_block(state, ptr, &counted, backing)))
    return heapster__lua_resize_slow(state, ptr, osize, nsize);
  void *fresh = call_next(state, ptr, osize, padded(nsize, backing), backing);
  struct heapster__shard *shard = heapster__shard_here(state->number); /* again: the thread may have switched heaps */
  if (heapster__unlikely(!fresh || !shard) ||
      heapster__unlikely(!heapster__shadow_put_fast(map_of(state, backing), fresh, state->number, nsize)))
    return heapster__lua_finish_resize(state, counted, ptr, osize, fresh, nsize);
  state->bytes += nsize - osize;
  return heapster__count_resize_in(shard, counted, nsize, ptr, fresh);
}

static NOINLINE void *resize_any(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  return resize_block(state, ptr, osize, nsize, ANY);
}

HEAPSTER__HOT static NOINLINE void *resize_plain(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  if (is_long(osize)) return resize_any(state, ptr, osize, nsize);
  return resize_block(state, ptr, osize, nsize, PLAIN);
}

static NOINLINE void *alloc_any(lua_state *state, void *ptr, size_t osize, size_t nsize) {
  if (!ptr) return nsize ? create_any(state, ptr, osize, nsize) : NULL;
  return nsize ? resize_any(state, ptr, osize, nsize) : free_any(state, ptr, osize);
}

HEAPSTER__HOT void *heapster_lua_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  lua_state *state = ud;
  const int is_other = state->is_exact | heapster__load_flag(&heapster__has_malloc); /* one test for both */
  if (heapster__unlikely(is_other)) return alloc_any(state, ptr, osize, nsize);
  if (!ptr) return nsize ? create_plain(state, ptr, osize, nsize) : NULL;
  return nsize ? resize_plain(state, ptr, osize, nsize) : free_plain(state, ptr, osize);
}
