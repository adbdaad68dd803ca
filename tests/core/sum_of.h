/* A heap's counters, summed over all threads. */
#ifndef TESTS_SUM_OF_H
#define TESTS_SUM_OF_H

#include "count/sums.h"

static inline struct heapster__totals sum_of(unsigned number) {
  struct heapster__totals totals = {0};
  heapster__sum_heap(&totals, number);
  return totals;
}

#endif
