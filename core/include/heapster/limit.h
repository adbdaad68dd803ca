/* Limits: what a window may have done at most, the verdict, and its words. */
#ifndef HEAPSTER_LIMIT_H
#define HEAPSTER_LIMIT_H

#include <heapster/base.h>
#include <heapster/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A field and the values it may have, both ends allowed. INT64_MIN and INT64_MAX leave an end open. */
struct heapster_limit {
  const struct heapster_field *field;
  int64_t min;
  int64_t max;
};

/* Bytes from "4096", "64 KiB", "1.5MiB", "10 kB": a number, then a unit or none. B, KiB, MiB, GiB, TiB
   are powers of 1024; kB, MB, GB, TB are powers of 1000; case does not matter, a fraction of a byte is cut.
   HEAPSTER_BAD_SIZE, and `bytes` untouched, for anything else: a sign, an unknown unit, more than 2^63 - 1. */
HEAPSTER_API enum heapster_error heapster_size_parse(const char *text, uint64_t *bytes);

/* `bytes` as people read it: "4 B", "64 KiB", "2.45 KiB": two decimals unless whole. Writes at most
   HEAPSTER_SIZE_TEXT bytes with the final NUL and returns the length without it. */
enum { HEAPSTER_SIZE_TEXT = 16 };
HEAPSTER_API size_t heapster_size_text(uint64_t bytes, char text[HEAPSTER_SIZE_TEXT]);

/* A limit on the field of that name. HEAPSTER_UNKNOWN_FIELD; HEAPSTER_FIELD_NOT_IN_WINDOW for use_curr,
   use_max and live_count; `limit` untouched then, and heapster_limit_explain has the words. */
HEAPSTER_API enum heapster_error heapster_limit_make(const char *name, int64_t min, int64_t max,
                                                     struct heapster_limit *limit);

/* Why heapster_limit_make refused `name`: one line without a newline that names it and what to use instead,
   or lists the fields. */
HEAPSTER_API enum heapster_error heapster_limit_explain(const char *name, struct heapster_sink sink);

/* How many of the limits `stats` breaks. An average of nothing breaks none. With a sink, each broken limit
   is one line: field, found, allowed, by how much, and for a count that has a histogram the buckets that
   hold the surplus; a last line says so when other threads took part. `sink` may be NULL. A sink that
   fails does not change the answer. */
HEAPSTER_API size_t heapster_limit_check(const struct heapster_stats *stats, const struct heapster_limit *limits,
                                         size_t count, const struct heapster_sink *sink);

#ifdef __cplusplus
}
#endif

#endif
