/* The counters as plain values: the totals of shards, a snapshot made of them, the difference of two. */
#include "value/stats.h"

#include <string.h>

#include "value/field.h"
#include "value/histogram.h"
#include "value/sized.h"

#define ONE(...) +1
#define NO_AVERAGE(...)
enum {
  FIGURES = 0 HEAPSTER__FIELDS(ONE, NO_AVERAGE) HEAPSTER__ADDED_FIELDS(ONE),
  COUNTED = 0 HEAPSTER__HISTOGRAMS(ONE) HEAPSTER__CELLS(ONE),
  DERIVED = 10 /* two totals, the live and use figures, foreign_count, use_peak_error */
};
#undef ONE
_Static_assert(FIGURES == COUNTED + DERIVED, "every figure is counted, or derived in heapster__stats_fill");

/* How many buckets may be other than 0. */
static unsigned buckets_of(const struct heapster__totals *totals) {
  return totals->is_large ? HEAPSTER_BUCKETS : HEAPSTER__COMMON_BUCKETS;
}

static uint64_t total_of(const struct heapster_histogram *histogram, unsigned buckets) {
  uint64_t total = 0;
  for (unsigned i = 0; i < buckets; i++) total += histogram->buckets[i];
  return total;
}

/* A difference of counters as a signed number, at least 0. The sums in it may wrap: it is right modulo 2^64, and no
   heap is that large. */
static uint64_t at_least_0(uint64_t difference) { return (int64_t)difference > 0 ? difference : 0; }

uint64_t heapster__totals_live(const struct heapster__totals *raw) {
  return at_least_0(total_of(&raw->alloc_histogram, buckets_of(raw)) - raw->dealloc_count);
}

uint64_t heapster__totals_use(const struct heapster__totals *raw) {
  return at_least_0(raw->alloc_sum + raw->realloc_growth_sum - raw->dealloc_sum - raw->realloc_shrink_sum);
}

/* after - before; returns its sum, the count. Inlined where the number of buckets is a constant, so that the loops
   become a few vector instructions. */
HEAPSTER__INLINE uint64_t fill_buckets(struct heapster_histogram *histogram, const struct heapster_histogram *after,
                                       const struct heapster_histogram *before, unsigned buckets) {
  for (unsigned i = 0; i < buckets; i++) histogram->buckets[i] = after->buckets[i] - before->buckets[i];
  memset(histogram->buckets + buckets, 0, (HEAPSTER_BUCKETS - buckets) * sizeof histogram->buckets[0]);
  return total_of(histogram, buckets);
}

static uint64_t fill_histogram(struct heapster_histogram *histogram, const struct heapster_histogram *after,
                               const struct heapster_histogram *before, bool is_large) {
  return is_large ? fill_buckets(histogram, after, before, HEAPSTER_BUCKETS)
                  : fill_buckets(histogram, after, before, HEAPSTER__COMMON_BUCKETS);
}

void heapster__totals_clear(struct heapster__totals *totals) {
  if (totals->is_large || totals->has_kinds) {
    memset(totals, 0, sizeof *totals);
    return;
  }
  memset(totals, 0, offsetof(struct heapster__totals, alloc_histogram));
#define X(name) memset(&totals->name, 0, HEAPSTER__COMMON_BUCKETS * sizeof totals->name.buckets[0]);
  HEAPSTER__HISTOGRAMS(X)
#undef X
}
_Static_assert(offsetof(struct heapster__totals, alloc_histogram) == HEAPSTER__CELL_COUNT * sizeof(uint64_t),
               "the histograms follow the cells");

_Static_assert(HEAPSTER_SNAPSHOT == 0 && HEAPSTER_PROCESS == 0, "zeros are a snapshot of process scope");

/* Not inlined: what the other case keeps in registers would be saved here too. */
static __attribute__((noinline)) void fill_unchanged(struct heapster_stats *stats, const struct heapster__totals *raw) {
  memset(stats, 0, sizeof *stats);
  stats->live_count = heapster__totals_live(raw);
  stats->use_curr = heapster__totals_use(raw);
  stats->has_lua_kinds = raw->has_kinds;
}

void heapster__stats_fill(struct heapster_stats *stats, const struct heapster__totals *raw,
                          const struct heapster__totals *since) {
  if (raw == since) {
    fill_unchanged(stats, raw);
    return;
  }
  /* nothing behind the first struct's end is left undefined, whatever is added there */
  memset((char *)stats + HEAPSTER__FIRST_STATS, 0, sizeof *stats - HEAPSTER__FIRST_STATS);
  stats->kind = HEAPSTER_SNAPSHOT;
  stats->scope = HEAPSTER_PROCESS;
#define X(name) stats->name = raw->name - since->name;
  HEAPSTER__CELLS(X)
#undef X
  const bool is_large = raw->is_large; /* `since` is older and has no more buckets */
  stats->alloc_count =
      fill_histogram(&stats->alloc_histogram, &raw->alloc_histogram, &since->alloc_histogram, is_large);
  stats->realloc_growth_count = fill_histogram(&stats->realloc_growth_histogram, &raw->realloc_growth_histogram,
                                               &since->realloc_growth_histogram, is_large);
  stats->realloc_shrink_count = fill_histogram(&stats->realloc_shrink_histogram, &raw->realloc_shrink_histogram,
                                               &since->realloc_shrink_histogram, is_large);
  stats->total_alloc_sum = stats->alloc_sum + stats->realloc_growth_sum;
  stats->total_dealloc_sum = stats->dealloc_sum + stats->realloc_shrink_sum;
  stats->live_count = heapster__totals_live(raw);
  stats->live_change = (int64_t)(stats->alloc_count - stats->dealloc_count);
  stats->use_curr = heapster__totals_use(raw);
  stats->use_change = (int64_t)(stats->total_alloc_sum - stats->total_dealloc_sum);
  stats->use_max = 0;
  stats->use_peak = 0;
  stats->foreign_count = 0;
  stats->has_lua_kinds = raw->has_kinds;
  heapster__lua_kinds_fill(&stats->lua_kinds, &raw->kinds, &since->kinds);
}

