/* Peaks of heaps: use_max, the intervals of a high-water mark, and its observers.

   A high-water mark keeps one peak. Windows, frames and resets each want the peak of a time of their own, so every
   begin and end of one starts a new interval: the old interval's peak goes to use_max and to every observer. */
#ifndef HEAPSTER__HEAP_PEAK_H
#define HEAPSTER__HEAP_PEAK_H

#include "count/sums.h"

/* The highest use of a heap number since the start or the last reset; its current use is `use`. */
uint64_t heapster__use_max(unsigned number, uint64_t use);

/* The same up to the begin of the current peak interval. Reads no thread's pending bytes. */
uint64_t heapster__use_max_so_far(unsigned number);

/* use_max of the number starts again, from `use`. Callers hold the lock. */
void heapster__use_max_restart(unsigned number, int64_t use);

/* Follows the peak of a heap number (0: of the total) across peak intervals. The memory is the caller's and stays valid
   while it observes. */
struct heapster__peak_observer {
  struct heapster__peak_observer *next; /* on the same number */
  int64_t start;                        /* the mark's `current` when it began to observe */
  int64_t peak;                         /* the highest peak since, up to the begin of the current interval */
};

/* Callers of the next three hold the lock. */

/* Begins a new peak interval and returns its start. The old interval's peak goes to every observer and to use_max. */
int64_t heapster__peak_interval_begin(unsigned number);

/* Observes from here on, in a new interval. */
void heapster__observe_peak(struct heapster__peak_observer *observer, unsigned number);

/* Ends that. It begins no interval, so `peak` leaves out the current one. */
void heapster__stop_observing(struct heapster__peak_observer *observer, unsigned number);

/* How far the use rose above its start, where `requested` bytes were requested since and the use changed by `change`.
   Needs no lock. A thread may flush only now what it allocated before the start, but no use rises by more than was
   requested, so that is the limit. */
uint64_t heapster__observed_rise(const struct heapster__peak_observer *observer, uint64_t requested, int64_t change);

#endif
