/* Peaks of heaps: use_max, the intervals of a high-water mark, and its observers.

   A high-water mark keeps one peak. Windows, frames and resets each want the peak of a time of their own, so every
   begin and end of one starts a new interval: the old interval's peak goes to use_max and to every observer. */
#ifndef HEAPSTER__HEAP_PEAK_H
#define HEAPSTER__HEAP_PEAK_H

#include "count/sums.h"

/* The highest use of a heap number since start or reset, when `use` is what it uses now. */
uint64_t heapster__use_max(unsigned number, uint64_t use);

/* The same without looking at the threads: all that was flushed up to the begin of the current peak interval. */
uint64_t heapster__use_max_so_far(unsigned number);

/* use_max of the number starts again, from `use`. Callers hold the lock. */
void heapster__use_max_restart(unsigned number, int64_t use);

/* The highest record of a heap number (0: of the total) from a begin on, whoever begins new epochs meanwhile. In memory
   of the caller, which stays while it is watched. */
struct heapster__peak_observer {
  struct heapster__peak_observer *next; /* on the same number */
  int64_t start;                        /* use at the begin, as the record counts it */
  int64_t peak;                         /* highest record so far, as of the last epoch's begin */
};

/* Callers of all these hold the lock. */

/* Begins a new epoch; answers where it starts. What the old one held goes to every watch and to use_max. */
int64_t heapster__peak_interval_begin(unsigned number);

/* Watches from here on. */
void heapster__observe_peak(struct heapster__peak_observer *watch, unsigned number);

/* Watches no more; `peak` is that of the last epoch's begin. */
void heapster__stop_observing(struct heapster__peak_observer *watch, unsigned number);

/* How far the use rose above its start, in a stretch in which `asked` bytes were asked for and the use changed by
   `change`. Needs no lock. A thread may tell only now what it did before: but no use rises by more than was asked for.
 */
uint64_t heapster__observed_rise(const struct heapster__peak_observer *watch, uint64_t asked, int64_t change);

#endif
