/* Limits on the figures of a window, their check, and its text. */
#ifndef HEAPSTER_LIMIT_H
#define HEAPSTER_LIMIT_H

#include <heapster/base.h>
#include <heapster/size.h>
#include <heapster/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A field and its allowed values, min and max included. INT64_MIN and INT64_MAX leave an end open. */
struct heapster_limit {
  const struct heapster_field *field;
  int64_t min;
  int64_t max;
};

/* A limit on the field of that name, into `limit`, which has `size` bytes. HEAPSTER_UNKNOWN_FIELD;
   HEAPSTER_FIELD_NOT_IN_WINDOW for use_curr, use_max and live_count; HEAPSTER_BAD_LIMIT if min is above max. `limit` is
   untouched on failure, and heapster_limit_explain has the words for the first two. */
HEAPSTER_API enum heapster_error heapster_limit_make_sized(const char *name, int64_t min, int64_t max,
                                                           struct heapster_limit *limit, size_t size) HEAPSTER_NOEXCEPT;

/* Why heapster_limit_make refused `name`: one line without a newline that names it and the field to use instead, or
   lists the fields. */
HEAPSTER_API enum heapster_error heapster_limit_explain(const char *name, struct heapster_sink sink);

/* How many of the limits `stats` breaks. `limits` has `count` entries of `stride` bytes; one without a field is not
   broken. An average of nothing breaks no limit, nor does a use_peak that is off by no more than use_peak_error. With a
   sink, each broken limit is one line: field, found, allowed, by how much, and for a count that has a histogram the
   buckets that hold the surplus. So is each that is not judged because of use_peak_error, broken limits or none. A last
   line says so if other threads took part. `sink` may be NULL. A sink that fails does not change the result. */
HEAPSTER_API size_t heapster_limit_check_sized(const struct heapster_stats *stats, const struct heapster_limit *limits,
                                               size_t stride, size_t count, const struct heapster_sink *sink);

/* The same for the struct as this header has it. The library also exports functions of these names, for programs built
   with the first version and for other languages: their struct heapster_limit ends with max. */
#if defined(HEAPSTER_EXPORTS) || defined(SWIG)
HEAPSTER_API enum heapster_error heapster_limit_make(const char *name, int64_t min, int64_t max,
                                                     struct heapster_limit *limit) HEAPSTER_NOEXCEPT;
HEAPSTER_API size_t heapster_limit_check(const struct heapster_stats *stats, const struct heapster_limit *limits,
                                         size_t count, const struct heapster_sink *sink);
#else
static inline enum heapster_error heapster_limit_make(const char *name, int64_t min, int64_t max,
                                                      struct heapster_limit *limit) HEAPSTER_NOEXCEPT {
  return heapster_limit_make_sized(name, min, max, limit, sizeof *limit);
}
static inline size_t heapster_limit_check(const struct heapster_stats *stats, const struct heapster_limit *limits,
                                          size_t count, const struct heapster_sink *sink) {
  return heapster_limit_check_sized(stats, limits, sizeof *limits, count, sink);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