void heapster__totals_add(struct heapster__totals *sum, const struct heapster__totals *totals) {
#define X(name) heapster__histogram_add(&sum->name, &totals->name);
  HEAPSTER__HISTOGRAMS(X)
#undef X
#define X(name) sum->name += totals->name;
  HEAPSTER__CELLS(X)
#undef X
  heapster__kind_totals_add(&sum->kinds, &totals->kinds);
  sum->is_large |= totals->is_large;
  sum->has_kinds |= totals->has_kinds;
}

uint64_t heapster__totals_operations(const struct heapster__totals *raw) {
  const unsigned buckets = buckets_of(raw);
  return total_of(&raw->alloc_histogram, buckets) + raw->alloc_fail_count + raw->dealloc_count +
         total_of(&raw->realloc_growth_histogram, buckets) + total_of(&raw->realloc_shrink_histogram, buckets) +
         raw->realloc_same_count + raw->realloc_fail_count;
}

static uint64_t compute_difference(const struct heapster__field *field, const struct heapster_stats *after,
                                   const struct heapster_stats *before) {
  const size_t level = after->kind == HEAPSTER_SNAPSHOT ? field->other : field->offset;
  switch (field->difference) {
  case HEAPSTER__RISE:
    return heapster__beyond(heapster__figure_at(after, field->offset), heapster__figure_at(before, field->offset));
  case HEAPSTER__LEVEL:
    return heapster__figure_at(after, field->offset);
  case HEAPSTER__CHANGE:
    return heapster__figure_at(after, level) - heapster__figure_at(before, level);
  case HEAPSTER__OF_WINDOW:
  case HEAPSTER__AVERAGE:
    break;
  }
  return 0;
}

/* Whether two snapshots have a difference. */
static enum heapster_error compare_origins(const struct heapster_origin *after, const struct heapster_origin *before) {
  if (!after->process || !before->process) return HEAPSTER_OK;
  if (after->process == before->process) {
    if (before->order > after->order) return HEAPSTER_WRONG_ORDER;
  } else if (after->parent != before->process || before->order > after->fork_order) {
    return HEAPSTER_OTHER_PROCESS;
  }
  return before->order > after->reset_order ? HEAPSTER_OK : HEAPSTER_RESET_BETWEEN;
}

enum heapster_error heapster_stats_diff_sized(struct heapster_stats *diff, size_t size,
                                              const struct heapster_stats *after, const struct heapster_stats *before) {
  if (!diff || !after || !before) return HEAPSTER_BAD_ARGUMENT;
  struct heapster_stats room[2];
  after = heapster__stats_accept(after, &room[0]);
  before = heapster__stats_accept(before, &room[1]);
  if ((after->kind == HEAPSTER_SNAPSHOT) != (before->kind == HEAPSTER_SNAPSHOT)) return HEAPSTER_MIXED_KINDS;
  const enum heapster_error error = compare_origins(&after->origin, &before->origin);
  if (error) return error;
  struct heapster_stats result = {.kind = HEAPSTER_DIFF, .scope = HEAPSTER_PROCESS};
  const struct heapster__field *field;
  for (size_t i = 0; (field = heapster__field_at(i)); i++) {
    if (field->difference == HEAPSTER__AVERAGE) continue;
    const uint64_t figure = compute_difference(field, after, before);
    memcpy((char *)&result + field->offset, &figure, sizeof figure);
  }
#define X(name) heapster__histogram_diff(&result.name, &after->name, &before->name);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  result.has_lua_kinds = after->has_lua_kinds;
  result.lua_kinds = heapster__lua_kinds_minus(&after->lua_kinds, &before->lua_kinds);
  struct heapster_stats *target = heapster__stats_target(diff, size, &result);
  if (target == diff) *diff = result;
  heapster__stats_give(diff, size, target);
  return HEAPSTER_OK;
}

bool heapster_stats_is_equal(const struct heapster_stats *a, const struct heapster_stats *b) {
  if (!a || !b) return a == b;
  struct heapster_stats room[2];
  a = heapster__stats_accept(a, &room[0]);
  b = heapster__stats_accept(b, &room[1]);
  if (a->kind != b->kind || a->scope != b->scope) return false;
  const struct heapster__field *field;
  for (size_t i = 0; (field = heapster__field_at(i)); i++) {
    if (!heapster__field_is_in(field, a->kind)) continue;
    if (heapster__figure_at(a, field->offset) != heapster__figure_at(b, field->offset)) return false;
  }
#define X(name) \
  if (memcmp(&a->name, &b->name, sizeof a->name) != 0) return false;
  HEAPSTER__HISTOGRAMS(X)
#undef X
  return a->has_lua_kinds == b->has_lua_kinds && !memcmp(&a->lua_kinds, &b->lua_kinds, sizeof a->lua_kinds);
}
