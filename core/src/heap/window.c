/* Windows: what happened between a begin and an end. */
#include "heap/window.h"

#include "base/lock.h"
#include "heap/cached_sums.h"
#include "heap/peak.h"
#include "value/sized.h"

#include <string.h>

/* A window of process scope has its peak from the ledger's record, one of thread scope from the drift's. Both records
   start again at every begin and end, and what they held goes into every window open on them: so windows nest
   and overlap without knowing of each other. */
struct entry {
  uint32_t generation;
  bool is_open;
  enum heapster_scope scope;
  unsigned number;                 /* the heap's, or 0 for the total */
  struct heapster__thread *thread; /* of the thread that began it */
  uint32_t slot_generation;
  struct heapster__peak_observer watch; /* in thread scope, of the drift's record, and in no list */
  uint64_t use_max;
  bool is_alone; /* no other thread had counted anything */
  /* Of its scope, at the begin and at the end; which is which is `at`. They stay when the entry is closed: a window
     like the one before begins with what that ended with, if nothing happened in between. */
  struct heapster__cached_sums sums[2];
  unsigned at;
  struct heapster__cached_sums own; /* of the thread that began it, at the begin; unless it was alone */
};

/* The table of the process; every access holds the lock, but for reading how many are open. */
static struct {
  struct entry entries[HEAPSTER_WINDOWS];
  _Atomic uint32_t open;
  uint32_t used; /* entries beyond were never open */
} windows;

uint32_t heapster__windows_open(void) { return heapster__load_relaxed(&windows.open); }

/* Callers hold the lock, so that this is nobody else's to change meanwhile. */
static void count_open(uint32_t change) {
  heapster__store_relaxed(&windows.open, heapster__load_relaxed(&windows.open) + change);
}

static bool is_on_drift(const struct entry *entry, const struct heapster__thread *thread, unsigned number) {
  return entry->is_open && entry->scope == HEAPSTER_THREAD && entry->thread == thread && entry->number == number;
}

/* Begins a new record of the calling thread's drift; answers where it starts. */
static int64_t drift_begin(struct heapster__thread *thread, unsigned number) {
  heapster__flush_heap(thread, number);
  struct heapster__pending *pending = heapster__pending_of(thread, number);
  for (uint32_t i = 0; i < windows.used; i++) {
    struct entry *entry = &windows.entries[i];
    if (is_on_drift(entry, thread, number) && pending->peak > entry->watch.peak) entry->watch.peak = pending->peak;
  }
  return pending->peak = heapster__load_relaxed(&pending->flushed);
}

static struct heapster__thread *slot_read(const struct entry *entry) {
  return entry->scope == HEAPSTER_THREAD ? entry->thread : NULL;
}

static void begin(struct entry *entry) {
  bool is_thread = entry->scope == HEAPSTER_THREAD;
  if (is_thread)
    entry->watch.start = entry->watch.peak = drift_begin(entry->thread, entry->number);
  else
    heapster__observe_peak(&entry->watch, entry->number);
  entry->is_open = true;
  entry->use_max = is_thread ? 0 : heapster__use_max_so_far(entry->number);
  entry->is_alone = heapster__is_alone(entry->thread);
  if (!is_thread && entry->thread && !entry->is_alone)
    heapster__cached_sums_refresh(&entry->own, entry->thread, entry->number);
  heapster__cached_sums_refresh(&entry->sums[entry->at], slot_read(entry), entry->number);
}

/* A entry that is not open, or NULL. */
static struct entry *vacant(void) {
  for (uint32_t i = 0; i < HEAPSTER_WINDOWS; i++) {
    if (windows.entries[i].is_open) continue;
    if (i >= windows.used) windows.used = i + 1;
    return &windows.entries[i];
  }
  return NULL;
}

#ifdef HEAPSTER_SHARED_COUNTERS
static enum heapster_error slot_for(enum heapster_scope scope, unsigned number, struct heapster__thread **thread) {
  (void)number;
  *thread = NULL;
  return scope == HEAPSTER_THREAD ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
}
#else
static enum heapster_error slot_for(enum heapster_scope scope, unsigned number, struct heapster__thread **thread) {
  *thread = heapster__thread_claim();
  if (!*thread) return HEAPSTER_NO_THREAD_COUNTERS;
  if (scope == HEAPSTER_THREAD && !heapster__pending_of(*thread, number)) return HEAPSTER_NO_THREAD_COUNTERS;
  return HEAPSTER_OK;
}
#endif

