/* Shared by the tests of frames: a mark, reading frames, and the expected figures of one. */
#ifndef TESTS_FRAME_SUPPORT_H
#define TESTS_FRAME_SUPPORT_H

#include "window_support.h"

#include <string.h>

static inline void mark(void) { assert_int_equal(heapster_frame_mark(), HEAPSTER_OK); }

/* Static, because it is large. */
static inline const struct heapster_frames *frames_of(const struct heapster_heap *which) {
  static struct heapster_frames frames;
  memset(&frames, 0x5A, sizeof frames);
  heapster_frames_read(which, &frames);
  return &frames;
}

static inline struct heapster_frame last_of(const struct heapster_heap *which) { return frames_of(which)->last; }

static inline void assert_frame(struct heapster_frame frame, uint64_t allocs, uint64_t growths, uint64_t bytes,
                                uint64_t peak) {
  assert_field(frame, alloc_count, allocs);
  assert_field(frame, realloc_growth_count, growths);
  assert_field(frame, total_alloc_sum, bytes);
  assert_field(frame, use_peak, peak);
}

/* Setup: each test begins a new frame. */
static inline int begin_frame(void **state) {
  (void)state;
  return heapster_frame_mark() ? -1 : 0;
}

#endif
