/* Shared by the tests of windows and frames: a block that comes and goes, begin and end that must succeed, the scopes
   of this build. */
#ifndef TESTS_WINDOW_SUPPORT_H
#define TESTS_WINDOW_SUPPORT_H

#include "cmocka_test.h"

#include <heapster/heapster.h>

static inline void turn_over(struct heapster_heap *which, size_t size) {
  heapster_heap_free(which, heapster_heap_malloc(which, size));
}

static inline struct heapster_window begin(const struct heapster_heap *which, enum heapster_scope scope) {
  struct heapster_window window = {0, 0};
  assert_int_equal(heapster_window_begin(which, scope, &window), HEAPSTER_OK);
  assert_int_not_equal(window.generation, 0);
  return window;
}

static inline struct heapster_stats end(struct heapster_window window) {
  struct heapster_stats stats;
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  return stats;
}

static const enum heapster_scope SCOPES[] = {
    HEAPSTER_PROCESS,
#ifndef HEAPSTER_SHARED_COUNTERS
    HEAPSTER_THREAD,
#endif
};
enum { SCOPE_COUNT = sizeof SCOPES / sizeof SCOPES[0] };

#endif
