/* A Stats of a script: its memory, the calling thread's part, its words. */
#ifndef HEAPSTER__SCRIPT_STATS_H
#define HEAPSTER__SCRIPT_STATS_H

#include "common/text.h"

/* Every Stats of a script lies in one of these. `thread` is the calling thread's part of a window if its scope is
   HEAPSTER_THREAD; otherwise the Stats has no such part. */
struct heapster_stats_with_thread {
  struct heapster_stats stats; /* first: a pointer to it is a pointer to both */
  struct heapster_stats thread;
};

/* Memory for a Stats without a thread's part, or NULL. heapster__value_free may free it as well. */
struct heapster_stats *heapster__stats_alloc(void);
void heapster__stats_free(struct heapster_stats *stats);

/* The same figures and thread's part in new memory, or NULL. A thread's part has no such part itself: only its figures
   may be copied. */
struct heapster_stats *heapster__stats_copy(const struct heapster_stats *stats);
struct heapster_stats *heapster__stats_copy_figures(const struct heapster_stats *stats);

/* Ends a window into a Stats and its thread's part; `stats` may be NULL. */
enum heapster_error heapster__stats_end_window(struct heapster_window window, struct heapster_stats *stats);

/* The thread's part of a Stats, or NULL; set one of thread scope. */
const struct heapster_stats *heapster__stats_thread(const struct heapster_stats *stats);
void heapster__stats_set_thread(struct heapster_stats *stats, const struct heapster_stats *thread);

/* Served and refused requests of a window. `repeat` keeps the run with the fewest. */
uint64_t heapster__stats_requests(const struct heapster_stats *stats);

struct heapster_text heapster__stats_text(const struct heapster_stats *stats);
struct heapster_text heapster__stats_json(const struct heapster_stats *stats);

/* A line for each limit that the window broke; empty if it broke none. */
struct heapster_text heapster__explain_broken_limits(const struct heapster_stats *stats,
                                                     const struct heapster_limit *limits, size_t count);

/* A line for each limit that the window does not break, because it does so by no more than its use_peak_error. */
struct heapster_text heapster__explain_unjudged_limits(const struct heapster_stats *stats,
                                                       const struct heapster_limit *limits, size_t count);

const char *heapster__kind_name(enum heapster_stats_kind kind);
const char *heapster__scope_name(enum heapster_scope scope);

/* False where `name` is no scope, or not "leave" or "stop". */
bool heapster__find_scope(const char *name, enum heapster_scope *scope);
bool heapster__find_gc(const char *name, bool *stops_gc);

#endif
