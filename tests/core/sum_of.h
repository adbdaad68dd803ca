/* A heap's counters, added up over all threads. */
#ifndef TESTS_SUM_OF_H
#define TESTS_SUM_OF_H

#include "count/sums.h"

static inline struct heapster__tally sum_of(unsigned number) {
  struct heapster__tally tally = {0};
  heapster__sum_heap(&tally, number);
  return tally;
}

#endif
