/* Power-of-two buckets: the core's own functions. */
#ifndef HEAPSTER__VALUE_HISTOGRAM_H
#define HEAPSTER__VALUE_HISTOGRAM_H

#include <heapster/histogram.h>

#include "base/platform.h"
#include "value/writer.h"

/* heapster_histogram_bucket, for the hot path: one instruction where the compiler knows that the size is above 1. */
HEAPSTER__INLINE size_t heapster__bucket(uint64_t size) {
  const bool is_known = __builtin_constant_p(size > 1) && size > 1;
  return 63 - (size_t)__builtin_clzll(is_known ? size : size | 1);
}

/* The difference of two counters, at least 0. */
static inline uint64_t heapster__beyond(uint64_t after, uint64_t before) { return after > before ? after - before : 0; }

/* sum += histogram. `sum` and `histogram` may be the same. */
void heapster__histogram_add(struct heapster_histogram *sum, const struct heapster_histogram *histogram);

/* after - before, bucket by bucket, at least 0. `diff` may be either of them. */
void heapster__histogram_diff(struct heapster_histogram *diff, const struct heapster_histogram *after,
                              const struct heapster_histogram *before);

/* "[64 B .. 128 B)", each bound right-aligned in `width` columns. Bucket 63 ends at "inf". */
void heapster__write_bucket(struct heapster__writer *writer, unsigned bucket, size_t width);

/* heapster_histogram_text, continuing a writer's text. */
void heapster__write_histogram(struct heapster__writer *writer, const struct heapster_histogram *histogram);

#endif
