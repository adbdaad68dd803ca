/* Peaks of heaps: use_max, the intervals of a high-water mark, and its observers. */
#include "heap/peak.h"

#include "base/lock.h"

static _Atomic uint64_t use_max[HEAPSTER__HEAP_NUMBERS]; /* how often it restarted << 48 | bytes */
enum { RUN_SHIFT = 48 };
static struct heapster__peak_observer *observers[HEAPSTER__HEAP_NUMBERS];
static struct heapster__thread_observer *thread_observers[HEAPSTER__HEAP_NUMBERS];

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t bytes_of(uint64_t word) { return (int64_t)(word << (64 - RUN_SHIFT) >> (64 - RUN_SHIFT)); }

uint64_t heapster__use_max_run(unsigned number) {
  return heapster__load_acquire(&use_max[number]) >> RUN_SHIFT; /* pairs with heapster__use_max_restart */
}

static void raise_use_max(unsigned number, uint64_t run, int64_t peak) {
  uint64_t seen = heapster__load_relaxed(&use_max[number]);
  while (peak > bytes_of(seen) && seen >> RUN_SHIFT == run &&
         !heapster__swap_relaxed(&use_max[number], &seen, run << RUN_SHIFT | (uint64_t)peak)) {
  }
}

void heapster__use_max_restart(unsigned number, int64_t use) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const uint64_t next = (heapster__use_max_run(number) + 1) << RUN_SHIFT;
  heapster__store_release(&use_max[number], next | (uint64_t)use);
}

uint64_t heapster__use_max_so_far(unsigned number) {
  return (uint64_t)bytes_of(heapster__load_relaxed(&use_max[number]));
}

/* The highest use since threads flushed last. Where one flushes between the two readings its bytes would be in both, so
   they are read again; of many threads that go on, some always do. */
static int64_t highest_unflushed(unsigned number) {
  enum { TRIES = 8 };
  const struct heapster__high_water *const mark = &heapster__high_water_marks[number];
  for (unsigned i = 1;; i++) {
    const int64_t current = heapster__load_acquire(&mark->current);
    const int64_t pending = heapster__highest_pending(number);
    heapster__fence_acquire(); /* pairs with the flush, which takes what is pending before it moves the mark */
    if (heapster__likely(heapster__load_relaxed(&mark->current) == current) || i == TRIES) return current + pending;
  }
}

uint64_t heapster__use_max(unsigned number, uint64_t run, uint64_t use) {
  raise_use_max(number, run, highest_unflushed(number));
  raise_use_max(number, run, heapster__high_water_peak(&heapster__high_water_marks[number]));
  raise_use_max(number, run, (int64_t)use);
  uint64_t so_far = heapster__use_max_so_far(number);
  return so_far > use ? so_far : use; /* a reset may have restarted it in between */
}

/* The calling thread's pending bytes belong to the old interval. */
int64_t heapster__peak_interval_begin(unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__thread *thread = heapster__this_thread();
  if (thread) heapster__flush_heap(thread, number);
  struct heapster__high_water *mark = &heapster__high_water_marks[number];
  /* use_max never falls in between: it is raised before the peak is taken away, and again to the peak taken */
  const uint64_t run = heapster__use_max_run(number);
  const int64_t unflushed = highest_unflushed(number);
  raise_use_max(number, run, larger(unflushed, heapster__high_water_peak(mark)));
  const struct heapster__peak_interval interval = heapster__high_water_begin_interval(mark);
  const int64_t peak = larger(interval.earlier_peak, unflushed);
  raise_use_max(number, run, peak);
  for (struct heapster__peak_observer *each = observers[number]; each; each = each->next) {
    if (peak > each->peak) each->peak = peak;
  }
  return interval.start;
}

void heapster__observe_peak(struct heapster__peak_observer *observer, unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  observer->start = observer->peak = heapster__peak_interval_begin(number);
  observer->next = observers[number];
  observers[number] = observer;
}

void heapster__stop_observing(struct heapster__peak_observer *observer, unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__peak_observer **link = &observers[number];
  while (*link != observer) link = &(*link)->next;
  *link = observer->next;
}

