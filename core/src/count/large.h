/* Large requests, which a watch may want to hear of.

   A thread's budget is at most HEAPSTER__PENDING_SPAN bytes, so a request that adds more makes a flush due. Only there,
   beside the fast path, is the size compared with the threshold. */
#ifndef HEAPSTER__COUNT_LARGE_H
#define HEAPSTER__COUNT_LARGE_H

#include "count/counters.h"

/* A request that added `size` bytes, of a block that has `whole` bytes now. */
struct heapster__large {
  unsigned heap;
  uint64_t size;
  uint64_t whole;
  const void *caller; /* NULL: see heapster__note_large */
};

/* The threshold; UINT64_MAX: nothing is watched. */
extern HEAPSTER__HIDDEN _Atomic uint64_t heapster__large_above;

/* Gets each request above it, on its thread, after it was recorded. Set before a threshold is. */
extern HEAPSTER__HIDDEN void (*_Atomic heapster__large_watcher)(const struct heapster__large *large);

/* Called in the child of a fork, unless it is NULL. */
extern HEAPSTER__HIDDEN void (*_Atomic heapster__large_after_fork)(void);

HEAPSTER__INLINE bool heapster__is_large(uint64_t size) {
  return heapster__unlikely(size > heapster__load_relaxed(&heapster__large_above));
}

void heapster__meet_large(struct heapster__large large);

/* For a slow path that knows its caller, before it records a request: if the block is a large one, that is its caller.
 */
void heapster__note_large(uint64_t whole, const void *caller);

void *heapster__flush_large(unsigned heap, void *block, uint64_t size, const void *caller);

/* heapster__flush_here for a request of that heap. Returns `block`. */
HEAPSTER__INLINE void *heapster__flush_grown(unsigned heap, void *block, uint64_t size, const void *caller) {
  return heapster__is_large(size) ? heapster__flush_large(heap, block, size, caller) : heapster__flush_here(block);
}

#endif
