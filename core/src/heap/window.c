/* Windows: what happened between a begin and an end. */
#include "heap/window.h"

#include "base/lock.h"
#include "heap/cached_sums.h"
#include "heap/ending.h"
#include "heap/peak.h"
#include "value/sized.h"

#include <string.h>

/* A window takes its peak from a high-water mark in process scope, and from its thread's own bytes in thread scope and
   wherever no other thread took part. Every begin starts a new interval of both, and so does an end of the mark's; the
   old interval's peak goes to every window open there. In this way windows nest and overlap independently. */
struct entry {
  uint32_t index;
  uint32_t generation;
  bool is_open;
  struct entry *next_free; /* the entry that was closed before this one, as long as it is not open */
  enum heapster_scope scope;
  unsigned number;                 /* the heap's, or 0 for the total */
  struct heapster__thread *thread; /* the thread that began it; NULL with HEAPSTER_COUNTERS=shared */
  uint32_t thread_generation;
  struct heapster__peak_observer observer;          /* in process scope */
  struct heapster__thread_observer thread_observer; /* of the thread that began it, unless it was alone */
  uint64_t use_max;                                 /* at the begin */
  bool was_alone;                                   /* at the begin, no other thread had ever counted anything */
  /* The counters of its scope: at the begin in sums[begin_index], at the end in the other element. That one is kept for
     the next window of the same scope, heap and thread, which begins with it if nothing happened in between. */
  struct heapster__cached_sums sums[2];
  unsigned begin_index;
  struct heapster__cached_sums thread_sums; /* the thread's part at the begin, unless it was alone */
};

enum { CHUNK = 64, CHUNKS = HEAPSTER_WINDOWS / CHUNK };

/* Callers of all functions that use it hold the lock, except to read `open_count`. */
static struct {
  struct entry first[CHUNK];
  struct entry *chunks[CHUNKS]; /* mapped when all entries before are open, and kept */
  struct entry *free;           /* the entry that was closed last */
  heapster__counter open_count;
  uint32_t used_count; /* entries from here on were never open */
} windows = {.chunks = {windows.first}};

uint32_t heapster__windows_open(void) { return (uint32_t)heapster__load_relaxed(&windows.open_count); }

/* The thread whose counters the window reads; NULL: every thread's. */
static struct heapster__thread *counted_thread(const struct entry *entry) {
  return entry->scope == HEAPSTER_THREAD ? entry->thread : NULL;
}

static __attribute__((noinline)) void begin_of_thread(struct entry *entry) {
  if (entry->scope == HEAPSTER_PROCESS && entry->thread)
    heapster__cached_sums_refresh(&entry->thread_sums, entry->thread, entry->number);
  heapster__observe_thread(&entry->thread_observer, entry->number);
}

/* The counters are read before the interval begins, and after it ends: so what they show of other threads is all that
   these did in it. */
static void begin_window(struct entry *entry) {
  const bool is_thread = entry->scope == HEAPSTER_THREAD;
  entry->was_alone = heapster__is_alone(entry->thread);
  heapster__cached_sums_refresh(&entry->sums[entry->begin_index], counted_thread(entry), entry->number);
  if (is_thread || !entry->was_alone) begin_of_thread(entry);
  if (!is_thread) {
    heapster__observe_peak(&entry->observer, entry->number);
    entry->use_max = heapster__use_max_so_far(entry->number);
  }
  entry->is_open = true;
}

static struct entry *entry_at(uint32_t index) { return &windows.chunks[index / CHUNK][index % CHUNK]; }

static void close_entry(struct entry *entry) {
  entry->is_open = false;
  entry->next_free = windows.free;
  windows.free = entry;
  heapster__add_owned(&windows.open_count, UINT64_MAX);
}

/* Closes a window from any thread, unread. */
static void drop_entry(struct entry *entry) {
  heapster__stop_observing_thread(&entry->thread_observer, entry->number);
  if (entry->scope == HEAPSTER_PROCESS) heapster__stop_observing(&entry->observer, entry->number);
  close_entry(entry);
}

/* Whether the thread that began the window still runs. */
static bool is_thread_alive(const struct entry *entry) {
  return !entry->thread || entry->thread_generation == heapster__load_relaxed(&entry->thread->generation);
}

/* Drops the windows of thread scope that nobody can end any more. */
static void drop_dead_entries(void) {
  for (uint32_t i = 0; i < windows.used_count; i++) {
    struct entry *entry = entry_at(i);
    if (entry->is_open && entry->scope == HEAPSTER_THREAD && !is_thread_alive(entry)) drop_entry(entry);
  }
}

