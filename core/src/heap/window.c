/* Windows: what happened between a begin and an end. */
#include "heap/window.h"

#include "base/lock.h"
#include "heap/cached_sums.h"
#include "heap/peak.h"

#include <string.h>

/* A window of process scope has its peak from the ledger's record, one of thread scope from the drift's. Both records
   start again at every begin and end, and what they held goes into every window open on them: so windows nest
   and overlap without knowing of each other. */
struct place {
  uint32_t generation;
  bool is_open;
  enum heapster_scope scope;
  unsigned number;             /* the heap's, or 0 for the total */
  struct heapster__slot *slot; /* of the thread that began it */
  uint32_t slot_generation;
  struct heapster__watch watch; /* in thread scope, of the drift's record, and in no list */
  uint64_t use_max;
  bool is_alone; /* no other thread had counted anything */
  /* Of its scope, at the begin and at the end; which is which is `at`. They stay when the place is closed: a window
     like the one before begins with what that ended with, if nothing happened in between. */
  struct heapster__reading readings[2];
  unsigned at;
  struct heapster__reading own; /* of the thread that began it, at the begin; unless it was alone */
};

/* The table of the process; every access holds the lock, but for reading how many are open. */
static struct {
  struct place places[HEAPSTER_WINDOWS];
  _Atomic uint32_t open;
  uint32_t used; /* places beyond were never open */
} windows;

uint32_t heapster__windows_open(void) { return heapster__load_relaxed(&windows.open); }

/* Callers hold the lock, so that this is nobody else's to change meanwhile. */
static void count_open(uint32_t change) {
  heapster__store_relaxed(&windows.open, heapster__load_relaxed(&windows.open) + change);
}

static bool is_on_drift(const struct place *place, const struct heapster__slot *slot, unsigned number) {
  return place->is_open && place->scope == HEAPSTER_THREAD && place->slot == slot && place->number == number;
}

/* Begins a new record of the calling thread's drift; answers where it starts. */
static int64_t drift_begin(struct heapster__slot *slot, unsigned number) {
  heapster__tell(slot, number);
  struct heapster__drift *drift = heapster__drift_of(slot, number);
  for (uint32_t i = 0; i < windows.used; i++) {
    struct place *place = &windows.places[i];
    if (is_on_drift(place, slot, number) && drift->record > place->watch.peak) place->watch.peak = drift->record;
  }
  return drift->record = heapster__load_relaxed(&drift->told);
}

static struct heapster__slot *slot_read(const struct place *place) {
  return place->scope == HEAPSTER_THREAD ? place->slot : NULL;
}

static void begin(struct place *place) {
  bool is_thread = place->scope == HEAPSTER_THREAD;
  if (is_thread)
    place->watch.start = place->watch.peak = drift_begin(place->slot, place->number);
  else
    heapster__watch_begin(&place->watch, place->number);
  place->is_open = true;
  place->use_max = is_thread ? 0 : heapster__use_max_so_far(place->number);
  place->is_alone = heapster__is_alone(place->slot);
  if (!is_thread && place->slot && !place->is_alone) heapster__reading_refresh(&place->own, place->slot, place->number);
  heapster__reading_refresh(&place->readings[place->at], slot_read(place), place->number);
}

/* A place that is not open, or NULL. */
static struct place *vacant(void) {
  for (uint32_t i = 0; i < HEAPSTER_WINDOWS; i++) {
    if (windows.places[i].is_open) continue;
    if (i >= windows.used) windows.used = i + 1;
    return &windows.places[i];
  }
  return NULL;
}

#ifdef HEAPSTER_SHARED_COUNTERS
static enum heapster_error slot_for(enum heapster_scope scope, unsigned number, struct heapster__slot **slot) {
  (void)number;
  *slot = NULL;
  return scope == HEAPSTER_THREAD ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
}
#else
static enum heapster_error slot_for(enum heapster_scope scope, unsigned number, struct heapster__slot **slot) {
  *slot = heapster__slot_claim();
  if (!*slot) return HEAPSTER_NO_THREAD_COUNTERS;
  if (scope == HEAPSTER_THREAD && !heapster__drift_of(*slot, number)) return HEAPSTER_NO_THREAD_COUNTERS;
  return HEAPSTER_OK;
}
#endif

/* What the place read for another heap, scope or thread says nothing. */
static void aim(struct place *place, enum heapster_scope scope, unsigned number, struct heapster__slot *slot) {
  if (place->scope == scope && place->number == number && place->slot == slot) return;
  place->scope = scope;
  place->number = number;
  place->slot = slot;
  place->readings[0].is_made = false;
  place->readings[1].is_made = false;
  place->own.is_made = false;
}

enum heapster_error heapster_window_begin(const struct heapster_heap *heap, enum heapster_scope scope,
                                          struct heapster_window *window) {
  *window = (struct heapster_window){0, 0};
  unsigned number = heap ? heap->number : HEAPSTER__TOTAL;
  struct heapster__slot *slot;
  enum heapster_error error = slot_for(scope, number, &slot);
  if (error) return error;
  heapster__look();
  heapster__lock();
  struct place *place = vacant();
  if (place) {
    if (!++place->generation) place->generation = 1;
    aim(place, scope, number, slot);
    place->slot_generation = slot ? heapster__load_relaxed(&slot->generation) : 0;
    count_open(1);
    begin(place);
    *window = (struct heapster_window){(uint32_t)(place - windows.places), place->generation};
  }
  heapster__unlock();
  return place ? HEAPSTER_OK : HEAPSTER_TOO_MANY_WINDOWS;
}

