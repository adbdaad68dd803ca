/* Snapshots: the counters read at one moment, against the baseline of the last reset. */
#ifndef HEAPSTER__HEAP_SNAPSHOT_H
#define HEAPSTER__HEAP_SNAPSHOT_H

#include "count/sums.h"
#include "heap/heap.h"

/* A hook that patches loaded libraries has to find new ones. `rescan` is called, on the reading thread, before figures
   are read and before a window begins. Frame marks are too frequent for that: they call `throttled`, which may leave
   slow work to a later call. Call both without the lock. */
void heapster__on_rescan(void (*rescan)(void), void (*throttled)(void));
void heapster__rescan(void);
void heapster__rescan_throttled(void);

/* heapster_stats_read_all_sized without a rescan: makes no system call. Also copies the heaps' names, unless `names` is
   NULL: the heap of an entry may have ended by the time that its name is asked for. */
size_t heapster__read_all(struct heapster_stats *total, size_t total_size, struct heapster_heap_stats *heaps,
                          size_t stride, size_t capacity, char (*names)[HEAPSTER_HEAP_NAME]);

/* Adds up the raw counters of a heap number (0: of all heaps): of every thread, or of `thread` if it is not NULL. */
void heapster__sum(struct heapster__totals *sum, struct heapster__thread *thread, unsigned number);

#endif
