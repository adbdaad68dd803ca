/* Cached sums: raw counters that are read again only where something happened since. An empty window over the total of
   8 heaps takes 3,053 instructions, and would take 5,536 without; over one heap 1,358, and 1,763. */
#ifndef HEAPSTER__HEAP_CACHED_SUMS_H
#define HEAPSTER__HEAP_CACHED_SUMS_H

#include "heap/snapshot.h"

/* The change counter of a heap, or of all heaps together for number 0: of every thread, or of `thread` if it is not
   NULL. See heapster__heap_changes. */
uint64_t heapster__changes(struct heapster__thread *thread, unsigned number);

/* Counters, and their change counter from just before they were read: while that stays the same, so do they. All uses
   of one variable name the same heap and the same thread. Zeroed, it holds nothing yet. */
struct heapster__cached_sums {
  bool is_filled;
  uint64_t changes;
  struct heapster__totals totals;
};

/* Reads the counters; the caller has just read their change counter. */
void heapster__cached_sums_fill(struct heapster__cached_sums *sums, uint64_t changes, struct heapster__thread *thread,
                                unsigned number);

/* Reads the counters unless they are cached and nothing happened since. */
void heapster__cached_sums_refresh(struct heapster__cached_sums *sums, struct heapster__thread *thread,
                                   unsigned number);

#endif
