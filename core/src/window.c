/* Windows and epochs: what ends one stretch of time and begins another. */
#include "window.h"

#include "snapshot.h"

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
  int64_t start; /* use at the begin, as the record counts it */
  int64_t peak;  /* highest record so far */
  uint64_t use_max;
  bool is_alone; /* no other thread had counted anything */
  struct heapster__tally tally;
  struct heapster__tally own; /* of the thread that began it; unless it was alone */
};

/* The table of the process; every access holds the lock, but for reading how many are open. */
static struct {
  struct place places[HEAPSTER_WINDOWS];
  _Atomic uint32_t open;
  uint32_t used; /* places beyond were never open */
} windows;

uint32_t heapster__windows_open(void) { return heapster__load_relaxed(&windows.open); }

static bool is_on_ledger(const struct place *place, unsigned number) {
  return place->is_open && place->scope == HEAPSTER_PROCESS && place->number == number;
}

static bool is_on_drift(const struct place *place, const struct heapster__slot *slot, unsigned number) {
  return place->is_open && place->scope == HEAPSTER_THREAD && place->slot == slot && place->number == number;
}

static void raise_peak(struct place *place, int64_t record) {
  if (record > place->peak) place->peak = record;
}

/* Begins a new epoch of a ledger; answers where it starts. What the calling thread has not told belongs to the old. */
static int64_t ledger_begin(unsigned number) {
  struct heapster__slot *slot = heapster__slot_here();
  if (slot) heapster__tell(slot, number);
  struct heapster__ledger *ledger = &heapster__ledgers[number];
  /* use_max never falls in between: it is raised before the record is taken away, and by what was taken */
  heapster__use_max_raise(number, heapster__ledger_record(ledger, heapster__highest_untold(number), 0));
  struct heapster__epoch epoch = heapster__ledger_begin(ledger);
  heapster__use_max_raise(number, epoch.old_record);
  for (uint32_t i = 0; i < windows.used; i++) {
    if (is_on_ledger(&windows.places[i], number)) raise_peak(&windows.places[i], epoch.old_record);
  }
  return epoch.start;
}

/* The same for the calling thread's drift. */
static int64_t drift_begin(struct heapster__slot *slot, unsigned number) {
  heapster__tell(slot, number);
  struct heapster__drift *drift = heapster__drift_of(slot, number);
  for (uint32_t i = 0; i < windows.used; i++) {
    if (is_on_drift(&windows.places[i], slot, number)) raise_peak(&windows.places[i], drift->record);
  }
  return drift->record = drift->told;
}

static void sum_own(const struct place *place, struct heapster__tally *sum) {
  memset(sum, 0, sizeof *sum);
  heapster__sum_of_slot(sum, place->slot, place->number);
}

static void sum_scope(const struct place *place, struct heapster__tally *sum) {
  memset(sum, 0, sizeof *sum);
  if (place->scope == HEAPSTER_THREAD)
    heapster__sum_of_slot(sum, place->slot, place->number);
  else
    heapster__sum(sum, place->number);
}

