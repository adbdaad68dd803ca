/* Snapshots: the counters read at one moment, against the baseline of the last reset. */
#include "heap/snapshot.h"

#include "base/lock.h"
#include "count/small_map.h"
#include "heap/baseline.h"
#include "heap/ending.h"
#include "heap/origin.h"
#include "heap/peak.h"
#include "value/sized.h"

#include <string.h>

/* NULL: no hook needs them. */
static struct {
  void (*_Atomic full)(void);
  void (*_Atomic throttled)(void);
} rescans;

void heapster__on_rescan(void (*rescan)(void), void (*throttled)(void)) {
  heapster__store_relaxed(&rescans.full, rescan);
  heapster__store_relaxed(&rescans.throttled, throttled);
}

void heapster__rescan(void) {
  void (*const rescan)(void) = heapster__load_relaxed(&rescans.full);
  if (heapster__unlikely(rescan)) rescan();
}

void heapster__rescan_throttled(void) {
  void (*const rescan)(void) = heapster__load_relaxed(&rescans.throttled);
  if (heapster__unlikely(rescan)) rescan();
}

void heapster__sum(struct heapster__totals *sum, struct heapster__thread *thread, unsigned number) {
  const unsigned last = number ? number : heapster__last_heap();
  for (unsigned heap = number ? number : 1; heap <= last; heap++) {
    if (thread)
      heapster__sum_thread(sum, thread, heap);
    else
      heapster__sum_heap(sum, heap);
  }
}

/* Raw counters, and what figures count from. */
struct figures {
  struct heapster__totals raw;
  struct heapster__totals since;
};

static void add_figures(struct figures *figures, const struct heapster__totals *raw,
                        const struct heapster__totals *since) {
  heapster__totals_add(&figures->raw, raw);
  heapster__totals_add(&figures->since, since);
}

/* A number's raw counters, and its baseline. */
struct reading {
  struct heapster__totals raw;
  struct heapster__baseline baseline;
};

static void read_number(unsigned number, struct reading *reading) {
  heapster__baseline_read(number, &reading->baseline); /* before the shards, so no counter is below its baseline */
  memset(&reading->raw, 0, sizeof reading->raw);
  heapster__sum_heap(&reading->raw, number);
}

/* Whose snapshot it is: a heap, `ended`, or the total. The run is taken first. */
struct subject {
  unsigned number;
  uint64_t use_max_run;
  uint64_t birth_order;
};

static uint64_t use_max_of(const struct subject *subject, uint64_t use) {
  if (subject->number != HEAPSTER__ENDED) return heapster__use_max(subject->number, subject->use_max_run, use);
  const uint64_t highest = heapster__ended_use_max();
  return highest > use ? highest : use;
}

static void fill_snapshot(const struct subject *subject, struct heapster_stats *theirs, size_t size,
                          const struct heapster__totals *raw, const struct heapster__totals *since,
                          const struct heapster_origin *origin) {
  struct heapster_stats room;
  struct heapster_stats *stats = heapster__stats_target(theirs, size, &room);
  heapster__stats_fill(stats, raw, since);
  stats->live_change = 0; /* a snapshot has no changes */
  stats->use_change = 0;
  stats->use_max = use_max_of(subject, stats->use_curr);
  stats->origin = *origin;
  heapster__origin_end(&stats->origin);
  if (subject->birth_order > stats->origin.reset_order) stats->origin.reset_order = subject->birth_order;
  heapster__stats_give(theirs, size, stats);
}

/* Where the entries go. */
struct rows {
  struct heapster_heap_stats *heaps;
  size_t stride;
  size_t capacity;
  size_t count; /* of heaps so far; those beyond the capacity too */
  char (*names)[HEAPSTER_HEAP_NAME];
};

static void add_row(struct rows *rows, const struct heapster_heap *heap, const struct subject *subject,
                    const struct heapster__totals *raw, const struct heapster__totals *since,
                    const struct heapster_origin *origin) {
  const size_t size = rows->stride - offsetof(struct heapster_heap_stats, stats);
  if (rows->count >= rows->capacity || !rows->heaps) return;
  struct heapster_heap_stats *entry =
      (struct heapster_heap_stats *)(void *)((char *)rows->heaps + rows->count * rows->stride);
  entry->heap = heap;
  fill_snapshot(subject, &entry->stats, size, raw, since, origin);
  if (rows->names) heapster__heap_copy_name(heap, rows->names[rows->count]);
}

