/* The system's allocator, as hooks and named heaps see it. */
#ifndef HEAPSTER__HEAP_SYSTEM_H
#define HEAPSTER__HEAP_SYSTEM_H

#include <heapster/allocator.h>

#include "base/platform.h"

struct heapster__system {
  struct heapster_allocator functions;
  bool reenters; /* they call the public malloc inside, as musl's calloc does */
};
extern HEAPSTER__HIDDEN struct heapster__system heapster__system;

/* The malloc hook hands over the next allocator before it counts, so that requests of named heaps bypass the hook.
   `reenters` says that the next allocator calls the public malloc inside. */
void heapster__system_replace(const struct heapster_allocator *next, bool reenters);

/* Goes back to the public functions. */
void heapster__system_restore(void);

#endif
