/* The backing of a named heap: where its blocks come from. */
#ifndef HEAPSTER_ALLOCATOR_H
#define HEAPSTER_ALLOCATOR_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Functions with the contracts of C11's functions of the same names, each with the context in front. `malloc` and
   `free` must be there. `calloc`, `realloc` and `aligned_alloc` may be NULL: heapster then builds calloc and realloc
   from malloc and free, and refuses requests aligned to more than 16. heapster never requests less than 16 bytes, and
   never resizes to 0. The functions must be callable from every thread that uses the heap. */
struct heapster_allocator {
  void *(*malloc)(void *context, size_t size);
  void *(*calloc)(void *context, size_t count, size_t size);
  void *(*realloc)(void *context, void *block, size_t size);
  void (*free)(void *context, void *block);
  void *(*aligned_alloc)(void *context, size_t alignment, size_t size);
  void *context;
};

/* The system's allocator: below the malloc hook while that is on, so that nothing is counted twice. */
HEAPSTER_API const struct heapster_allocator *heapster_allocator_system(void) HEAPSTER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