bool heapster__windows_are_over(unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (!heapster__windows_open()) return false;
  drop_dead_entries();
  for (uint32_t i = 0; i < windows.used_count; i++) {
    const struct entry *const entry = entry_at(i);
    if (entry->is_open && entry->number == number) return true;
  }
  return false;
}

/* Takes the first entry that was never open. */
static enum heapster_error take_new_entry(struct entry **entry) {
  const uint32_t index = windows.used_count;
  if (index >= HEAPSTER_WINDOWS) return HEAPSTER_TOO_MANY_WINDOWS;
  struct entry **const chunk = &windows.chunks[index / CHUNK];
  if (!*chunk) *chunk = heapster__pages_map(CHUNK * sizeof **chunk);
  if (!*chunk) return HEAPSTER_NO_MEMORY;
  *entry = entry_at(index);
  (*entry)->index = index;
  windows.used_count++;
  return HEAPSTER_OK;
}

/* Takes an entry that is not open: the one closed last, whose cached sums are most likely of use. */
static enum heapster_error take_entry(struct entry **entry) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (heapster__unlikely(!windows.free)) {
    const enum heapster_error error = take_new_entry(entry);
    if (!error) return HEAPSTER_OK;
    drop_dead_entries();
    if (!windows.free) return error;
  }
  *entry = windows.free;
  windows.free = (*entry)->next_free;
  return HEAPSTER_OK;
}

/* The calling thread's record, for a window that it begins. */
static enum heapster_error claim_thread(enum heapster_scope scope, unsigned number, struct heapster__thread **thread) {
  *thread = heapster__thread_claim();
  if (!HEAPSTER__HAS_THREAD_RECORDS) return scope == HEAPSTER_THREAD ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
  const bool has_counters = *thread && (scope == HEAPSTER_PROCESS || heapster__pending_of(*thread, number));
  return has_counters ? HEAPSTER_OK : HEAPSTER_NO_THREAD_COUNTERS;
}

/* Sets what the window is about. Cached sums of another scope, heap or thread are dropped. */
static void set_target(struct entry *entry, enum heapster_scope scope, unsigned number,
                       struct heapster__thread *thread) {
  if (entry->scope == scope && entry->number == number && entry->thread == thread) return;
  entry->scope = scope;
  entry->number = number;
  entry->thread = thread;
  entry->sums[0].is_filled = false;
  entry->sums[1].is_filled = false;
  entry->thread_sums.is_filled = false;
}

enum heapster_error heapster_window_begin(const struct heapster_heap *heap, enum heapster_scope scope,
                                          struct heapster_window *window) {
  if (!window) return HEAPSTER_BAD_ARGUMENT;
  *window = (struct heapster_window){0, 0};
  if (scope != HEAPSTER_PROCESS && scope != HEAPSTER_THREAD) return HEAPSTER_BAD_ARGUMENT;
  unsigned number = heap ? heap->number : HEAPSTER__TOTAL;
  struct heapster__thread *thread;
  enum heapster_error error = claim_thread(scope, number, &thread);
  if (error) return error;
  heapster__rescan();
  heapster__lock();
  struct entry *entry;
  const bool may_be_ended = heap && (!heapster__load_flag(&heap->is_open) || number == HEAPSTER__ENDED);
  error = heapster__unlikely(may_be_ended) && heapster__is_heap_ended(heap) ? HEAPSTER_HEAP_ENDED : take_entry(&entry);
  if (!error) {
    if (!++entry->generation) entry->generation = 1;
    set_target(entry, scope, number, thread);
    entry->thread_generation = thread ? heapster__load_relaxed(&thread->generation) : 0;
    heapster__add_owned(&windows.open_count, 1);
    begin_window(entry);
    *window = (struct heapster_window){entry->index, entry->generation};
  }
  heapster__unlock();
  return error;
}

/* The totals at the begin and at the end of a window; the same pointer twice where nothing happened. */
struct span {
  const struct heapster__totals *before;
  const struct heapster__totals *after;
};

static uint64_t count_operations(const struct span *span) {
  return heapster__beyond(heapster__totals_operations(span->after), heapster__totals_operations(span->before));
}

/* Reads the part of the thread that began the window; `sum` is memory for it. False: there is none, or the
   thread ended, and another may have its record. */