/* Whether a heap has the number; it may have ended. */
static bool read_if_used(const struct heapster_heap *heap, unsigned number, struct reading *reading) {
  const bool is_open = heapster__load_acquire(&heap->is_open); /* first: see end_heap */
  read_number(number, reading);
  return is_open || !reading->baseline.is_first;
}

/* Reads a number, and adds its heap's entry if it has not ended. Again, where another heap has the number by then. */
static bool read_into(unsigned number, struct reading *reading, struct rows *rows,
                      const struct heapster_origin *origin) {
  const struct heapster_heap *const heap = heapster__heap_slot(number);
  uint64_t serial;
  do {
    serial = heapster__heap_serial(heap);
    const struct subject subject = {number, heapster__use_max_run(number), heapster__load_relaxed(&heap->birth_order)};
    if (!read_if_used(heap, number, reading)) return false;
    if (!reading->baseline.has_ended)
      add_row(rows, heap, &subject, &reading->raw, heapster__baseline_of_heap(&reading->baseline), origin);
  } while (heapster__heap_serial(heap) != serial);
  rows->count += !reading->baseline.has_ended;
  return true;
}

/* Adds what the number's earlier heaps counted to `ended`; NULL: nobody wants it. */
static void add_ended(struct figures *ended, const struct reading *reading) {
  const struct heapster__baseline *const baseline = &reading->baseline;
  if (!ended || (!baseline->has_ended && baseline->is_reset_later)) return;
  add_figures(ended, baseline->has_ended ? &reading->raw : baseline->birth, baseline->reset);
}

/* Reads every heap but `ended`. False: a heap has ended, and `ended` is NULL. */
static bool read_heaps(struct figures *all, struct figures *ended, struct rows *rows,
                       const struct heapster_origin *origin) {
  struct reading reading;
  const unsigned last = heapster__last_heap();
  for (unsigned number = 1; number <= last; number++) {
    if (!read_into(number, &reading, rows, origin)) continue;
    if (!ended && (reading.baseline.has_ended || reading.baseline.has_birth)) return false;
    add_ended(ended, &reading);
    add_figures(all, &reading.raw, reading.baseline.reset);
  }
  return true;
}

static const struct subject ended_heaps = {HEAPSTER__ENDED, 0, 0};

/* `into` is for the figures of `ended` alone, or NULL. Not inlined: signal handlers read too, and have little stack. */
static __attribute__((noinline)) void read_with_ended(struct figures *all, struct rows *rows,
                                                      struct heapster_stats *into, size_t size,
                                                      const struct heapster_origin *origin) {
  struct figures ended;
  memset(&ended, 0, sizeof ended);
  memset(all, 0, sizeof *all);
  rows->count = 0;
  read_heaps(all, &ended, rows, origin);
  if (into) fill_snapshot(&ended_heaps, into, size, &ended.raw, &ended.since, origin);
  add_row(rows, heapster__heap_slot(HEAPSTER__ENDED), &ended_heaps, &ended.raw, &ended.since, origin);
  rows->count++;
}

size_t heapster__read_all(struct heapster_stats *total, size_t total_size, struct heapster_heap_stats *heaps,
                          size_t stride, size_t capacity, char (*names)[HEAPSTER_HEAP_NAME]) {
  struct figures all;
  struct rows rows = {heaps, stride, capacity, 0, names};
  const struct heapster_origin origin = heapster__origin_begin();
  const struct subject the_total = {HEAPSTER__TOTAL, heapster__use_max_run(HEAPSTER__TOTAL), 0};
  memset(&all, 0, sizeof all);
  if (heapster__heap_at(HEAPSTER__ENDED) || !read_heaps(&all, NULL, &rows, &origin))
    read_with_ended(&all, &rows, NULL, 0, &origin);
  if (total) fill_snapshot(&the_total, total, total_size, &all.raw, &all.since, &origin);
  return rows.count;
}

size_t heapster_stats_read_all_sized(struct heapster_stats *total, size_t total_size, struct heapster_heap_stats *heaps,
                                     size_t stride, size_t capacity) {
  heapster__rescan();
  return heapster__read_all(total, total_size, heaps, stride, capacity, NULL);
}