/* Begins a new interval of the calling thread's own bytes; the old one's peak goes to all that observe it. */
static int64_t begin_thread_interval(struct heapster__thread *thread, struct heapster__pending *pending,
                                     unsigned number) {
  heapster__flush_heap(thread, number);
  const int64_t start = heapster__load_relaxed(&pending->flushed);
  const int64_t peak = heapster__load_relaxed(&pending->peak);
  for (struct heapster__thread_observer *each = thread_observers[number]; each; each = each->next) {
    if (each->thread == thread && peak > each->peak) each->peak = peak;
  }
  heapster__store_relaxed(&pending->peak, start);
  return start;
}

void heapster__observe_thread(struct heapster__thread_observer *observer, unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__thread *thread = heapster__this_thread();
  observer->thread = thread;
  if (!thread) return;
  struct heapster__pending *pending = heapster__find_pending(thread, number);
  observer->start = observer->peak = pending ? begin_thread_interval(thread, pending, number) : 0;
  observer->next = thread_observers[number];
  thread_observers[number] = observer;
}

int64_t heapster__thread_observer_end(struct heapster__thread_observer *observer, unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__thread_observer **link = &thread_observers[number];
  while (*link != observer) link = &(*link)->next;
  *link = observer->next;
  struct heapster__thread *thread = observer->thread;
  const struct heapster__pending *pending = heapster__find_pending(thread, number);
  observer->thread = NULL;
  if (!pending) return 0;
  const int64_t flushed = heapster__load_relaxed(&pending->peak);
  const int64_t latest = heapster__load_relaxed(&pending->flushed) + heapster__thread_pending_peak(thread, number);
  return larger(observer->peak, larger(flushed, latest)) - observer->start;
}

/* By how much the high-water mark may be off if so many other threads act. What a thread has pending is within half a
   span of 0 (a span in the total: that of its active heap, and the rest), and each of them, and the thread that begins
   and ends, is noted in the peak with it or without. */
static uint64_t mark_error(const struct heapster__rise *rise, unsigned number) {
  const uint64_t others = heapster__thread_count() - rise->is_thread_observed;
  const uint64_t acted = rise->foreign_count < others ? rise->foreign_count : others;
  const uint64_t span = number ? HEAPSTER__PENDING_SPAN : 2 * (uint64_t)HEAPSTER__PENDING_SPAN;
  return (acted + 1) * span;
}

/* What the true rise is surely within. */
struct range {
  int64_t least;
  int64_t most;
};

static struct range narrow(struct range range, int64_t value, int64_t error) {
  return (struct range){larger(range.least, value - error), smaller(range.most, value + error)};
}

/* The mark is mostly right, so the rise is the mark's, moved only as far as its error has to be within `error`.
   Counters that are read while others count may contradict each other: `range` is empty then. */
static struct heapster__peak rise_in(struct range range, int64_t observed, int64_t error) {
  const int64_t least = smaller(range.least, range.most);
  const int64_t lowest = larger(least, range.most - error), highest = smaller(range.most, least + error);
  const int64_t rise = larger(lowest, smaller(observed, highest));
  return (struct heapster__peak){
      (uint64_t)rise, (uint64_t)smaller(error, larger(larger(range.least, range.most) - rise, rise - least))};
}

struct heapster__peak heapster__peak_of(const struct heapster__rise *rise, unsigned number) {
  if (!rise->foreign_count)
    return (struct heapster__peak){heapster__limit_rise(rise->is_thread_observed ? rise->of_thread : rise->observed,
                                                        rise->requested, rise->change),
                                   0};
  const struct range possible = {larger(0, rise->change), (int64_t)rise->requested};
  int64_t error = (int64_t)mark_error(rise, number);
  struct range range = narrow(possible, rise->observed, error);
  if (rise->is_thread_observed && rise->foreign_bytes < (uint64_t)error) {
    error = (int64_t)rise->foreign_bytes;
    range = narrow(range, rise->of_thread, error);
  }
  return rise_in(range, rise->observed, smaller(error, (int64_t)rise->requested));
}
