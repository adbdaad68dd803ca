/* Sums: a heap's counters, added up over the shards of all threads. A reader takes no lock and stops no thread. */
#ifndef HEAPSTER__COUNT_SUMS_H
#define HEAPSTER__COUNT_SUMS_H

#include "count/counters.h"

/* Adds up a heap's counters: those of every thread, or of one thread record only. */
void heapster__sum_heap(struct heapster__totals *sum, unsigned heap);
void heapster__sum_thread(struct heapster__totals *sum, struct heapster__thread *thread, unsigned heap);

/* The change counter of a heap, of every thread or of one: a number that every request, resize, free and failure
   changes. While it is the same, counters that were read since it was first seen are the same. It is a sum of cells
   that only grow. The cell that an operation writes last must be among them, or a reading in the middle of the
   operation would pass for one after it. So an alloc counts its size after its bucket. */
uint64_t heapster__heap_changes(unsigned heap);
uint64_t heapster__thread_changes(struct heapster__thread *thread, unsigned heap);

/* The change counters of every heap from 1 to `last` at once; changes[0] is not touched. */
void heapster__all_changes(uint64_t *changes, unsigned last);

/* The counters that frames show, of every thread. */
struct heapster__requests {
  uint64_t alloc_count;
  uint64_t realloc_growth_count;
  uint64_t total_alloc_sum;
  uint64_t total_dealloc_sum;
};
struct heapster__requests heapster__requests_of(unsigned heap);
struct heapster__requests heapster__requests_of_thread(struct heapster__thread *thread, unsigned heap);

/* Whether no other thread than this one ever counted anything. */
bool heapster__is_alone(const struct heapster__thread *thread);

/* The highest number of bytes that a thread had pending since its last flush, of a heap (0: of the total). */
int64_t heapster__thread_pending_peak(struct heapster__thread *thread, unsigned heap);

/* The highest pending bytes that any thread has of a heap (0: of the total), at least 0. */
int64_t heapster__highest_pending(unsigned heap);

#endif
