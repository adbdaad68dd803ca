/* Shared by the tests of counters and shards: a heap number without a heap, and its figures. */
#ifndef TESTS_COUNTERS_SUPPORT_H
#define TESTS_COUNTERS_SUPPORT_H

#include "sum_of.h"
#include "under_lock.h"

static unsigned heap; /* a new number for each test */

static inline int open_heap(void **state) {
  (void)state;
  return open_counters(++heap) ? 0 : -1;
}

static inline struct heapster__totals sum(void) { return sum_of(heap); }

static inline void resize(uint64_t from, uint64_t to, bool is_moved) {
  heapster__count_resize(heap, (struct heapster__resize){from, to, is_moved});
}

#endif
