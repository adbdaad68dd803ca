/* A lock-free allocator that only ever hands out new memory: safe in signal handlers, unlike any real one.
   Defines the program's own malloc family, so that it is also what heaps over the system's allocator get. */
#ifndef TESTS_BUMP_H
#define TESTS_BUMP_H

#include <heapster/allocator.h>

/* The same functions as a backing of the host's own. */
struct heapster_allocator bump_allocator(void);

#endif
