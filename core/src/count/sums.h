/* Sums: a heap's counters, added up over the shards of all threads. Whoever reads takes no lock and stops nobody. */
#ifndef HEAPSTER__SUMS_H
#define HEAPSTER__SUMS_H

#include "count/counters.h"

/* Adds up a heap's counters: of every thread, or of one slot only. */
void heapster__sum_heap(struct heapster__tally *sum, unsigned heap);
void heapster__sum_slot(struct heapster__tally *sum, struct heapster__slot *slot, unsigned heap);

/* A number that every request, resize, free and failure of a heap changes, of every thread or of one slot: while it is
   the same, counters read since it was first found are too. It is a sum of cells that only grow; what an act writes
   last must be among them, or a reading from within the act would be taken for one from after it. So an alloc books its
   size after its bucket. */
uint64_t heapster__activity_heap(unsigned heap);
uint64_t heapster__activity_slot(struct heapster__slot *slot, unsigned heap);

/* The activity of every heap from 1 to `last` at once; activities[0] is not touched. */
void heapster__activities(uint64_t *activities, unsigned last);

/* What frames tell: a few of a heap's counters, of every thread. */
struct heapster__requests {
  uint64_t alloc_count;
  uint64_t realloc_growth_count;
  uint64_t total_alloc_sum;
  uint64_t total_dealloc_sum;
};
struct heapster__requests heapster__requests_of(unsigned heap);

/* Whether no other thread than that of `slot` ever counted anything. */
bool heapster__is_alone(const struct heapster__slot *slot);

/* The largest of what the threads have not told of a heap (0: of the total): the highest value, at least 0. */
int64_t heapster__highest_untold(unsigned heap);

#endif