static bool is_same_thread(const struct place *place) {
  return !place->slot || place->slot_generation == heapster__load_relaxed(&place->slot->generation);
}

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Two tallies of a window: the same one twice where nothing happened. */
struct span {
  const struct heapster__tally *before;
  const struct heapster__tally *now;
};

/* The share of the thread that began the window, of what all threads did; `sum` is room for it. False: it is not
   known, its slot is another thread's now. */
static bool read_own(const struct place *place, const struct span *all, struct heapster__tally *sum, struct span *own) {
  if (place->scope == HEAPSTER_THREAD || !place->slot || !is_same_thread(place)) return false;
  *own = *all;
  if (place->is_alone && heapster__is_alone(place->slot)) return true;
  if (!place->is_alone) own->before = &place->own.tally;
  own->now = own->before;
  if (all->now == all->before) return true;
  memset(sum, 0, sizeof *sum);
  heapster__sum_of_slot(sum, place->slot, place->number);
  own->now = sum;
  return true;
}

/* Operations by other threads than the one that began the window; where that one ended, by any. */
static uint64_t foreign(const struct place *place, const struct span *all, const struct span *own) {
  if (place->scope == HEAPSTER_THREAD || !place->slot || all->now == all->before) return 0;
  if (own && own->now == all->now) return 0;
  uint64_t count = heapster__beyond(heapster__tally_operations(all->now), heapster__tally_operations(all->before));
  if (!own) return count;
  return heapster__beyond(
      count, heapster__beyond(heapster__tally_operations(own->now), heapster__tally_operations(own->before)));
}

/* What a thread has in use says nothing about the heap: blocks and bytes alive are the heap's in both scopes. */
static void fill_alive(struct heapster_stats *stats, unsigned number) {
  struct heapster__tally heap = {0};
  heapster__sum(&heap, number);
  stats->live_count = heapster__tally_live(&heap);
  stats->use_curr = heapster__tally_use(&heap);
}

static void fill(const struct place *place, const struct span *all, const struct span *own,
                 struct heapster_stats *stats) {
  heapster__stats_fill(stats, all->now, all->before);
  stats->kind = HEAPSTER_WINDOW;
  stats->scope = place->scope;
  stats->foreign_count = foreign(place, all, own);
  const uint64_t most = stats->total_alloc_sum;
  stats->use_peak = heapster__watch_rise(&place->watch, most, stats->use_change);
  if (place->scope == HEAPSTER_THREAD)
    fill_alive(stats, place->number);
  else
    stats->use_max = smaller(heapster__beyond((uint64_t)place->watch.peak, place->use_max),
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
static struct span close(struct place *place) {
  const bool is_thread = place->scope == HEAPSTER_THREAD;
  const struct heapster__reading *const before = &place->readings[place->at];
  struct heapster__reading *now = &place->readings[place->at];
  const uint64_t activity = heapster__activity(slot_read(place), place->number);
  if (activity != before->activity) {
    place->at = !place->at;
    now = &place->readings[place->at];
    heapster__reading_make(now, activity, slot_read(place), place->number);
    if (is_thread)
      drift_begin(place->slot, place->number);
    else
      heapster__epoch_begin(place->number);
  }
  if (!is_thread) heapster__watch_end(&place->watch, place->number);
  return (struct span){&before->tally, &now->tally};
}

static void end(struct place *place, struct heapster_stats *stats, struct heapster_stats *share) {
  const struct span all = close(place);
  if (stats) {
    struct heapster__tally sum;
    struct span own;
    const bool is_own = read_own(place, &all, &sum, &own);
    fill(place, &all, is_own ? &own : NULL, stats);
    if (share && is_own && place->slot == heapster__slot_here()) fill_share(&all, &own, stats, share);
  }
  place->is_open = false;
  count_open(-1U);
}

static enum heapster_error ended(struct heapster_window window, struct heapster_stats *stats,
                                 struct heapster_stats *share) {
  if (window.index >= HEAPSTER_WINDOWS) return HEAPSTER_WINDOW_CLOSED;
  struct place *place = &windows.places[window.index];
  if (!place->is_open || place->generation != window.generation) return HEAPSTER_WINDOW_CLOSED;
  bool is_here = place->slot == heapster__slot_here() && is_same_thread(place);
  if (place->scope == HEAPSTER_THREAD && !is_here) return HEAPSTER_WRONG_THREAD;
  end(place, stats, share);
  return HEAPSTER_OK;
}

enum heapster_error heapster_window_end_with_thread(struct heapster_window window, struct heapster_stats *stats,
                                                    struct heapster_stats *thread) {
  heapster__lock();
  enum heapster_error error = ended(window, stats, thread);
  heapster__unlock();
  return error;
}

enum heapster_error heapster_window_end(struct heapster_window window, struct heapster_stats *stats) {
  return heapster_window_end_with_thread(window, stats, NULL);
}

/* The other threads, and so whoever would end their windows, are gone. */
void heapster__windows_forked(void) {
  struct heapster__slot *own = heapster__slot_here();
  for (uint32_t i = 0; i < windows.used; i++) {
    struct place *place = &windows.places[i];
    if (!place->is_open || place->slot == own) continue;
    place->is_open = false;
    if (place->scope == HEAPSTER_PROCESS) heapster__watch_end(&place->watch, place->number);
    count_open(-1U);
  }
}
