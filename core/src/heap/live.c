/* What is alive now, by size, read from the block map. */
#include "heap/heap.h"

#include <string.h>

/* What is looked for, and found so far. Owner 0 stands for every heap. */
struct census {
  unsigned owner;
  struct heapster_histogram *histogram;
};

static void count(const void *context, unsigned owner, uint64_t size) {
  const struct census *census = context;
  if (census->owner && census->owner != owner) return;
  census->histogram->buckets[heapster__bucket(size)]++;
}

void heapster_live_histogram(const struct heapster_heap *heap, struct heapster_histogram *histogram) {
  memset(histogram, 0, sizeof *histogram);
  const struct census census = {heap ? heap->number : HEAPSTER__TOTAL, histogram};
  if (heap) {
    heapster__map_walk(heap->map, count, &census);
    return;
  }
  heapster__map_walk(&heapster__main_map, count, &census);
  for (const struct heapster_heap *each = heapster_heap_next(NULL); each; each = heapster_heap_next(each)) {
    if (each->map != &heapster__main_map) heapster__map_walk(each->map, count, &census);
  }
}
