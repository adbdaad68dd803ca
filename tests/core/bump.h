/* A lock-free allocator that hands out new memory only: safe in signal handlers, unlike any real one. It defines the
   program's malloc family, so heaps over the system's allocator use it too. */
#ifndef TESTS_BUMP_H
#define TESTS_BUMP_H

#include <heapster/allocator.h>

/* The same functions as a backing of the host's own. */
struct heapster_allocator bump_allocator(void);

#endif
