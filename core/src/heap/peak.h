/* Peaks of heaps: use_max, the intervals of a high-water mark, and its observers.

   A high-water mark keeps one peak. Windows, frames and resets each want the peak of a time of their own, so every
   begin and end of one starts a new interval: the old interval's peak goes to use_max and to every observer. */
#ifndef HEAPSTER__HEAP_PEAK_H
#define HEAPSTER__HEAP_PEAK_H

#include "count/sums.h"

/* The highest use of a heap number since the start or the last reset. Its current use is `use`, read in that run: every
   reset begins one, and every heap that gets the number. Nothing is noted if the run is over. */
uint64_t heapster__use_max_run(unsigned number);
uint64_t heapster__use_max(unsigned number, uint64_t run, uint64_t use);

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

/* Follows the peak of one thread's own bytes of a heap number, whatever other threads do. */
struct heapster__thread_observer {
  struct heapster__thread_observer *next; /* on the same number */
  struct heapster__thread *thread;        /* NULL: it observes nothing */
  int64_t start;                          /* the thread's own bytes when it began to observe */
  int64_t peak;                           /* the highest value since, up to the begin of the thread's interval */
};

/* Callers of all these hold the lock. */

/* Begins a new peak interval and returns its start. The old interval's peak goes to every observer and to use_max. */
int64_t heapster__peak_interval_begin(unsigned number);

/* Observes from here on, in a new interval. */
void heapster__observe_peak(struct heapster__peak_observer *observer, unsigned number);

/* Ends that. It begins no interval, so `peak` leaves out the current one. */
void heapster__stop_observing(struct heapster__peak_observer *observer, unsigned number);

/* Observes the calling thread from here on, in a new interval of its own; nothing if it has no record. */
void heapster__observe_thread(struct heapster__thread_observer *observer, unsigned number);

/* Ends that, from any thread, and returns how far the thread's own bytes rose above the start. */
int64_t heapster__thread_observer_end(struct heapster__thread_observer *observer, unsigned number);
static inline int64_t heapster__stop_observing_thread(struct heapster__thread_observer *observer, unsigned number) {
  return observer->thread ? heapster__thread_observer_end(observer, number) : 0;
}

/* A rise as it was found, within what is possible: a use rises by no more than was requested, and by no less than it
   changed. */
static inline uint64_t heapster__limit_rise(int64_t found, uint64_t requested, int64_t change) {
  const int64_t rise = found > change ? found : change;
  if (rise <= 0) return 0;
  return (uint64_t)rise < requested ? (uint64_t)rise : requested;
}

/* What is known of a span in which the use may have risen. */
struct heapster__rise {
  int64_t observed;        /* of the heap, by the high-water mark */
  int64_t of_thread;       /* of one thread alone */
  bool is_thread_observed; /* `of_thread` is known */
  uint64_t requested;      /* bytes that all threads requested, ... */
  int64_t change;          /* ... and how their use changed */
  uint64_t foreign_count;  /* operations of other threads than that one, or a bound of them */
  uint64_t foreign_bytes;  /* bytes that those requested, or that they freed: the larger sum; UINT64_MAX if not known */
};

/* How far the use rose above its start, and by how much that may be off: see use_peak_error in heapster/stats.h. */
struct heapster__peak {
  uint64_t rise;
  uint64_t error;
};
struct heapster__peak heapster__peak_of(const struct heapster__rise *rise, unsigned number);

#endif