/* What the entry read for another heap, scope or thread says nothing. */
static void aim(struct entry *entry, enum heapster_scope scope, unsigned number, struct heapster__thread *thread) {
  if (entry->scope == scope && entry->number == number && entry->thread == thread) return;
  entry->scope = scope;
  entry->number = number;
  entry->thread = thread;
  entry->sums[0].is_filled = false;
  entry->sums[1].is_filled = false;
  entry->own.is_filled = false;
}

enum heapster_error heapster_window_begin(const struct heapster_heap *heap, enum heapster_scope scope,
                                          struct heapster_window *window) {
  if (!window) return HEAPSTER_BAD_ARGUMENT;
  *window = (struct heapster_window){0, 0};
  if (scope != HEAPSTER_PROCESS && scope != HEAPSTER_THREAD) return HEAPSTER_BAD_ARGUMENT;
  unsigned number = heap ? heap->number : HEAPSTER__TOTAL;
  struct heapster__thread *thread;
  enum heapster_error error = slot_for(scope, number, &thread);
  if (error) return error;
  heapster__rescan();
  heapster__lock();
  struct entry *entry = vacant();
  if (entry) {
    if (!++entry->generation) entry->generation = 1;
    aim(entry, scope, number, thread);
    entry->slot_generation = thread ? heapster__load_relaxed(&thread->generation) : 0;
    count_open(1);
    begin(entry);
    *window = (struct heapster_window){(uint32_t)(entry - windows.entries), entry->generation};
  }
  heapster__unlock();
  return entry ? HEAPSTER_OK : HEAPSTER_TOO_MANY_WINDOWS;
}

static bool is_same_thread(const struct entry *entry) {
  return !entry->thread || entry->slot_generation == heapster__load_relaxed(&entry->thread->generation);
}

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Two tallies of a window: the same one twice where nothing happened. */
struct span {
  const struct heapster__totals *before;
  const struct heapster__totals *now;
};

/* The share of the thread that began the window, of what all threads did; `sum` is room for it. False: it is not
   known, its slot is another thread's now. */
static bool read_own(const struct entry *entry, const struct span *all, struct heapster__totals *sum,
                     struct span *own) {
  if (entry->scope == HEAPSTER_THREAD || !entry->thread || !is_same_thread(entry)) return false;
  *own = *all;
  if (entry->is_alone && heapster__is_alone(entry->thread)) return true;
  if (!entry->is_alone) own->before = &entry->own.totals;
  own->now = own->before;
  if (all->now == all->before) return true;
  memset(sum, 0, sizeof *sum);
  heapster__sum_of_thread(sum, entry->thread, entry->number);
  own->now = sum;
  return true;
}

/* Operations by other threads than the one that began the window; where that one ended, by any. */
static uint64_t foreign(const struct entry *entry, const struct span *all, const struct span *own) {
  if (entry->scope == HEAPSTER_THREAD || !entry->thread || all->now == all->before) return 0;
  if (own && own->now == all->now) return 0;
  uint64_t count = heapster__beyond(heapster__totals_operations(all->now), heapster__totals_operations(all->before));
  if (!own) return count;
  return heapster__beyond(
      count, heapster__beyond(heapster__totals_operations(own->now), heapster__totals_operations(own->before)));
}

/* What a thread has in use says nothing about the heap: blocks and bytes alive are the heap's in both scopes. */
static void fill_alive(struct heapster_stats *stats, unsigned number) {
  struct heapster__totals heap = {0};
  heapster__sum(&heap, number);
  stats->live_count = heapster__totals_live(&heap);
  stats->use_curr = heapster__totals_use(&heap);
}

static void fill(const struct entry *entry, const struct span *all, const struct span *own,
                 struct heapster_stats *stats) {
  heapster__stats_fill(stats, all->now, all->before);
  stats->kind = HEAPSTER_WINDOW;
  stats->scope = entry->scope;
  stats->foreign_count = foreign(entry, all, own);
  const uint64_t most = stats->total_alloc_sum;
  stats->use_peak = heapster__observed_rise(&entry->watch, most, stats->use_change);
  if (entry->scope == HEAPSTER_THREAD)
    fill_alive(stats, entry->number);
  else
    stats->use_max = smaller(heapster__beyond((uint64_t)entry->watch.peak, entry->use_max),
                             most); /* whatever a reset did meanwhile */
}

