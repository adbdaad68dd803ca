/* The system's allocator, as hooks and named heaps see it. */
#include "heap/system.h"

#include <stdlib.h>

static void *system_malloc(void *context, size_t size) {
  (void)context;
  return malloc(size);
}

static void *system_calloc(void *context, size_t count, size_t size) {
  (void)context;
  return calloc(count, size);
}

static void *system_realloc(void *context, void *block, size_t size) {
  (void)context;
  return realloc(block, size);
}

static void system_free(void *context, void *block) {
  (void)context;
  free(block);
}

/* posix_memalign, because aligned_alloc may insist on a size that is a multiple of the alignment. */
static void *system_aligned_alloc(void *context, size_t alignment, size_t size) {
  (void)context;
  void *block = NULL;
  return posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size) ? NULL : block;
}

#define PUBLIC_FUNCTIONS \
  { system_malloc, system_calloc, system_realloc, system_free, system_aligned_alloc, NULL }

struct heapster__system heapster__system = {PUBLIC_FUNCTIONS, false};

const struct heapster_allocator *heapster_allocator_system(void) { return &heapster__system.functions; }

void heapster__system_replace(const struct heapster_allocator *next, bool reenters) {
  if (next != &heapster__system.functions) heapster__system.functions = *next;
  heapster__system.reenters = reenters;
}

void heapster__system_restore(void) { heapster__system_replace(&(struct heapster_allocator)PUBLIC_FUNCTIONS, false); }
