/* The system's allocator, as hooks and named heaps see it. */
#ifndef HEAPSTER__HEAP_SYSTEM_H
#define HEAPSTER__HEAP_SYSTEM_H

#include <heapster/allocator.h>

#include "base/platform.h"

struct heapster__system {
  struct heapster_allocator functions;
  bool comes_back; /* they call the public malloc inside (musl's calloc does) */
};
extern HEAPSTER__HIDDEN struct heapster__system heapster__system;

/* The malloc hook hands the allocator below it over, before it counts: what named heaps ask for then goes past
   the hook. `comes_back` says that it calls the public malloc inside (musl's calloc does). */
void heapster__system_replace(const struct heapster_allocator *below, bool comes_back);

/* Takes that back. */
void heapster__system_restore(void);

#endif
