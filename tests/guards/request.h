/* The allocator that the patterns in requests.c use: two named heaps, or malloc, which takes both heaps for one. */
#ifndef GUARDS_REQUEST_H
#define GUARDS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

enum { FIRST, SECOND, HEAPS };

#ifdef GUARDS_NAMED_HEAPS
#include <heapster/heap.h>

static struct heapster_heap *heaps[HEAPS];

static inline bool create_heaps(void) {
  return heapster_heap_create("first", NULL, &heaps[FIRST]) == HEAPSTER_OK &&
         heapster_heap_create("second", NULL, &heaps[SECOND]) == HEAPSTER_OK;
}

static inline void *allocate(int heap, size_t size) { return heapster_heap_malloc(heaps[heap], size); }
static inline void *allocate_zeroed(int heap, size_t size) { return heapster_heap_calloc(heaps[heap], 1, size); }
static inline void *allocate_aligned(int heap, size_t alignment, size_t size) {
  return heapster_heap_aligned_alloc(heaps[heap], alignment, size);
}
static inline void *resize(int heap, void *block, size_t size) {
  return heapster_heap_realloc(heaps[heap], block, size);
}
static inline void release(int heap, void *block) { heapster_heap_free(heaps[heap], block); }
#else
static inline bool create_heaps(void) { return true; }

static inline void *allocate(int heap, size_t size) {
  (void)heap;
  return malloc(size);
}
static inline void *allocate_zeroed(int heap, size_t size) {
  (void)heap;
  return calloc(1, size);
}
static inline void *allocate_aligned(int heap, size_t alignment, size_t size) {
  (void)heap;
  return aligned_alloc(alignment, size);
}
static inline void *resize(int heap, void *block, size_t size) {
  (void)heap;
  return realloc(block, size);
}
static inline void release(int heap, void *block) {
  (void)heap;
  free(block);
}
#endif

#endif
