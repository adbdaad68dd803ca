/* Calls of functions whose callers hold the lock, for tests that do not hold it. */
#ifndef TESTS_UNDER_LOCK_H
#define TESTS_UNDER_LOCK_H

#include "base/lock.h"
#include "count/counters.h"

static inline bool open_counters(unsigned heap) {
  heapster__lock();
  const bool is_open = heapster__counters_open(heap);
  heapster__unlock();
  return is_open;
}

static inline struct heapster__peak_interval begin_interval(struct heapster__high_water *mark) {
  heapster__lock();
  const struct heapster__peak_interval interval = heapster__high_water_begin_interval(mark);
  heapster__unlock();
  return interval;
}

#endif