static bool read_thread_part(const struct entry *entry, const struct span *all, struct heapster__totals *sum,
                             struct span *part) {
  if (entry->scope == HEAPSTER_THREAD || !entry->thread || !is_thread_alive(entry)) return false;
  *part = *all;
  if (entry->was_alone && heapster__is_alone(entry->thread)) return true;
  if (!entry->was_alone) part->before = &entry->thread_sums.totals;
  part->after = part->before;
  if (all->after == all->before) return true;
  memset(sum, 0, sizeof *sum);
  heapster__sum(sum, entry->thread, entry->number);
  part->after = sum;
  return true;
}

/* Counts the operations of other threads than the one that began the window, or of all threads if `part` is NULL. */
static uint64_t count_foreign(const struct entry *entry, const struct span *all, const struct span *part) {
  if (entry->scope == HEAPSTER_THREAD || !entry->thread || all->after == all->before) return 0;
  if (part && part->after == all->after) return 0;
  return heapster__beyond(count_operations(all), part ? count_operations(part) : 0);
}

/* live_count and use_curr are the heap's even in thread scope: a thread may free what others allocated, so its own
   difference says nothing about the heap. */
static void fill_live(struct heapster_stats *stats, unsigned number) {
  struct heapster__totals heap = {0};
  heapster__sum(&heap, NULL, number);
  stats->live_count = heapster__totals_live(&heap);
  stats->use_curr = heapster__totals_use(&heap);
}

/* Bytes that other threads requested, or that they freed: the larger of the two. */
static uint64_t count_foreign_bytes(const struct heapster_stats *stats, const struct span *part) {
  const struct heapster__totals *before = part->before;
  const struct heapster__totals *after = part->after;
  const uint64_t own_allocs =
      after->alloc_sum - before->alloc_sum + after->realloc_growth_sum - before->realloc_growth_sum;
  const uint64_t own_frees =
      after->dealloc_sum - before->dealloc_sum + after->realloc_shrink_sum - before->realloc_shrink_sum;
  const uint64_t allocs = heapster__beyond(stats->total_alloc_sum, own_allocs);
  const uint64_t frees = heapster__beyond(stats->total_dealloc_sum, own_frees);
  return allocs > frees ? allocs : frees;
}

/* `of_thread` is how far the thread's own bytes rose, if that was observed. */
static void fill_peak(const struct entry *entry, const struct span *part, int64_t of_thread,
                      struct heapster_stats *stats) {
  const bool is_thread = entry->scope == HEAPSTER_THREAD;
  const bool is_observed = is_thread || (part && !entry->was_alone);
  const struct heapster__peak peak = heapster__peak_of(
      &(struct heapster__rise){
          .observed = is_thread ? of_thread : entry->observer.peak - entry->observer.start,
          .of_thread = of_thread,
          .is_thread_observed = is_observed,
          .requested = stats->total_alloc_sum,
          .change = stats->use_change,
          .foreign_count = stats->foreign_count,
          .foreign_bytes = is_observed && !is_thread ? count_foreign_bytes(stats, part) : 0,
      },
      entry->number);
  stats->use_peak = peak.rise;
  stats->use_peak_error = peak.error;
}

static void fill_window(const struct entry *entry, const struct span *all, const struct span *part, int64_t of_thread,
                        struct heapster_stats *stats) {
  heapster__stats_fill(stats, all->after, all->before);
  stats->kind = HEAPSTER_WINDOW;
  stats->scope = entry->scope;
  stats->struct_size = sizeof *stats;
  stats->foreign_count = count_foreign(entry, all, part);
  if (all->after != all->before) fill_peak(entry, part, of_thread, stats);
  if (entry->scope == HEAPSTER_THREAD) {
    fill_live(stats, entry->number);
    return;
  }
  const uint64_t rise = heapster__beyond((uint64_t)entry->observer.peak, entry->use_max);
  stats->use_max = rise < stats->total_alloc_sum ? rise : stats->total_alloc_sum; /* a reset may have lowered use_max */
}

/* The thread's part is a diff: nothing observed its peak. live_count and use_curr are the heap's. */
static void fill_thread_part(const struct span *all, const struct span *part, const struct heapster_stats *stats,
                             struct heapster_stats *thread) {
  if (part->after == all->after && all->after != all->before) {
    *thread = *stats; /* no other thread did anything; where nobody did, writing zeros is faster than this copy */
    thread->use_max = 0;
    thread->use_peak = 0;
    thread->use_peak_error = 0;
  } else {
    heapster__stats_fill(thread, part->after, part->before);
  }
  thread->kind = HEAPSTER_DIFF;
  thread->struct_size = sizeof *thread;
  thread->scope = HEAPSTER_THREAD;
  thread->live_count = stats->live_count;
  thread->use_curr = stats->use_curr;
}