static void begin(struct place *place) {
  bool is_thread = place->scope == HEAPSTER_THREAD;
  place->start = is_thread ? drift_begin(place->slot, place->number) : ledger_begin(place->number);
  place->peak = place->start;
  place->is_open = true;
  place->use_max = is_thread ? 0 : heapster__use_max_so_far(place->number);
  place->is_alone = heapster__is_alone(place->slot);
  if (!is_thread && place->slot && !place->is_alone) sum_own(place, &place->own);
  sum_scope(place, &place->tally);
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
    place->scope = scope;
    place->number = number;
    place->slot = slot;
    place->slot_generation = slot ? heapster__load_relaxed(&slot->generation) : 0;
    heapster__add_relaxed(&windows.open, 1);
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

static uint64_t beyond(uint64_t after, uint64_t before) { return after > before ? after - before : 0; }

/* The counters at the begin and at the end of the window, of the thread that began it. */
struct own {
  const struct heapster__tally *before;
  const struct heapster__tally *now;
  struct heapster__tally sum;
};

/* False: they are not known, its slot is another thread's now. `all` is what every thread counted. */
static bool read_own(const struct place *place, const struct heapster__tally *all, struct own *own) {
  if (place->scope == HEAPSTER_THREAD || !place->slot || !is_same_thread(place)) return false;
  own->before = place->is_alone ? &place->tally : &place->own;
  own->now = all;
  if (heapster__is_alone(place->slot)) return true;
  sum_own(place, &own->sum);
  own->now = &own->sum;
  return true;
}

/* Operations by other threads than the one that began the window; where that one ended, by any. */
static uint64_t foreign(const struct place *place, const struct heapster__tally *now, const struct own *own) {
  if (place->scope == HEAPSTER_THREAD || !place->slot || (own && own->now == now)) return 0;
  uint64_t all = beyond(heapster__tally_operations(now), heapster__tally_operations(&place->tally));
  if (!own) return all;
  return beyond(all, beyond(heapster__tally_operations(own->now), heapster__tally_operations(own->before)));
}

/* What a thread has in use says nothing about the heap: blocks and bytes alive are the heap's in both scopes. */
static void fill_alive(struct heapster_stats *stats, unsigned number) {
  struct heapster__tally heap = {0};
  heapster__sum(&heap, number);
  stats->live_count = heapster__tally_live(&heap);
  stats->use_curr = heapster__tally_use(&heap);
}

static void fill(const struct place *place, const struct heapster__tally *now, const struct own *own,
                 struct heapster_stats *stats) {
  heapster__stats_fill(stats, now, &place->tally);
  stats->kind = HEAPSTER_WINDOW;
  stats->scope = place->scope;
  stats->foreign_count = foreign(place, now, own);
  /* A thread may tell only now what it did before: but no use rises by more than was asked for meanwhile. */
  const uint64_t most = stats->total_alloc_sum;
  stats->use_peak = place->peak > place->start ? smaller((uint64_t)(place->peak - place->start), most) : 0;
  if (stats->use_change > 0 && stats->use_peak < (uint64_t)stats->use_change)
    stats->use_peak = (uint64_t)stats->use_change;
  if (place->scope == HEAPSTER_THREAD)
    fill_alive(stats, place->number);
  else
    stats->use_max = smaller(beyond((uint64_t)place->peak, place->use_max), most); /* whatever a reset did meanwhile */
}

/* A diff of one thread: its peak was not watched. Blocks and bytes alive are the heap's. */
static void fill_share(const struct own *own, const struct heapster_stats *stats, struct heapster_stats *share) {
  heapster__stats_fill(share, own->now, own->before);
  share->kind = HEAPSTER_DIFF;
  share->scope = HEAPSTER_THREAD;
  share->live_count = stats->live_count;
  share->use_curr = stats->use_curr;
}

static void end(struct place *place, struct heapster_stats *stats, struct heapster_stats *share) {
  struct heapster__tally now;
  sum_scope(place, &now);
  if (place->scope == HEAPSTER_THREAD)
    drift_begin(place->slot, place->number);
  else
    ledger_begin(place->number);
  if (stats) {
    struct own own;
    const bool is_own = read_own(place, &now, &own);
    fill(place, &now, is_own ? &own : NULL, stats);
    if (share && is_own && place->slot == heapster__slot_here()) fill_share(&own, stats, share);
  }
  place->is_open = false;
  heapster__add_relaxed(&windows.open, -1U);
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

static void reset(unsigned number) {
  struct heapster__tally raw = {0};
  int64_t start = ledger_begin(number);
  heapster__sum(&raw, number);
  if (number) heapster__baseline_publish(number, &raw);
  heapster__use_max_restart(number, start);
}

void heapster_reset(void) {
  heapster__lock();
  for (unsigned number = 1; number <= heapster__last_heap(); number++) {
    if (heapster__heap_at(number)) reset(number);
  }
  reset(HEAPSTER__TOTAL);
  heapster__unlock();
}

/* The other threads, and so whoever would end their windows, are gone. */
static void forked(void) {
  struct heapster__slot *own = heapster__slot_here();
  heapster__threads_forked();
  for (uint32_t i = 0; i < windows.used; i++) {
    struct place *place = &windows.places[i];
    if (!place->is_open || place->slot == own) continue;
    place->is_open = false;
    heapster__add_relaxed(&windows.open, -1U);
  }
  heapster__unlock();
}

HEAPSTER__AT_LOAD static void start(void) { heapster__at_fork(heapster__lock, heapster__unlock, forked); }
