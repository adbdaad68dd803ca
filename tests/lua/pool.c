/* Pools that sort by osize. A slab is aligned to its size and has blocks of one size, a multiple of 8, without headers:
   so small blocks lie as close as they can, and an address tells the pool that the block is of. */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 16 };

static size_t pool_of(size_t size) { return (size + 7) / 8; }

static size_t slab_pool(const void *block) {
  const uintptr_t slab = (uintptr_t)block & ~(uintptr_t)(POOL_SLAB - 1);
  return ((const struct slab *)slab)->pool;
}

static void *take_from_slab(struct pool *pool, size_t number) {
  if (!pool->next[number]) {
    struct slab *slab = aligned_alloc(POOL_SLAB, POOL_SLAB);
    require(slab != NULL, "no memory");
    *slab = (struct slab){pool->slabs, number};
    pool->slabs = slab;
    pool->next[number] = (char *)slab + HEAD;
  }
  char *const block = pool->next[number];
  char *const behind = block + number * 8;
  const size_t used = (uintptr_t)behind % POOL_SLAB;
  pool->next[number] = used && used + number * 8 <= POOL_SLAB ? behind : NULL;
  return block;
}

static void *take(struct pool *pool, size_t size) {
  if (size > POOL_LARGE) {
    size_t *const head = malloc(size + HEAD);
    require(head != NULL, "no memory");
    *head = size;
    return (char *)head + HEAD;
  }
  void **const free_block = pool->free_blocks[pool_of(size)];
  if (!free_block) return take_from_slab(pool, pool_of(size));
  pool->free_blocks[pool_of(size)] = *free_block;
  return free_block;
}

static void require_size(const void *block, size_t size) {
  if (size <= POOL_LARGE)
    require(slab_pool(block) == pool_of(size), "a block of pool %zu came back with %zu bytes", slab_pool(block), size);
  else
    require(*(const size_t *)((const char *)block - HEAD) == size, "a long block came back with %zu bytes", size);
}

static void give(struct pool *pool, void *block, size_t size) {
  if (size > POOL_LARGE) {
    free((char *)block - HEAD);
  } else if (!(pool->ways & POOL_NEVER_FREES)) {
    *(void **)block = pool->free_blocks[pool_of(size)];
    pool->free_blocks[pool_of(size)] = block;
  }
}

static bool refuses(struct pool *pool, const void *block, size_t old_size, size_t size) {
  if (pool->is_calm) return false;
  if (size > old_size && pool->ways & POOL_HAS_BUDGET && pool->live_bytes + size - old_size > pool->budget) return true;
  if (!block) return pool->ways & POOL_FAILS && dice_below(&pool->dice, 300) == 0;
  if (size < old_size) return pool->ways & POOL_REFUSES_SHRINK && dice_below(&pool->dice, 2) == 0;
  return pool->ways & POOL_REFUSES_GROWTH && dice_below(&pool->dice, 20) == 0;
}

static bool stays(const struct pool *pool, size_t old_size, size_t size) {
  return size == old_size ||
         (size <= POOL_LARGE && pool_of(size) == pool_of(old_size) && !(pool->ways & POOL_NEVER_FREES));
}

static void *resize(struct pool *pool, void *block, size_t old_size, size_t size) {
  if (stays(pool, old_size, size)) return block;
  void *const fresh = take(pool, size);
  memcpy(fresh, block, size < old_size ? size : old_size);
  give(pool, block, old_size);
  return fresh;
}

void *pool_alloc(void *ud, void *block, size_t old_size, size_t size) {
  struct pool *const pool = ud;
  if (block) require_size(block, old_size);
  if (!block) old_size = 0;
  if (size && refuses(pool, block, old_size, size)) {
    pool->refused++;
    return NULL;
  }
  pool->live_bytes += size - old_size;
  pool->live_blocks += (size != 0) - (size_t)(block != NULL);
  if (block && size) return resize(pool, block, old_size, size);
  if (size) return take(pool, size);
  if (block) give(pool, block, old_size);
  return NULL;
}

void pool_clear(struct pool *pool) {
  require(pool->live_bytes == 0 && pool->live_blocks == 0, "%zu bytes in %zu blocks did not come back",
          pool->live_bytes, pool->live_blocks);
  for (struct slab *slab = pool->slabs; slab;) {
    struct slab *const next = slab->next;
    free(slab);
    slab = next;
  }
  pool->slabs = NULL;
  memset(pool->free_blocks, 0, sizeof pool->free_blocks);
  memset(pool->next, 0, sizeof pool->next);
}