/* Stops observing, and reads the end. If nothing happened no new interval is needed: the use is that of the begin. */
static struct span read_end(struct entry *entry, int64_t *of_thread) {
  struct heapster__thread *counted = counted_thread(entry);
  const struct heapster__cached_sums *const before = &entry->sums[entry->begin_index];
  const struct heapster__cached_sums *after = before;
  const bool has_changes = heapster__changes(counted, entry->number) != before->changes;
  *of_thread = heapster__stop_observing_thread(&entry->thread_observer, entry->number);
  if (!counted) {
    if (has_changes) heapster__peak_interval_begin(entry->number);
    heapster__stop_observing(&entry->observer, entry->number);
  }
  if (has_changes) {
    entry->begin_index = !entry->begin_index;
    heapster__cached_sums_fill(&entry->sums[entry->begin_index], heapster__changes(counted, entry->number), counted,
                               entry->number);
    after = &entry->sums[entry->begin_index];
  }
  return (struct span){&before->totals, &after->totals};
}

static void end_entry(struct entry *entry, struct heapster_stats *stats, struct heapster_stats *thread) {
  int64_t of_thread;
  const struct span all = read_end(entry, &of_thread);
  if (stats) {
    struct heapster__totals sum;
    struct span part;
    const bool has_part = read_thread_part(entry, &all, &sum, &part);
    fill_window(entry, &all, has_part ? &part : NULL, of_thread, stats);
    if (thread && has_part && entry->thread == heapster__this_thread()) fill_thread_part(&all, &part, stats, thread);
  }
  close_entry(entry);
}

/* The entry of an open window, or NULL. */
static struct entry *find_entry(struct heapster_window window) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct entry *entry = window.index < windows.used_count ? entry_at(window.index) : NULL;
  return entry && entry->is_open && entry->generation == window.generation ? entry : NULL;
}

static enum heapster_error end_locked(struct heapster_window window, struct heapster_stats *stats,
                                      struct heapster_stats *thread) {
  struct entry *entry = find_entry(window);
  if (!entry) return HEAPSTER_WINDOW_CLOSED;
  const bool is_here = entry->thread == heapster__this_thread() && is_thread_alive(entry);
  if (entry->scope == HEAPSTER_THREAD && !is_here) return HEAPSTER_WRONG_THREAD;
  end_entry(entry, stats, thread);
  return HEAPSTER_OK;
}

static enum heapster_error end_window(struct heapster_window window, struct heapster_stats *stats,
                                      struct heapster_stats *thread) {
  heapster__lock();
  enum heapster_error error = end_locked(window, stats, thread);
  heapster__unlock();
  return error;
}

/* For a caller whose structs are not both of our size, or who wants the part only. A size of 0 in ours says that
   nothing was filled. */
static __attribute__((noinline)) enum heapster_error end_in_other_size(struct heapster_window window,
                                                                       struct heapster_stats *stats, size_t stats_size,
                                                                       struct heapster_stats *thread,
                                                                       size_t thread_size) {
  struct heapster_stats room[2] = {{.struct_size = 0}};
  enum heapster_error error = end_window(window, &room[0], thread ? &room[1] : NULL);
  if (stats && room[0].struct_size) heapster__stats_give_sized(stats, stats_size, &room[0]);
  if (room[1].struct_size) heapster__stats_give_sized(thread, thread_size, &room[1]);
  return error;
}

enum heapster_error heapster_window_end_sized(struct heapster_window window, struct heapster_stats *stats,
                                              size_t stats_size, struct heapster_stats *thread, size_t thread_size) {
  const bool is_ours = stats_size == sizeof *stats && (!thread || (stats && thread_size == sizeof *thread));
  if (heapster__likely(is_ours)) return end_window(window, stats, thread);
  return end_in_other_size(window, stats, stats_size, thread, thread_size);
}

void heapster__window_drop(struct heapster_window window) {
  heapster__lock();
  struct entry *entry = find_entry(window);
  if (entry) drop_entry(entry);
  heapster__unlock();
}

void heapster__windows_drop_others(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__thread *own = heapster__this_thread();
  for (uint32_t i = 0; i < windows.used_count; i++) {
    struct entry *entry = entry_at(i);
    if (entry->is_open && entry->thread != own) drop_entry(entry);
  }
}
