/* The counters as plain values, each named once: cells and sums are made from the lists here. What a caller
   sees, derived figures included, is the list in field.h. */
#ifndef HEAPSTER__VALUE_STATS_H
#define HEAPSTER__VALUE_STATS_H

#include <heapster/stats.h>

#include "value/lua_kinds.h"

/* Histograms of a shard. The counts of allocs, growths and shrinks are their totals and have no cell. */
#define HEAPSTER__HISTOGRAMS(X) \
  X(alloc_histogram)            \
  X(realloc_growth_histogram)   \
  X(realloc_shrink_histogram)

/* The other counters of a shard, one cell each. */
#define HEAPSTER__CELLS(X)         \
  X(alloc_sum)                     \
  X(dealloc_count)                 \
  X(dealloc_sum)                   \
  X(realloc_growth_sum)            \
  X(realloc_growth_in_place_count) \
  X(realloc_shrink_sum)            \
  X(realloc_shrink_in_place_count) \
  X(realloc_same_count)            \
  X(realloc_move_count)            \
  X(realloc_move_sum)              \
  X(alloc_fail_count)              \
  X(realloc_fail_count)            \
  X(unseen_alloc_count)            \
  X(unseen_free_count)

/* What shards sum up to: raw counters since the process began. Most programs stay below HEAPSTER__COMMON_BUCKETS, and
   reading only those is what makes a reading cheap: the buckets above are 0 unless `is_large`. */
enum { HEAPSTER__COMMON_BUCKETS = 18 }; /* sizes below 256 KiB */
struct heapster__totals {
#define X(name) uint64_t name;
  HEAPSTER__CELLS(X)
#undef X
#define X(name) struct heapster_histogram name;
  HEAPSTER__HISTOGRAMS(X)
#undef X
  struct heapster__kind_totals kinds;
  bool is_large;
  bool has_kinds; /* a heap of Lua states is among those summed */
};
#define X(name) +1
enum { HEAPSTER__CELL_COUNT = HEAPSTER__CELLS(X) };
#undef X

/* The buckets of a tally that may be other than 0. */
static inline unsigned heapster__totals_buckets(const struct heapster__totals *totals) {
  return totals->is_large ? HEAPSTER_BUCKETS : HEAPSTER__COMMON_BUCKETS;
}

/* All 0 again. Writes what may be other than 0 only. */
void heapster__totals_clear(struct heapster__totals *totals);

/* The counters of `raw` less those of `since`, which was read before and so has none that is larger. live_count and
   use_curr are absolute, from `raw`; live_change and use_change are from `since` to `raw`. kind is SNAPSHOT and scope
   PROCESS; use_max, use_peak and foreign_count are 0: they are not in a tally. Cheap where `raw` is `since`. */
void heapster__stats_fill(struct heapster_stats *stats, const struct heapster__totals *raw,
                          const struct heapster__totals *since);

/* sum += tally. */
void heapster__totals_add(struct heapster__totals *sum, const struct heapster__totals *totals);

/* Blocks and bytes alive, cut at 0 (a tally read while threads run may have seen a free but not its alloc). */
uint64_t heapster__totals_live(const struct heapster__totals *raw);
uint64_t heapster__totals_use(const struct heapster__totals *raw);

/* Requests, resizes and frees, refused ones included. */
uint64_t heapster__totals_operations(const struct heapster__totals *raw);

#endif
