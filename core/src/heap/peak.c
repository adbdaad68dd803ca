/* Peaks of heaps: use_max, the intervals of a high-water mark, and its observers. */
#include "heap/peak.h"

#include "base/lock.h"

static heapster__level use_max[HEAPSTER__HEAP_NUMBERS];
static struct heapster__peak_observer *observers[HEAPSTER__HEAP_NUMBERS];

static void raise_use_max(unsigned number, int64_t peak) {
  int64_t seen = heapster__load_relaxed(&use_max[number]);
  while (peak > seen && !heapster__swap_relaxed(&use_max[number], &seen, peak)) {
  }
}

void heapster__use_max_restart(unsigned number, int64_t use) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_relaxed(&use_max[number], use);
}

uint64_t heapster__use_max_so_far(unsigned number) { return (uint64_t)heapster__load_relaxed(&use_max[number]); }

uint64_t heapster__use_max(unsigned number, uint64_t use) {
  int64_t highest = heapster__highest_pending(number);
  raise_use_max(number, heapster__high_water_raise(&heapster__high_water_marks[number], highest, (int64_t)use));
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
  raise_use_max(number, heapster__high_water_raise(mark, heapster__highest_pending(number), 0));
  const struct heapster__peak_interval interval = heapster__high_water_begin_interval(mark);
  raise_use_max(number, interval.earlier_peak);
  for (struct heapster__peak_observer *each = observers[number]; each; each = each->next) {
    if (interval.earlier_peak > each->peak) each->peak = interval.earlier_peak;
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

uint64_t heapster__observed_rise(const struct heapster__peak_observer *observer, uint64_t requested, int64_t change) {
  const int64_t observed = observer->peak - observer->start; /* both may be below 0 in thread scope */
  const int64_t rise = observed > change ? observed : change;
  if (rise <= 0) return 0;
  return (uint64_t)rise < requested ? (uint64_t)rise : requested;
}
