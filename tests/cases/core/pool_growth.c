/* A pool that grows inside its own malloc callback, by malloc: the arena was asked for, so it is counted in heap
   `malloc`, and its free is no free of an unknown block. Run by `heapster run`. */
#include <heapster/heapster.h>
#include <stdlib.h>

#include "verdict.h"

enum { ARENA = 1 << 20 };

static char *arena;
static size_t used;

static void *carve(void *context, size_t size) {
  (void)context;
  if (!arena) arena = malloc(ARENA);
  void *block = arena + used;
  used += (size + 15) & ~(size_t)15;
  return block;
}

static void keep(void *context, void *block) {
  (void)context;
  (void)block;
}

int main(void) {
  static const struct heapster_allocator backing = {.malloc = carve, .free = keep};
  static struct heapster_stats before, grown, freed;
  struct heapster_heap *pool, *heap = heapster_heap_find("malloc");
  must(heap && !heapster_heap_create("pool", &backing, &pool));
  heapster_stats_read(heap, &before);
  must(heapster_heap_malloc(pool, 100));
  heapster_stats_read(heap, &grown);
  free(arena);
  heapster_stats_read(heap, &freed);
  const unsigned long asked = grown.alloc_sum - before.alloc_sum;
  const unsigned long unseen = freed.unseen_alloc_count - before.unseen_alloc_count;
  return verdict(asked == ARENA && unseen == 0, "%lu bytes in heap malloc, unseen_alloc_count %lu", asked, unseen);
}
