/* Counts by power-of-two size: a plain value. */
#ifndef HEAPSTER_HISTOGRAM_H
#define HEAPSTER_HISTOGRAM_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HEAPSTER_BUCKETS = 64 };

/* Bucket k counts sizes in [2^k, 2^(k+1)); sizes 0 and 1 are in bucket 0. */
struct heapster_histogram {
  uint64_t buckets[HEAPSTER_BUCKETS];
};

/* The bucket that counts `size`: 0 .. 63. */
HEAPSTER_API unsigned heapster_histogram_bucket(uint64_t size) HEAPSTER_NOEXCEPT;

/* The sum of all buckets; 0 for NULL. */
HEAPSTER_API uint64_t heapster_histogram_total(const struct heapster_histogram *histogram) HEAPSTER_NOEXCEPT;

/* Whether every bucket is 0. */
HEAPSTER_API bool heapster_histogram_is_empty(const struct heapster_histogram *histogram) HEAPSTER_NOEXCEPT;

/* The size in bytes below which a share `q` of the counted sizes lies. Sizes are taken as evenly spread inside their
   bucket (linear interpolation; bucket 0 spans [0, 2)). `q` is 0 .. 1. False, and `size` untouched, if the histogram is
   empty or `q` is outside 0 .. 1 or not a number. */
HEAPSTER_API bool heapster_histogram_quantile(const struct heapster_histogram *histogram, double q,
                                              double *size) HEAPSTER_NOEXCEPT;

/* Text, one line per bucket from the first to the last that is not 0, each ended by a newline:
   "[     64 B ..     128 B):    1,926,643  ████". An empty histogram writes nothing. */
HEAPSTER_API enum heapster_error heapster_histogram_text(const struct heapster_histogram *histogram,
                                                         struct heapster_sink sink);

#ifdef __cplusplus
}
#endif

#endif
