/* Ends of heaps. heapster_heap_end closes a heap; its number is retired, for the next heap, once nothing refers to it:
   no block of it is alive, no window is open over it, no thread is just freeing. That is tried at once, and whenever a
   heap is created and no number is retired. Until then the heap is neither listed nor found. What it counts is shown by
   `ended`, as is what every heap counted that ended before. */
#ifndef HEAPSTER__HEAP_ENDING_H
#define HEAPSTER__HEAP_ENDING_H

#include "heap/heap.h"

/* Callers of these hold the lock. */

/* The lowest retired number; 0: there is none, and no heap that was ended can be retired now. */
unsigned heapster__find_retired_heap(void);

/* Takes an empty map that a retired heap left, that of the number if it left one; NULL: there is none. */
struct heapster__map *heapster__take_spare_map(unsigned number);

/* Whether no window of it may begin: it has ended, or is `ended`. */
bool heapster__is_heap_ended(const struct heapster_heap *heap);

/* The highest use that a heap had which has ended since the last reset. */
uint64_t heapster__ended_use_max(void);

/* A reset: that starts again. */
void heapster__ended_use_max_restart(void);

#endif