static __attribute__((noinline)) void read_ended(struct heapster_stats *stats, size_t size) {
  struct figures all;
  struct rows rows = {NULL, 0, 0, 0, NULL};
  const struct heapster_origin origin = heapster__origin_begin();
  read_with_ended(&all, &rows, stats, size, &origin);
}

void heapster_stats_read_sized(const struct heapster_heap *heap, struct heapster_stats *stats, size_t size) {
  if (!heap || !stats) {
    heapster_stats_read_all_sized(stats, size, NULL, 0, 0);
    return;
  }
  heapster__rescan();
  if (heap->number == HEAPSTER__ENDED) {
    read_ended(stats, size);
    return;
  }
  struct reading reading;
  const struct heapster_origin origin = heapster__origin_begin();
  const struct subject subject = {heap->number, heapster__use_max_run(heap->number),
                                  heapster__load_relaxed(&heap->birth_order)};
  read_number(heap->number, &reading);
  fill_snapshot(&subject, stats, size, &reading.raw, heapster__baseline_of_heap(&reading.baseline), &origin);
}

static void reset_heap(unsigned number) {
  struct heapster__totals raw = {0};
  int64_t start = heapster__peak_interval_begin(number);
  heapster__sum(&raw, NULL, number);
  if (number) heapster__baseline_reset(number, &raw);
  heapster__use_max_restart(number, start);
}

/* Heaps that have ended too: `ended` shows what they count from here on. */
void heapster_reset(void) {
  heapster__lock();
  heapster__origin_note_reset();
  heapster__ended_use_max_restart();
  for (unsigned number = 1; number <= heapster__last_heap(); number++) {
    if (heapster__heap_at(number) || heapster__is_heap_ended(heapster__heap_slot(number))) reset_heap(number);
  }
  reset_heap(HEAPSTER__TOTAL);
  heapster__origin_note_reset(); /* again: a snapshot that began meanwhile may have met old baselines */
  heapster__unlock();
}

/* A walk of the shadow map: whose blocks it counts (owner 0: every heap's), and the counts so far. */
struct census {
  unsigned owner;
  struct heapster_histogram *histogram;
};

/* Blocks of heaps that have ended are those of `ended`. */
static bool is_counted(const struct census *census, unsigned owner) {
  if (!census->owner || census->owner == owner) return true;
  return census->owner == HEAPSTER__ENDED && owner >= HEAPSTER__FIRST_HOST_HEAP && !heapster__heap_at(owner);
}

static void count_block(const void *context, const void *granule, unsigned owner, uint64_t size) {
  (void)granule;
  const struct census *census = context;
  if (is_counted(census, owner)) census->histogram->buckets[heapster__bucket(size)]++;
}

/* Heaps over one allocator share a map. One that has ended may have blocks in it. */
static bool is_first_in_map(unsigned number) {
  const struct heapster__map *const map = heapster__heap_slot(number)->map;
  unsigned first = HEAPSTER__FIRST_HOST_HEAP;
  while (heapster__heap_slot(first)->map != map) first++;
  return map != &heapster__main_map && first == number;
}

/* The blocks of a Lua state that no shadow map can have. */
static void count_small_blocks(const struct heapster_heap *heap, const struct census *census) {
  struct heapster__small_map *small = heapster__load_acquire(&heap->small); /* pairs with the release in open_record */
  if (small) heapster__small_visit(small, heap->number, count_block, census);
}

static void count_all_blocks(const struct census *census) {
  heapster__shadow_visit(&heapster__main_map, count_block, census);
  for (unsigned number = HEAPSTER__FIRST_HOST_HEAP; number <= heapster__last_heap(); number++) {
    const struct heapster_heap *const heap = heapster__heap_slot(number);
    if (is_first_in_map(number)) heapster__shadow_visit(heap->map, count_block, census);
    count_small_blocks(heap, census);
  }
}

void heapster_live_histogram(const struct heapster_heap *heap, struct heapster_histogram *histogram) {
  if (!histogram) return;
  memset(histogram, 0, sizeof *histogram);
  const struct census census = {heap ? heap->number : HEAPSTER__TOTAL, histogram};
  if (!heap || heap->number == HEAPSTER__ENDED) {
    count_all_blocks(&census);
    return;
  }
  heapster__shadow_visit(heap->map, count_block, &census);
  count_small_blocks(heap, &census);
}
