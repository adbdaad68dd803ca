/* The counters as plain values, each named once: the lists here make the cells of a shard and their totals. field.h
   lists what a caller sees, derived figures included. */
#ifndef HEAPSTER__VALUE_STATS_H
#define HEAPSTER__VALUE_STATS_H

#include <heapster/stats.h>

#include "value/lua_kinds.h"

/* Histograms of a shard. The counts of allocs, growths and shrinks are their sums and have no cells. */
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

/* Sums over shards: raw counters since the process began. Buckets from HEAPSTER__COMMON_BUCKETS on are 0 unless
   `is_large`: most programs never fill them, and skipping them makes a read cheap. */
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

/* Sets all to 0. Writes only what may be other than 0. */
void heapster__totals_clear(struct heapster__totals *totals);

/* raw - since, where `since` was read earlier and has no larger counter. live_count and use_curr are those of `raw`;
   live_change and use_change are the change from `since` to `raw`. kind is SNAPSHOT and scope PROCESS. use_max,
   use_peak, its error and foreign_count are 0: totals do not have them. Cheap where `raw` is `since`. */
void heapster__stats_fill(struct heapster_stats *stats, const struct heapster__totals *raw,
                          const struct heapster__totals *since);

/* sum += totals. */
void heapster__totals_add(struct heapster__totals *sum, const struct heapster__totals *totals);

/* Live blocks and bytes, at least 0: totals read while threads run may have a free without its alloc. */
uint64_t heapster__totals_live(const struct heapster__totals *raw);
uint64_t heapster__totals_use(const struct heapster__totals *raw);

/* Requests, resizes and frees, refused ones included. */
uint64_t heapster__totals_operations(const struct heapster__totals *raw);

#endif
