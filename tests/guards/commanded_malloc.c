/* A malloc to preload: the commanded allocator of tests/core without an order. A block that fits its slot stays there,
   one that outgrows it moves, and a freed slot is the next one handed out; so a resize costs the same on any system. */
#include <errno.h>

#include "commanded.h"

#define PUBLIC __attribute__((visibility("default")))

static struct commanded commanded;

/* Opened by the first call, which the loader makes while there is one thread. */
static struct heapster_allocator allocator(void) {
  static bool is_open;
  if (!is_open) is_open = commanded_open(&commanded);
  return commanded_allocator(&commanded, COMMANDED_WHOLE);
}

PUBLIC void *malloc(size_t size) { return allocator().malloc(&commanded, size); }
PUBLIC void *calloc(size_t count, size_t size) { return allocator().calloc(&commanded, count, size); }
PUBLIC void *realloc(void *block, size_t size) { return allocator().realloc(&commanded, block, size); }
PUBLIC void free(void *block) { allocator().free(&commanded, block); }

PUBLIC void *aligned_alloc(size_t alignment, size_t size) {
  return allocator().aligned_alloc(&commanded, alignment, size);
}

PUBLIC int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = aligned_alloc(alignment, size);
  return *block ? 0 : ENOMEM;
}

PUBLIC void *memalign(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }
PUBLIC size_t malloc_usable_size(void *block) { return block ? commanded_size(&commanded, block) : 0; }
