/* Snapshots: the counters read at one moment, against the baseline of the last reset. */
#include "heap/snapshot.h"

#include "base/lock.h"
#include "count/small_map.h"
#include "heap/origin.h"
#include "heap/peak.h"
#include "value/sized.h"

#include <string.h>

/* A heap has two baselines. The published one is never written: a reset writes the other and publishes it. A reader
   that two resets overtake sees that the count of resets changed, and reads again. */
struct baseline {
  struct heapster__totals totals[2];
  _Atomic uint32_t published; /* counts the resets; its last bit is the index in `totals`; 0: there was no reset */
};

static struct baseline baselines[HEAPSTER__HEAP_NUMBERS];

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

static void copy_totals(struct heapster__totals *to, const struct heapster__totals *from) {
  enum { WORDS = sizeof *to / sizeof(uint64_t) };
  for (size_t i = 0; i < WORDS; i++) {
    heapster__store_relaxed((heapster__counter *)to + i, heapster__load_relaxed((const heapster__counter *)from + i));
  }
}

static const struct heapster__totals zero_totals;

/* Returns the published baseline, copied into `since`, or zeros where there was no reset. */
static const struct heapster__totals *read_baseline(unsigned number, struct heapster__totals *since) {
  struct baseline *baseline = &baselines[number];
  uint32_t before;
  uint32_t after = heapster__load_acquire(&baseline->published); /* pairs with the release in publish_baseline */
  do {
    before = after;
    if (!before) return &zero_totals;
    copy_totals(since, &baseline->totals[before % 2]);
    heapster__fence_acquire(); /* the copy is read before the count is read again */
    after = heapster__load_relaxed(&baseline->published);
  } while (after != before);
  return since;
}

static void publish_baseline(unsigned number, const struct heapster__totals *raw) {
  struct baseline *baseline = &baselines[number];
  uint32_t next = heapster__load_relaxed(&baseline->published) + 1;
  if (!next) next = 2; /* 0 says that there was no reset */
  copy_totals(&baseline->totals[next % 2], raw);
  heapster__store_release(&baseline->published, next);
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

/* A heap's raw counters, and the baseline that its snapshots count from. */
struct reading {
  struct heapster__totals raw;
  struct heapster__totals copy; /* memory for the baseline */
  const struct heapster__totals *since;
};

static void read_heap(unsigned number, struct reading *reading) {
  reading->since = read_baseline(number, &reading->copy); /* before the shards, so no counter is below its baseline */
  memset(&reading->raw, 0, sizeof reading->raw);
  heapster__sum_heap(&reading->raw, number);
}

static void fill_snapshot(unsigned number, struct heapster_stats *theirs, size_t size,
                          const struct heapster__totals *raw, const struct heapster__totals *since,
                          const struct heapster_origin *origin) {
  struct heapster_stats room;
  struct heapster_stats *stats = heapster__stats_target(theirs, size, &room);
  heapster__stats_fill(stats, raw, since);
  stats->live_change = 0; /* a snapshot has no changes */
  stats->use_change = 0;
  stats->use_max = heapster__use_max(number, stats->use_curr);
  stats->origin = *origin;
  heapster__origin_end(&stats->origin);
  heapster__stats_give(theirs, size, stats);
}

size_t heapster__read_all(struct heapster_stats *total, size_t total_size, struct heapster_heap_stats *heaps,
                          size_t stride, size_t capacity) {
  const size_t size = stride - offsetof(struct heapster_heap_stats, stats);
  struct reading reading;
  struct heapster__totals all = {0};
  struct heapster__totals since = {0};
  const struct heapster_heap *heap = NULL;
  size_t count = 0;
  const struct heapster_origin origin = heapster__origin_begin();
  while ((heap = heapster_heap_next(heap))) {
    read_heap(heap->number, &reading);
    heapster__totals_add(&all, &reading.raw);
    heapster__totals_add(&since, reading.since);
    if (heaps && count < capacity) {
      struct heapster_heap_stats *entry = (struct heapster_heap_stats *)(void *)((char *)heaps + count * stride);
      entry->heap = heap;
      fill_snapshot(heap->number, &entry->stats, size, &reading.raw, reading.since, &origin);
    }
    count++;
  }
  if (total) fill_snapshot(HEAPSTER__TOTAL, total, total_size, &all, &since, &origin);
  return count;
}

size_t heapster_stats_read_all_sized(struct heapster_stats *total, size_t total_size, struct heapster_heap_stats *heaps,
                                     size_t stride, size_t capacity) {
  heapster__rescan();
  return heapster__read_all(total, total_size, heaps, stride, capacity);
}

void heapster_stats_read_sized(const struct heapster_heap *heap, struct heapster_stats *stats, size_t size) {
  if (!heap || !stats) {
    heapster_stats_read_all_sized(stats, size, NULL, 0, 0);
    return;
  }
  struct reading reading;
  heapster__rescan();
  const struct heapster_origin origin = heapster__origin_begin();
  read_heap(heap->number, &reading);
  fill_snapshot(heap->number, stats, size, &reading.raw, reading.since, &origin);
}

static void reset_heap(unsigned number) {
  struct heapster__totals raw = {0};
  int64_t start = heapster__peak_interval_begin(number);
  heapster__sum(&raw, NULL, number);
  if (number) publish_baseline(number, &raw);
  heapster__use_max_restart(number, start);
}

void heapster_reset(void) {
  heapster__lock();
  heapster__origin_note_reset();
  for (unsigned number = 1; number <= heapster__last_heap(); number++) {
    if (heapster__heap_at(number)) reset_heap(number);
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

static void count_block(const void *context, const void *granule, unsigned owner, uint64_t size) {
  (void)granule;
  const struct census *census = context;
  if (census->owner && census->owner != owner) return;
  census->histogram->buckets[heapster__bucket(size)]++;
}

/* Heaps over one allocator share a map. */
static bool is_first_in_map(const struct heapster_heap *heap) {
  const struct heapster_heap *each = heapster_heap_next(NULL);
  while (each->map != heap->map) each = heapster_heap_next(each);
  return each == heap;
}

/* The blocks of a Lua state that no shadow map can have. */
static void count_small_blocks(const struct heapster_heap *heap, const struct census *census) {
  struct heapster__small_map *small = heapster__load_acquire(&heap->small); /* pairs with the release in open_record */
  if (small) heapster__small_visit(small, heap->number, count_block, census);
}

void heapster_live_histogram(const struct heapster_heap *heap, struct heapster_histogram *histogram) {
  if (!histogram) return;
  memset(histogram, 0, sizeof *histogram);
  const struct census census = {heap ? heap->number : HEAPSTER__TOTAL, histogram};
  heapster__shadow_visit(heap ? heap->map : &heapster__main_map, count_block, &census);
  if (heap) count_small_blocks(heap, &census);
  if (heap) return;
  for (const struct heapster_heap *each = heapster_heap_next(NULL); each; each = heapster_heap_next(each)) {
    if (each->map != &heapster__main_map && is_first_in_map(each))
      heapster__shadow_visit(each->map, count_block, &census);
    count_small_blocks(each, &census);
  }
}
