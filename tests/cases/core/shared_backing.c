/* Two heaps over one backing of the host's own: a block of one is freed or resized through the other, which heap.h
   allows. It has to leave the figures of the heap that counted it. */
#include <heapster/heapster.h>
#include <stdlib.h>

#include "verdict.h"

static void *get(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void *resize(void *context, void *block, size_t size) {
  (void)context;
  return realloc(block, size);
}

static void put(void *context, void *block) {
  (void)context;
  free(block);
}

int main(void) {
  static const struct heapster_allocator backing = {.malloc = get, .realloc = resize, .free = put};
  static struct heapster_stats one, two;
  struct heapster_heap *a, *b;
  must(!heapster_heap_create("a", &backing, &a) && !heapster_heap_create("b", &backing, &b));
  heapster_heap_free(b, heapster_heap_malloc(a, 100));
  heapster_heap_free(b, heapster_heap_realloc(b, heapster_heap_malloc(a, 200), 300));
  heapster_stats_read(a, &one);
  heapster_stats_read(b, &two);
  const bool is_right = one.live_count == 0 && one.use_curr == 0 && one.dealloc_count == 2 &&
                        one.realloc_growth_count == 1 && two.alloc_count == 0 && two.unseen_alloc_count == 0;
  return verdict(is_right, "a: live %lu, use %lu; b: allocs %lu, unseen %lu", one.live_count, one.use_curr,
                 two.alloc_count, two.unseen_alloc_count);
}
