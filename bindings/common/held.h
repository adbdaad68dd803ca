/* A heap that a script holds. Its host may end it meanwhile, and another heap have its place. */
#ifndef HEAPSTER__HELD_H
#define HEAPSTER__HELD_H

#include <heapster/heap.h>

struct heapster__held_heap {
  const struct heapster_heap *heap;
  uint64_t serial; /* the heap's, which no other has */
  char name[HEAPSTER_HEAP_NAME];
};

struct heapster__held_heap heapster__hold_heap(const struct heapster_heap *heap);

/* The heap, or NULL if it has ended. */
const struct heapster_heap *heapster__held_heap(const struct heapster__held_heap *held);

/* Whether two hold the same heap. */
bool heapster__holds_same(const struct heapster__held_heap *one, const struct heapster__held_heap *other);

#endif
