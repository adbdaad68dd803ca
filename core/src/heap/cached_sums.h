/* Readings: raw counters that are read again only where something happened. */
#ifndef HEAPSTER__HEAP_CACHED_SUMS_H
#define HEAPSTER__HEAP_CACHED_SUMS_H

#include "heap/snapshot.h"

/* Of a heap number (0: of the total), of every thread for NULL or of one slot: changes with everything that happens
   there; see heapster__heap_changes. */
uint64_t heapster__changes(struct heapster__thread *thread, unsigned number);

/* Counters, and the activity from just before they were read: while that is the same, they are too. Each is of one
   number and one slot; zeroed, it is not made. */
struct heapster__cached_sums {
  bool is_filled;
  uint64_t changes;
  struct heapster__totals totals;
};

/* Reads, the activity being known. */
void heapster__cached_sums_fill(struct heapster__cached_sums *reading, uint64_t changes,
                                struct heapster__thread *thread, unsigned number);

/* Reads unless it is made and nothing happened since. */
void heapster__cached_sums_refresh(struct heapster__cached_sums *reading, struct heapster__thread *thread,
                                   unsigned number);

#endif
