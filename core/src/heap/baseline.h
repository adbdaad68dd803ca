/* Baselines: the totals of a heap number that figures count from. Raw counters only grow, so a heap that has the number
   after another counts from its birth, and every heap from the last reset.

   The figures of a number are divided between its heap and `ended`, and add up to what the total shows of it:

     the heap      raw - the later one of birth and reset        if it has not ended
     `ended`       birth - reset, if the reset was earlier       if the heap has not ended
                   raw - reset                                   if it has
     the total     raw - reset

   A reader takes no lock. A baseline that was published is never written to: a change writes the other one and
   publishes it. A reader that two changes overtake sees that their count changed, and reads again. */
#ifndef HEAPSTER__HEAP_BASELINE_H
#define HEAPSTER__HEAP_BASELINE_H

#include "value/stats.h"

/* A baseline as read; `birth` and `reset` point at zeros, or into `room`. */
struct heapster__baseline {
  const struct heapster__totals *birth;
  const struct heapster__totals *reset;
  bool is_reset_later; /* than the birth */
  bool has_ended;
  bool has_birth; /* the number had another heap before */
  bool is_first;  /* nothing was published: the heap's `is_open` says whether it counts */
  struct heapster__totals room[2];
};

/* Reads the baseline. Read the counters afterwards: then none is below its baseline. */
void heapster__baseline_read(unsigned number, struct heapster__baseline *baseline);

/* What the figures of the number's heap count from. */
static inline const struct heapster__totals *heapster__baseline_of_heap(const struct heapster__baseline *baseline) {
  return baseline->is_reset_later ? baseline->reset : baseline->birth;
}

/* Callers of these hold the lock. */

/* Figures count from `raw` on. */
void heapster__baseline_reset(unsigned number, const struct heapster__totals *raw);

/* The heap ended: from here on `ended` shows its figures. */
void heapster__baseline_end(unsigned number);

/* Another heap begins, from `raw` on. */
void heapster__baseline_begin(unsigned number, const struct heapster__totals *raw);

#endif
