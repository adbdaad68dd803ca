/* The figures of a heapster_stats by naive arithmetic. */
#include "figures.h"

#include <stddef.h>
#include <stdio.h>

struct figure {
  const char *name;
  size_t offset;
  unsigned group;
};

#define FIGURE(name, group) \
  { #name, offsetof(struct heapster_stats, name), group }

static const struct figure figures[] = {
    FIGURE(alloc_count, FIGURES_COUNTERS),
    FIGURE(alloc_sum, FIGURES_COUNTERS),
    FIGURE(alloc_fail_count, FIGURES_COUNTERS),
    FIGURE(dealloc_count, FIGURES_COUNTERS),
    FIGURE(dealloc_sum, FIGURES_COUNTERS),
    FIGURE(realloc_growth_count, FIGURES_COUNTERS),
    FIGURE(realloc_growth_sum, FIGURES_COUNTERS),
    FIGURE(realloc_growth_in_place_count, FIGURES_COUNTERS),
    FIGURE(realloc_shrink_count, FIGURES_COUNTERS),
    FIGURE(realloc_shrink_sum, FIGURES_COUNTERS),
    FIGURE(realloc_shrink_in_place_count, FIGURES_COUNTERS),
    FIGURE(realloc_same_count, FIGURES_COUNTERS),
    FIGURE(realloc_move_count, FIGURES_COUNTERS),
    FIGURE(realloc_move_sum, FIGURES_COUNTERS),
    FIGURE(realloc_fail_count, FIGURES_COUNTERS),
    FIGURE(total_alloc_sum, FIGURES_COUNTERS),
    FIGURE(total_dealloc_sum, FIGURES_COUNTERS),
    FIGURE(unseen_alloc_count, FIGURES_COUNTERS),
    FIGURE(unseen_free_count, FIGURES_COUNTERS),
    FIGURE(live_count, FIGURES_LIVE),
    FIGURE(use_curr, FIGURES_LIVE),
    FIGURE(live_change, FIGURES_CHANGES),
    FIGURE(use_change, FIGURES_CHANGES),
    FIGURE(use_max, FIGURES_MAX),
    FIGURE(use_peak, FIGURES_PEAK),
    FIGURE(use_peak_error, FIGURES_PEAK),
    FIGURE(foreign_count, FIGURES_FOREIGN),
};

static const struct figure histograms[] = {
    FIGURE(alloc_histogram, FIGURES_COUNTERS),
    FIGURE(realloc_growth_histogram, FIGURES_COUNTERS),
    FIGURE(realloc_shrink_histogram, FIGURES_COUNTERS),
};

enum { FIGURES = sizeof figures / sizeof figures[0], HISTOGRAMS = sizeof histograms / sizeof histograms[0] };

/* Members that are neither: kind, scope, has_lua_kinds, struct_size, lua_kinds, origin. */
enum {
  OTHERS = 2 * sizeof(enum heapster_scope) + sizeof(uint64_t) + sizeof(struct heapster_lua_kinds) +
           sizeof(struct heapster_origin)
};
_Static_assert(sizeof(struct heapster_stats) ==
                   FIGURES * sizeof(uint64_t) + HISTOGRAMS * sizeof(struct heapster_histogram) + OTHERS,
               "every figure and every histogram of heapster_stats is here");

static uint64_t *figure_of(struct heapster_stats *stats, const struct figure *figure) {
  return (uint64_t *)(void *)((char *)stats + figure->offset);
}

static const uint64_t *figure_in(const struct heapster_stats *stats, const struct figure *figure) {
  return (const uint64_t *)(const void *)((const char *)stats + figure->offset);
}

/* By the definition in words, not by the core's bit count. */
static unsigned bucket_of(uint64_t size) {
  unsigned bucket = 0;
  while (size >= 2) {
    size /= 2;
    ++bucket;
  }
  return bucket;
}

void figures_alloc(struct heapster_stats *stats, uint64_t size) {
  stats->alloc_count += 1;
  stats->alloc_sum += size;
  stats->total_alloc_sum += size;
  stats->alloc_histogram.buckets[bucket_of(size)] += 1;
  stats->live_count += 1;
  stats->use_curr += size;
}

void figures_free(struct heapster_stats *stats, uint64_t size) {
  stats->dealloc_count += 1;
  stats->dealloc_sum += size;
  stats->total_dealloc_sum += size;
  stats->live_count -= 1;
  stats->use_curr -= size;
}

static void grow(struct heapster_stats *stats, uint64_t difference, bool is_moved) {
  stats->realloc_growth_count += 1;
  stats->realloc_growth_sum += difference;
  stats->total_alloc_sum += difference;
  stats->realloc_growth_histogram.buckets[bucket_of(difference)] += 1;
  stats->realloc_growth_in_place_count += !is_moved;
}

static void shrink(struct heapster_stats *stats, uint64_t difference, bool is_moved) {
  stats->realloc_shrink_count += 1;
  stats->realloc_shrink_sum += difference;
  stats->total_dealloc_sum += difference;
  stats->realloc_shrink_histogram.buckets[bucket_of(difference)] += 1;
  stats->realloc_shrink_in_place_count += !is_moved;
}

void figures_resize(struct heapster_stats *stats, uint64_t from, uint64_t to, bool is_moved) {
  if (to > from)
    grow(stats, to - from, is_moved);
  else if (to < from)
    shrink(stats, from - to, is_moved);
  else
    stats->realloc_same_count += 1;
  stats->realloc_move_count += is_moved;
  stats->realloc_move_sum += !is_moved ? 0 : to < from ? to : from;
  stats->use_curr += to - from;
}

void figures_add(struct heapster_stats *sum, const struct heapster_stats *part) {
  for (size_t i = 0; i < FIGURES; ++i)
    if (figures[i].group & (FIGURES_COUNTERS | FIGURES_LIVE))
      *figure_of(sum, &figures[i]) += *figure_in(part, &figures[i]);
  for (size_t i = 0; i < HISTOGRAMS; ++i)
    for (size_t k = 0; k < HEAPSTER_BUCKETS; ++k)
      figure_of(sum, &histograms[i])[k] += figure_in(part, &histograms[i])[k];
}

static void subtract_to_0(uint64_t *figure, uint64_t before) { *figure = *figure > before ? *figure - before : 0; }

void figures_subtract(struct heapster_stats *stats, const struct heapster_stats *before) {
  for (size_t i = 0; i < FIGURES; ++i)
    if (figures[i].group == FIGURES_COUNTERS)
      subtract_to_0(figure_of(stats, &figures[i]), *figure_in(before, &figures[i]));
  for (size_t i = 0; i < HISTOGRAMS; ++i)
    for (size_t k = 0; k < HEAPSTER_BUCKETS; ++k)
      subtract_to_0(&figure_of(stats, &histograms[i])[k], figure_in(before, &histograms[i])[k]);
}

uint64_t figures_operations(const struct heapster_stats *stats) {
  return stats->alloc_count + stats->alloc_fail_count + stats->dealloc_count + stats->realloc_growth_count +
         stats->realloc_shrink_count + stats->realloc_same_count + stats->realloc_fail_count;
}

static bool match_kind(const char *title, const struct heapster_stats *expected, const struct heapster_stats *found) {
  if (expected->kind == found->kind && expected->scope == found->scope) return true;
  fprintf(stderr, "%s: kind %d scope %d, expected kind %d scope %d\n", title, (int)found->kind, (int)found->scope,
          (int)expected->kind, (int)expected->scope);
  return false;
}

static bool match_histogram(const char *title, const struct figure *histogram, const struct heapster_stats *expected,
                            const struct heapster_stats *found) {
  for (size_t k = 0; k < HEAPSTER_BUCKETS; ++k) {
    const uint64_t wanted = figure_in(expected, histogram)[k];
    const uint64_t got = figure_in(found, histogram)[k];
    if (wanted == got) continue;
    fprintf(stderr, "%s: %s[%zu] is %llu, expected %llu\n", title, histogram->name, k, (unsigned long long)got,
            (unsigned long long)wanted);
    return false;
  }
  return true;
}

static bool match_figure(const char *title, const struct figure *figure, const struct heapster_stats *expected,
                         const struct heapster_stats *found) {
  const uint64_t wanted = *figure_in(expected, figure);
  const uint64_t got = *figure_in(found, figure);
  if (wanted == got) return true;
  fprintf(stderr, "%s: %s is %lld, expected %lld\n", title, figure->name, (long long)got, (long long)wanted);
  return false;
}

bool figures_match(const char *title, const struct heapster_stats *expected, const struct heapster_stats *found,
                   unsigned groups) {
  if ((groups & FIGURES_KIND) && !match_kind(title, expected, found)) return false;
  for (size_t i = 0; i < FIGURES; ++i)
    if ((figures[i].group & groups) && !match_figure(title, &figures[i], expected, found)) return false;
  for (size_t i = 0; i < HISTOGRAMS; ++i)
    if ((histograms[i].group & groups) && !match_histogram(title, &histograms[i], expected, found)) return false;
  return true;
}