/* A diff of one thread: its peak was not watched. Blocks and bytes alive are the heap's. */
static void fill_share(const struct span *all, const struct span *own, const struct heapster_stats *stats,
                       struct heapster_stats *share) {
  if (own->now == all->now && all->now != all->before) {
    *share = *stats; /* nobody else was there; and where nothing happened zeros are quicker made than copied */
    share->use_max = 0;
    share->use_peak = 0;
  } else {
    heapster__stats_fill(share, own->now, own->before);
  }
  share->kind = HEAPSTER_DIFF;
  share->scope = HEAPSTER_THREAD;
  share->live_count = stats->live_count;
  share->use_curr = stats->use_curr;
}

/* What the window was, with its peak. Where nothing happened no record has to be taken: it is where it began. */
static struct span close(struct entry *entry) {
  const bool is_thread = entry->scope == HEAPSTER_THREAD;
  const struct heapster__cached_sums *const before = &entry->sums[entry->at];
  struct heapster__cached_sums *now = &entry->sums[entry->at];
  const uint64_t changes = heapster__changes(slot_read(entry), entry->number);
  if (changes != before->changes) {
    entry->at = !entry->at;
    now = &entry->sums[entry->at];
    heapster__cached_sums_fill(now, changes, slot_read(entry), entry->number);
    if (is_thread)
      drift_begin(entry->thread, entry->number);
    else
      heapster__peak_interval_begin(entry->number);
  }
  if (!is_thread) heapster__stop_observing(&entry->watch, entry->number);
  return (struct span){&before->totals, &now->totals};
}

static void end(struct entry *entry, struct heapster_stats *stats, struct heapster_stats *share, bool *has_share) {
  const struct span all = close(entry);
  if (stats) {
    struct heapster__totals sum;
    struct span own;
    const bool is_own = read_own(entry, &all, &sum, &own);
    fill(entry, &all, is_own ? &own : NULL, stats);
    *has_share = share && is_own && entry->thread == heapster__this_thread();
    if (*has_share) fill_share(&all, &own, stats, share);
  }
  entry->is_open = false;
  count_open(-1U);
}

static enum heapster_error ended(struct heapster_window window, struct heapster_stats *stats,
                                 struct heapster_stats *share, bool *has_share) {
  if (window.index >= HEAPSTER_WINDOWS) return HEAPSTER_WINDOW_CLOSED;
  struct entry *entry = &windows.entries[window.index];
  if (!entry->is_open || entry->generation != window.generation) return HEAPSTER_WINDOW_CLOSED;
  bool is_here = entry->thread == heapster__this_thread() && is_same_thread(entry);
  if (entry->scope == HEAPSTER_THREAD && !is_here) return HEAPSTER_WRONG_THREAD;
  end(entry, stats, share, has_share);
  return HEAPSTER_OK;
}

enum heapster_error heapster_window_end_sized(struct heapster_window window, struct heapster_stats *stats,
                                              size_t stats_size, struct heapster_stats *thread, size_t thread_size) {
  struct heapster_stats room[2];
  struct heapster_stats *all = stats ? heapster__stats_target(stats, stats_size, &room[0]) : NULL;
  struct heapster_stats *part = thread ? heapster__stats_target(thread, thread_size, &room[1]) : NULL;
  bool has_part = false;
  heapster__lock();
  enum heapster_error error = ended(window, all, part, &has_part);
  heapster__unlock();
  if (all && !error) heapster__stats_give(stats, stats_size, all);
  if (has_part) heapster__stats_give(thread, thread_size, part);
  return error;
}

/* The other threads, and so whoever would end their windows, are gone. */
void heapster__windows_drop_others(void) {
  struct heapster__thread *own = heapster__this_thread();
  for (uint32_t i = 0; i < windows.used; i++) {
    struct entry *entry = &windows.entries[i];
    if (!entry->is_open || entry->thread == own) continue;
    entry->is_open = false;
    if (entry->scope == HEAPSTER_PROCESS) heapster__stop_observing(&entry->watch, entry->number);
    count_open(-1U);
  }
}
