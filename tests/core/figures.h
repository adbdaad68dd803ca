/* The figures of a heapster_stats by naive arithmetic: what each request, free and resize does to them, and the first
   figure in which two stats differ. */
#ifndef TESTS_FIGURES_H
#define TESTS_FIGURES_H

#include <heapster/stats.h>

/* The groups of figures that a comparison may include. */
enum {
  FIGURES_COUNTERS = 1, /* counts, sums and histograms: what adds up over heaps and threads */
  FIGURES_LIVE = 2,     /* live_count, use_curr */
  FIGURES_CHANGES = 4,  /* live_change, use_change */
  FIGURES_MAX = 8,      /* use_max */
  FIGURES_PEAK = 16,    /* use_peak, use_peak_error */
  FIGURES_FOREIGN = 32, /* foreign_count */
  FIGURES_KIND = 64,    /* kind and scope */
  FIGURES_ALL = 127
};

/* Records one event. live_count and use_curr follow; they wrap for a thread that frees more than it allocated, and are
   right again in the sum over the threads. */
void figures_alloc(struct heapster_stats *stats, uint64_t size);
void figures_free(struct heapster_stats *stats, uint64_t size);
void figures_resize(struct heapster_stats *stats, uint64_t from, uint64_t to, bool is_moved);

/* sum += part: the counters, live_count and use_curr. */
void figures_add(struct heapster_stats *sum, const struct heapster_stats *part);

/* stats -= before: the counters, each at least 0. */
void figures_subtract(struct heapster_stats *stats, const struct heapster_stats *before);

/* Requests, resizes and frees, refused ones included. */
uint64_t figures_operations(const struct heapster_stats *stats);

/* Whether the chosen groups are equal. If not, prints the first figure that differs to stderr. */
bool figures_match(const char *title, const struct heapster_stats *expected, const struct heapster_stats *found,
                   unsigned groups);

#endif
