/* Size classes carved from arenas.

   What Lua asks, and what it gets:

     (NULL, x, 0)        nothing
     (NULL, tag, n)      a block of n's class, or NULL
     (p, old, 0)         p goes back to old's class
     (p, old, n)         p where the class is the same; else a block of n's class with the bytes of p, which goes back;
                         without room NULL for a growth, and p itself for a shrink: it is a block of n's class then */
#include "pool.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  STEP = 8,            /* between the small classes: the alignment that Lua needs */
  SMALL_LARGEST = 128, /* bytes; above them 256, 512 and 1024 */
  SMALL_CLASSES = SMALL_LARGEST / STEP,
  LARGE = POOL_CLASSES, /* no class: an arena of its own */
  ARENA_BYTES = 16384
};

struct pool_arena {
  struct pool_arena *next, *previous;
  size_t bytes; /* without this header */
  size_t bin;
};

struct pool_vacant {
  struct pool_vacant *next;
};

_Static_assert(sizeof(struct pool_vacant) <= STEP, "a vacant block holds the way to the next");
_Static_assert(sizeof(struct pool_arena) % 16 == 0, "a large block is aligned as malloc's are");

static unsigned bin_of(size_t size) {
  if (size <= SMALL_LARGEST) return (unsigned)((size - 1) / STEP);
  unsigned bin = SMALL_CLASSES;
  while (bin < LARGE && size > pool_stride(bin)) bin++;
  return bin;
}

size_t pool_stride(unsigned bin) {
  return bin < SMALL_CLASSES ? (size_t)STEP * (bin + 1) : (size_t)256 << (bin - SMALL_CLASSES);
}

static char *blocks_of(const struct pool_arena *arena) { return (char *)(arena + 1); }

/* --- arenas --- */

static struct pool_arena *arena_make(struct pool *pool, unsigned bin, size_t bytes) {
  if (bytes > pool->budget || sizeof(struct pool_arena) + bytes > pool->budget - pool->taken) return NULL;
  struct pool_arena *const arena = malloc(sizeof *arena + bytes);
  if (!arena) return NULL;
  *arena = (struct pool_arena){.next = pool->arenas, .bytes = bytes, .bin = bin};
  if (arena->next) arena->next->previous = arena;
  pool->arenas = arena;
  pool->taken += sizeof *arena + bytes;
  return arena;
}

static void arena_drop(struct pool *pool, struct pool_arena *arena) {
  if (arena->next) arena->next->previous = arena->previous;
  *(arena->previous ? &arena->previous->next : &pool->arenas) = arena->next;
  pool->taken -= sizeof *arena + arena->bytes;
  free(arena);
}

static void put(struct pool *pool, unsigned bin, void *block) {
  struct pool_vacant *const vacant = block;
  vacant->next = pool->vacant[bin];
  pool->vacant[bin] = vacant;
}

/* A new arena of vacant blocks, if it can be had; put from the last to the first, so that they are handed out in the
   order of their addresses. */
static void carve(struct pool *pool, unsigned bin) {
  const struct pool_arena *const arena = arena_make(pool, bin, ARENA_BYTES);
  if (!arena) return;
  const size_t stride = pool_stride(bin);
  for (size_t i = arena->bytes / stride; i > 0; i--) put(pool, bin, blocks_of(arena) + (i - 1) * stride);
}

/* --- blocks --- */

static void *take_large(struct pool *pool, size_t size) {
  struct pool_arena *const arena = arena_make(pool, LARGE, size);
  return arena ? blocks_of(arena) : NULL;
}

static void *take_small(struct pool *pool, unsigned bin) {
  if (!pool->vacant[bin]) carve(pool, bin);
  struct pool_vacant *const block = pool->vacant[bin];
  if (block) pool->vacant[bin] = block->next;
  return block;
}

static void *take(struct pool *pool, size_t size) {
  const unsigned bin = bin_of(size);
  void *const block = bin == LARGE ? take_large(pool, size) : take_small(pool, bin);
  if (block) pool->live[bin]++;
  return block;
}

static void give_back(struct pool *pool, void *block, size_t size) {
  const unsigned bin = bin_of(size);
  assert(pool->strays || pool_is_home(pool, block, size)); /* a debug build finds the wrong size at its free */
  pool->live[bin]--;
  if (bin == LARGE)
    arena_drop(pool, (struct pool_arena *)block - 1);
  else
    put(pool, bin, block);
}

/* A shrink without room for the smaller block: the block itself is one of the smaller class from here on. */
static void *let_stray(struct pool *pool, void *block, size_t osize, size_t nsize) {
  pool->strays++;
  pool->live[bin_of(osize)]--;
  pool->live[bin_of(nsize)]++;
  return block;
}

static void *resize(struct pool *pool, void *block, size_t osize, size_t nsize) {
  if (bin_of(osize) == bin_of(nsize) && bin_of(nsize) != LARGE) return block;
  void *const fresh = take(pool, nsize);
  if (!fresh) return nsize > osize ? NULL : let_stray(pool, block, osize, nsize);
  memcpy(fresh, block, osize < nsize ? osize : nsize);
  give_back(pool, block, osize);
  return fresh;
}

void *pool_alloc(void *ud, void *block, size_t osize, size_t nsize) {
  struct pool *const pool = ud;
  if (!block) return nsize ? take(pool, nsize) : NULL;
  if (nsize) return resize(pool, block, osize, nsize);
  give_back(pool, block, osize);
  return NULL;
}

/* --- the pool as a whole --- */

bool pool_is_home(const struct pool *pool, const void *block, size_t size) {
  const unsigned bin = bin_of(size);
  for (const struct pool_arena *arena = pool->arenas; arena; arena = arena->next) {
    const uintptr_t offset = (uintptr_t)block - (uintptr_t)blocks_of(arena);
    if (offset >= arena->bytes) continue;
    return arena->bin == bin && (bin == LARGE ? offset == 0 : offset % pool_stride(bin) == 0);
  }
  return false;
}

size_t pool_live(const struct pool *pool) {
  size_t live = 0;
  for (unsigned bin = 0; bin <= LARGE; bin++) live += pool->live[bin];
  return live;
}

void pool_open(struct pool *pool, size_t budget) { *pool = (struct pool){.budget = budget}; }

void pool_close(struct pool *pool) {
  for (struct pool_arena *arena = pool->arenas, *next; arena; arena = next) {
    next = arena->next;
    free(arena);
  }
  pool_open(pool, 0);
}
