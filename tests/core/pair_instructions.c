/* One thread's malloc+free pairs, for callgrind to count: pair_instructions bare|heap PAIRS. */
#include <heapster/heap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc serves all of them from its thread cache, so that the allocator's part is small and always the same;
   the two above 254 bytes have their size in more than one cell of the block map. */
static const size_t sizes[] = {24, 100, 300, 1000};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void bare_pairs(size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    void *volatile block = malloc(sizes[i % SIZES]);
    free(block);
  }
}

static void heap_pairs(struct heapster_heap *heap, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    void *volatile block = heapster_heap_malloc(heap, sizes[i % SIZES]);
    heapster_heap_free(heap, block);
  }
}

int main(int count, char **arguments) {
  if (count != 3 || (strcmp(arguments[1], "bare") != 0 && strcmp(arguments[1], "heap") != 0)) {
    (void)fprintf(stderr, "usage: %s bare|heap PAIRS\n", arguments[0]);
    return 2;
  }
  const size_t pairs = strtoul(arguments[2], NULL, 10);
  struct heapster_heap *heap = NULL;
  if (heapster_heap_create("pairs", NULL, &heap) != HEAPSTER_OK) return 1;
  if (strcmp(arguments[1], "bare") == 0)
    bare_pairs(pairs);
  else
    heap_pairs(heap, pairs);
  return 0;
}
