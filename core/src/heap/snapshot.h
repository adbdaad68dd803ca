/* Snapshots: the counters read at one moment, against the baseline of the last reset. */
#ifndef HEAPSTER__HEAP_SNAPSHOT_H
#define HEAPSTER__HEAP_SNAPSHOT_H

#include "count/sums.h"
#include "heap/heap.h"

/* What is to be done before figures are read and before a window begins, on the thread that asks: a look. A frame mark
   comes too often for that: it takes a glance, which may leave to a later one what is slow. Hold no lock. */
void heapster__on_rescan(void (*look)(void), void (*glance)(void));
void heapster__rescan(void);
void heapster__rescan_throttled(void);

/* Adds up the raw counters of a heap number (0: of all heaps): every thread's, or one slot's. */
void heapster__sum(struct heapster__totals *sum, unsigned number);
void heapster__sum_of_thread(struct heapster__totals *sum, struct heapster__thread *thread, unsigned number);

#endif
