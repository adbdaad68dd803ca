/* Retiring a heap: its number is free for the next heap, and nothing that threads have pending reaches that one.

   Counters are never set back: the next heap counts from a baseline. Pending bytes are written to by their own thread
   only, so the shards of the heap become outdated: each is armed, and its thread drops what is pending there before it
   counts for the next heap. Until then readers pass it over.

   A heap is retired at rest only. Other threads may be freeing its last blocks, or ending, just now; so all shards are
   armed first, and then

     the blocks freed are the blocks allocated, and so are their bytes        no free is before its counters
     the high-water mark and the pending bytes of all threads add up to 0     none is before its pending bytes,
                                                                              none in the middle of a flush
     no thread has more pending than may stay so                              none is before a flush

   Where one of these fails the shards are as before, and a later call may succeed. */
#ifndef HEAPSTER__COUNT_RETIRE_H
#define HEAPSTER__COUNT_RETIRE_H

#include <stdbool.h>

/* Whether the heap was at rest, and its counters are ready for the next one. Nobody may ask it for new blocks
   meanwhile. Callers hold the lock. */
bool heapster__counters_retire(unsigned heap);

#endif
