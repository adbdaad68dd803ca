/* One thread's malloc+free pairs, for callgrind to count: pair_instructions bare|heap|guest|below|domain PAIRS.
   `guest` is a heap where another one had the first block; `domain` is an interpreter's counted functions over malloc
   and free, `below` the same without them. */
#include <heapster/heap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/script/domains.h"

/* glibc serves all of them from its thread cache, so that the allocator's part is small and always the same;
   the two above 252 bytes have their size in a long cell of the block map. */
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

static void domain_pairs(const struct heapster__domain *domain, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) {
    void *volatile block = domain->malloc(domain->context, sizes[i % SIZES]);
    domain->free(domain->context, block);
  }
}

static void *below_malloc(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void below_free(void *context, void *block) {
  (void)context;
  free(block);
}

static const struct heapster__domain below = {.malloc = below_malloc, .free = below_free};

static bool run(const char *way, size_t pairs) {
  if (strcmp(way, "bare") == 0) {
    bare_pairs(pairs);
  } else if (strcmp(way, "heap") == 0) {
    struct heapster_heap *heap = NULL;
    if (heapster_heap_create("pairs", NULL, &heap) != HEAPSTER_OK) return false;
    heap_pairs(heap, pairs);
  } else if (strcmp(way, "guest") == 0) {
    struct heapster_heap *first = NULL;
    struct heapster_heap *heap = NULL;
    if (heapster_heap_create("first", NULL, &first) != HEAPSTER_OK) return false;
    if (heapster_heap_create("pairs", NULL, &heap) != HEAPSTER_OK) return false;
    void *volatile block = heapster_heap_malloc(first, sizes[0]);
    heap_pairs(heap, pairs);
    heapster_heap_free(first, block);
  } else if (strcmp(way, "below") == 0) {
    domain_pairs(&below, pairs);
  } else {
    if (!heapster__domains_open()) return false;
    const struct heapster__domain counted = heapster__domain_counted(1, &below);
    domain_pairs(&counted, pairs);
  }
  return true;
}

int main(int count, char **arguments) {
  const char *const ways[] = {"bare", "heap", "guest", "below", "domain"};
  for (size_t i = 0; count == 3 && i < sizeof ways / sizeof *ways; i++) {
    if (strcmp(arguments[1], ways[i]) == 0) return run(ways[i], strtoul(arguments[2], NULL, 10)) ? 0 : 1;
  }
  (void)fprintf(stderr, "usage: %s bare|heap|guest|below|domain PAIRS\n", arguments[0]);
  return 2;
}
