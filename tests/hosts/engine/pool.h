/* The scripts' memory: blocks of one size side by side in arenas, found by the size that Lua tells.

   No block has a header. A free that comes with another size than the block was asked with puts it among blocks of that
   other size, and two of them will overlap one day: whoever stands between Lua and a pool must hand sizes down as they
   are. */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include <stdbool.h>
#include <stddef.h>

enum { POOL_CLASSES = 19, POOL_LARGEST = 1024 /* bytes; a larger block has an arena of its own */ };

struct pool_arena;
struct pool_vacant;

struct pool {
  size_t budget; /* bytes that all arenas together may take */
  size_t taken;
  struct pool_arena *arenas;
  struct pool_vacant *vacant[POOL_CLASSES];
  size_t live[POOL_CLASSES + 1]; /* blocks in use; the last are those with an arena of their own */
  size_t strays;                 /* shrinks that found no room and left their block where it was */
};

void pool_open(struct pool *pool, size_t budget);

/* The arenas go back to the system, with whatever is still in them. */
void pool_close(struct pool *pool);

/* The lua_Alloc of a state that has this pool as its `ud`. Refuses what would go over the budget, but never a shrink.
 */
void *pool_alloc(void *ud, void *block, size_t osize, size_t nsize);

/* Whether the block lies in an arena of blocks of that size, at the place of one. */
bool pool_is_home(const struct pool *pool, const void *block, size_t size);

/* The size of the blocks of that class. */
size_t pool_stride(unsigned bin);

size_t pool_live(const struct pool *pool);

#endif
