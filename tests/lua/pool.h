/* A host's own allocator for Lua states: pools that sort by osize, and misbehave as a lua_Alloc may. Ends the program
   where a block comes back with a size that is not its own. For one thread at a time. */
#ifndef TESTS_LUA_POOL_H
#define TESTS_LUA_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "support.h"

enum {
  POOL_REFUSES_GROWTH = 1, /* now and then */
  POOL_REFUSES_SHRINK = 2, /* every other one */
  POOL_NEVER_FREES = 4,    /* and every resize to another size moves */
  POOL_FAILS = 8,          /* new blocks, now and then */
  POOL_HAS_BUDGET = 16,    /* refuses whatever would exceed it, so that Lua collects in an emergency */
  POOL_LARGE = 512,        /* larger blocks are malloc's */
  POOL_SLAB = 1 << 16
};

struct slab {
  struct slab *next;
  size_t pool;
};

struct pool {
  unsigned ways;
  struct dice dice;
  bool is_calm; /* refuses nothing */
  size_t live_bytes;
  size_t live_blocks;
  size_t budget;
  size_t refused;
  void *free_blocks[POOL_LARGE / 8 + 1];
  char *next[POOL_LARGE / 8 + 1]; /* in the newest slab of each size */
  struct slab *slabs;
};

/* The lua_Alloc; its ud is a struct pool, all zeros but for `ways`, `dice` and `budget`. */
void *pool_alloc(void *ud, void *block, size_t old_size, size_t size);

/* Gives back all memory. Call it when no block is live. */
void pool_clear(struct pool *pool);

#endif
