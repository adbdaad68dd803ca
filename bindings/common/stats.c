/* A Stats of a script: its memory, the calling thread's part, its words. */
#include "common/stats.h"

#include "base/atomics.h"
#include "common/value.h"

#include <string.h>

/* The last Stats freed, for the next one. A Stats is too large for allocators' caches: this saves a tenth of an empty
   measure. */
static struct heapster_stats_with_thread *_Atomic spare;

/* acquire and release: the next owner writes where the last one wrote, on any thread */
void heapster__stats_free(struct heapster_stats *stats) {
  if (stats) heapster__value_free(heapster__exchange_acq_rel(&spare, (struct heapster_stats_with_thread *)stats));
}

struct heapster_stats *heapster__stats_alloc(void) {
  struct heapster_stats_with_thread *both = heapster__exchange_acq_rel(&spare, NULL);
  if (!both) both = heapster__value_alloc(sizeof *both);
  if (both) both->thread.scope = HEAPSTER_PROCESS;
  return both ? &both->stats : NULL;
}

static struct heapster_stats *thread_of(const struct heapster_stats *stats) {
  return &((struct heapster_stats_with_thread *)(uintptr_t)stats)->thread;
}

const struct heapster_stats *heapster__stats_thread(const struct heapster_stats *stats) {
  const struct heapster_stats *const thread = thread_of(stats);
  return thread->scope == HEAPSTER_THREAD ? thread : NULL;
}

void heapster__stats_set_thread(struct heapster_stats *stats, const struct heapster_stats *thread) {
  *thread_of(stats) = *thread;
}

struct heapster_stats *heapster__stats_copy_figures(const struct heapster_stats *stats) {
  struct heapster_stats *const copy = heapster__stats_alloc();
  if (copy) *copy = *stats;
  return copy;
}

struct heapster_stats *heapster__stats_copy(const struct heapster_stats *stats) {
  struct heapster_stats *const copy = heapster__stats_copy_figures(stats);
  const struct heapster_stats *const thread = heapster__stats_thread(stats);
  if (copy && thread) heapster__stats_set_thread(copy, thread);
  return copy;
}

enum heapster_error heapster__stats_end_window(struct heapster_window window, struct heapster_stats *stats) {
  if (!stats) return heapster_window_end(window, NULL);
  struct heapster_stats *const thread = thread_of(stats);
  thread->scope = HEAPSTER_PROCESS;
  return heapster_window_end_with_thread(window, stats, thread);
}

uint64_t heapster__stats_requests(const struct heapster_stats *stats) {
  return stats->alloc_count + stats->alloc_fail_count + stats->realloc_growth_count + stats->realloc_shrink_count +
         stats->realloc_same_count + stats->realloc_fail_count;
}

struct heapster_text heapster__stats_text(const struct heapster_stats *stats) {
  struct heapster_text text = {0};
  return heapster__text_finish_for_people(&text, heapster_stats_text(stats, heapster__text_sink(&text)));
}

struct heapster_text heapster__stats_json(const struct heapster_stats *stats) {
  struct heapster_text text = {0};
  return heapster__text_finish(&text, heapster_stats_json(stats, heapster__text_sink(&text)));
}

struct heapster_text heapster__explain_broken_limits(const struct heapster_stats *stats,
                                                     const struct heapster_limit *limits, size_t count) {
  struct heapster_text text = {0};
  const struct heapster_sink sink = heapster__text_sink(&text);
  if (!heapster_limit_check(stats, limits, count, NULL)) return text;
  heapster_limit_check(stats, limits, count, &sink);
  return heapster__text_finish_for_people(&text, text.length > 0 ? HEAPSTER_OK : HEAPSTER_NO_MEMORY);
}

struct heapster_text heapster__explain_unjudged_limits(const struct heapster_stats *stats,
                                                       const struct heapster_limit *limits, size_t count) {
  struct heapster_text text = {0};
  const struct heapster_sink sink = heapster__text_sink(&text);
  for (size_t i = 0; i < count; i++) {
    if (!heapster_limit_check(stats, &limits[i], 1, NULL)) heapster_limit_check(stats, &limits[i], 1, &sink);
  }
  return heapster__text_finish_for_people(&text, HEAPSTER_OK);
}

static const char *const scope_names[] = {"process", "thread"};
static const char *const gc_names[] = {"leave", "stop"};

const char *heapster__scope_name(enum heapster_scope scope) { return scope_names[scope]; }

const char *heapster__kind_name(enum heapster_stats_kind kind) {
  static const char *const names[] = {"snapshot", "diff", "window"};
  return names[kind];
}

/* Which of the two names it is, or -1. */
static int find_name(const char *name, const char *const names[2]) {
  return !strcmp(name, names[0]) ? 0 : !strcmp(name, names[1]) ? 1 : -1;
}

bool heapster__find_scope(const char *name, enum heapster_scope *scope) {
  const int found = find_name(name, scope_names);
  if (found >= 0) *scope = (enum heapster_scope)found;
  return found >= 0;
}

bool heapster__find_gc(const char *name, bool *stops_gc) {
  const int found = find_name(name, gc_names);
  if (found >= 0) *stops_gc = found == 1;
  return found >= 0;
}
