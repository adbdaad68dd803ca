/* Sums: a heap's counters, added up over the shards of all threads. */
#include "count/sums.h"

/* Those of a heap, or NULL where nothing was booked there. */
static struct heapster__shard *orphans_of(unsigned heap) {
  if (heapster__likely(!heapster__load_relaxed(&heapster__orphans.are_used))) return NULL;
  return heapster__load_acquire(&heapster__orphans.shards[heap]); /* pairs with the release in counters_open */
}

static unsigned buckets_of(struct heapster__shard *shard) {
  return heapster__load_relaxed(&shard->is_large) ? HEAPSTER_BUCKETS : HEAPSTER__COMMON_BUCKETS;
}

static void sum_shard(struct heapster__tally *sum, struct heapster__shard *shard) {
  if (!shard) return;
  unsigned buckets = buckets_of(shard);
  heapster__sum_relaxed(&sum->alloc_sum, &shard->alloc_sum, HEAPSTER__CELL_COUNT);
#define X(name) heapster__sum_relaxed(sum->name.buckets, shard->name.buckets, buckets);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  sum->is_large |= buckets > HEAPSTER__COMMON_BUCKETS;
}

static uint64_t allocs_of(const struct heapster__tally *sum) {
  uint64_t count = 0;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) count += sum->alloc_histogram.buckets[i];
  return count;
}

/* A heap of Lua states: the kinds are read before the requests they are of, as an alloc is counted before its kind. */
static void sum_kinds(struct heapster__tally *sum, struct heapster__shard *shard) {
  if (!shard) return;
  uint64_t count = allocs_of(sum);
  uint64_t bytes = sum->alloc_sum;
  heapster__sum_relaxed(sum->kinds.cells, shard->kinds, HEAPSTER__LUA_KIND_CELLS);
  sum_shard(sum, shard);
  sum->kinds.alloc_count += allocs_of(sum) - count;
  sum->kinds.alloc_sum += sum->alloc_sum - bytes;
}

static void sum_one(struct heapster__tally *sum, struct heapster__shard *shard, unsigned heap) {
  if (heapster__likely(!heapster__load_relaxed(&heapster__by_kind[heap]))) {
    sum_shard(sum, shard);
    return;
  }
  sum->has_kinds = true;
  sum_kinds(sum, shard);
}

void heapster__sum_slot(struct heapster__tally *sum, struct heapster__slot *slot, unsigned heap) {
  sum_one(sum, heapster__load_acquire(&slot->shards[heap]), heap); /* pairs with the swap that published it */
}

void heapster__sum_heap(struct heapster__tally *sum, unsigned heap) {
  const uint32_t slots = heapster__slot_count();
  sum_one(sum, orphans_of(heap), heap);
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot) heapster__sum_slot(sum, slot, heap);
  }
}

/* An alloc of no bytes shows in its bucket alone, and the first large one is read only once `is_large` is set. Where
   another thread's writes are seen in any order, no cell is known to be the last: there all are looked at. */
static uint64_t activity_of_requests(struct heapster__shard *shard) {
  const unsigned buckets = buckets_of(shard);
  uint64_t activity = buckets + heapster__total_relaxed(&shard->alloc_sum, HEAPSTER__CELL_COUNT);
  if (HEAPSTER__WRITES_IN_ORDER) return activity + heapster__load_relaxed(&shard->alloc_histogram.buckets[0]);
#define X(name) activity += heapster__total_relaxed(shard->name.buckets, buckets);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  return activity;
}

/* Of a Lua state's heap the kind of a new block is what is counted last. */
static uint64_t activity_of(struct heapster__shard *shard, unsigned heap) {
  if (!shard) return 0;
  const uint64_t activity = activity_of_requests(shard);
  if (heapster__likely(!heapster__load_relaxed(&heapster__by_kind[heap]))) return activity;
  return activity + heapster__total_relaxed(shard->kinds, HEAPSTER__LUA_KIND_CELLS);
}

uint64_t heapster__activity_slot(struct heapster__slot *slot, unsigned heap) {
  return activity_of(heapster__load_acquire(&slot->shards[heap]), heap); /* pairs with the swap that published it */
}

uint64_t heapster__activity_heap(unsigned heap) {
  const uint32_t slots = heapster__slot_count();
  uint64_t activity = activity_of(orphans_of(heap), heap);
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot) activity += heapster__activity_slot(slot, heap);
  }
  return activity;
}

void heapster__activities(uint64_t *activities, unsigned last) {
  const bool has_orphans = heapster__load_relaxed(&heapster__orphans.are_used);
  for (unsigned heap = 1; heap <= last; heap++)
    activities[heap] = has_orphans ? activity_of(orphans_of(heap), heap) : 0;
  const uint32_t slots = heapster__slot_count();
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    for (unsigned heap = 1; slot && heap <= last; heap++) activities[heap] += heapster__activity_slot(slot, heap);
  }
}

static void add_requests(struct heapster__requests *sum, struct heapster__shard *shard) {
  if (!shard) return;
  const unsigned buckets = buckets_of(shard);
  sum->alloc_count += heapster__total_relaxed(shard->alloc_histogram.buckets, buckets);
  sum->realloc_growth_count += heapster__total_relaxed(shard->realloc_growth_histogram.buckets, buckets);
  sum->total_alloc_sum +=
      heapster__load_relaxed(&shard->alloc_sum) + heapster__load_relaxed(&shard->realloc_growth_sum);
  sum->total_dealloc_sum +=
      heapster__load_relaxed(&shard->dealloc_sum) + heapster__load_relaxed(&shard->realloc_shrink_sum);
}

struct heapster__requests heapster__requests_of(unsigned heap) {
  struct heapster__requests sum = {0};
  const uint32_t slots = heapster__slot_count();
  add_requests(&sum, orphans_of(heap));
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot) add_requests(&sum, heapster__load_acquire(&slot->shards[heap]));
  }
  return sum;
}

bool heapster__is_alone(const struct heapster__slot *slot) {
  return heapster__slot_count() == 1 && heapster__slot_at(0) == slot &&
         !heapster__load_relaxed(&heapster__orphans.are_used);
}

static int64_t total_untold_by(struct heapster__slot *slot) {
  struct heapster__shard *run = heapster__run_of(slot);
  int64_t highest = run ? heapster__run_highest(&run->drift, &slot->total) : heapster__drift_net(&slot->total);
  int64_t before = heapster__load_relaxed(&slot->total.before);
  return highest > before ? highest : before;
}

static int64_t untold_by(struct heapster__slot *slot, unsigned heap) {
  if (!heap) return total_untold_by(slot);
  struct heapster__shard *shard = heapster__load_acquire(&slot->shards[heap]);
  return shard ? heapster__drift_highest(&shard->drift) : 0;
}

int64_t heapster__highest_untold(unsigned heap) {
  const uint32_t slots = heapster__slot_count();
  int64_t highest = 0;
  for (uint32_t i = 0; i < slots; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    int64_t untold = slot ? untold_by(slot, heap) : 0;
    if (untold > highest) highest = untold;
  }
  return highest;
}
