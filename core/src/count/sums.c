/* Sums: a heap's counters, added up over the shards of all threads. */
#include "count/sums.h"

/* The shared shard of a heap, or NULL where nothing was counted in any. */
static struct heapster__shard *shared_shard_of(unsigned heap) {
  if (heapster__likely(!heapster__load_relaxed(&heapster__shared_shards.are_used))) return NULL;
  return heapster__load_acquire(&heapster__shared_shards.shards[heap]); /* pairs with the release in counters_open */
}

static unsigned buckets_of(struct heapster__shard *shard) {
  return heapster__load_relaxed(&shard->is_large) ? HEAPSTER_BUCKETS : HEAPSTER__COMMON_BUCKETS;
}

static void sum_shard(struct heapster__totals *sum, struct heapster__shard *shard) {
  if (!shard) return;
  unsigned buckets = buckets_of(shard);
  heapster__sum_relaxed(&sum->alloc_sum, &shard->alloc_sum, HEAPSTER__CELL_COUNT);
#define X(name) heapster__sum_relaxed(sum->name.buckets, shard->name, buckets);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  sum->is_large |= buckets > HEAPSTER__COMMON_BUCKETS;
}

/* A heap of Lua states: an alloc is counted before its kind, so the kinds are read before the requests. */
static void sum_kinds(struct heapster__totals *sum, struct heapster__shard *shard) {
  if (!shard) return;
  uint64_t count = heapster_histogram_total(&sum->alloc_histogram);
  uint64_t bytes = sum->alloc_sum;
  heapster__sum_relaxed(sum->kinds.cells, shard->kinds, HEAPSTER__LUA_KIND_CELLS);
  sum_shard(sum, shard);
  sum->kinds.alloc_count += heapster_histogram_total(&sum->alloc_histogram) - count;
  sum->kinds.alloc_sum += sum->alloc_sum - bytes;
}

static void sum_one(struct heapster__totals *sum, struct heapster__shard *shard, unsigned heap) {
  if (heapster__likely(!heapster__load_relaxed(&heapster__by_kind[heap]))) {
    sum_shard(sum, shard);
    return;
  }
  sum->has_kinds = true;
  sum_kinds(sum, shard);
}

void heapster__sum_thread(struct heapster__totals *sum, struct heapster__thread *thread, unsigned heap) {
  sum_one(sum, heapster__load_acquire(&thread->shards[heap]), heap); /* pairs with the swap that published it */
}

void heapster__sum_heap(struct heapster__totals *sum, unsigned heap) {
  const uint32_t threads = heapster__thread_count();
  sum_one(sum, shared_shard_of(heap), heap);
  for (uint32_t i = 0; i < threads; i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    if (thread) heapster__sum_thread(sum, thread, heap);
  }
}

/* An alloc of no bytes shows in its bucket alone, and the first large one is read only once `is_large` is set. Where
   another thread's writes may be seen in any order, no cell is known to be the last, so all are read. */
static uint64_t request_changes(struct heapster__shard *shard) {
  const unsigned buckets = buckets_of(shard);
  uint64_t changes = buckets + heapster__total_relaxed(&shard->alloc_sum, HEAPSTER__CELL_COUNT);
  if (HEAPSTER__WRITES_IN_ORDER) return changes + heapster__load_relaxed(&shard->alloc_histogram[0]);
#define X(name) changes += heapster__total_relaxed(shard->name, buckets);
  HEAPSTER__HISTOGRAMS(X)
#undef X
  return changes;
}

/* In a heap of Lua states, the kind of a new block is counted last. */
static uint64_t shard_changes(struct heapster__shard *shard, unsigned heap) {
  if (!shard) return 0;
  const uint64_t changes = request_changes(shard);
  if (heapster__likely(!heapster__load_relaxed(&heapster__by_kind[heap]))) return changes;
  return changes + heapster__total_relaxed(shard->kinds, HEAPSTER__LUA_KIND_CELLS);
}

uint64_t heapster__thread_changes(struct heapster__thread *thread, unsigned heap) {
  return shard_changes(heapster__load_acquire(&thread->shards[heap]), heap); /* pairs with the swap that published it */
}

uint64_t heapster__heap_changes(unsigned heap) {
  const uint32_t threads = heapster__thread_count();
  uint64_t changes = shard_changes(shared_shard_of(heap), heap);
  for (uint32_t i = 0; i < threads; i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    if (thread) changes += heapster__thread_changes(thread, heap);
  }
  return changes;
}

void heapster__all_changes(uint64_t *changes, unsigned last) {
  const bool are_shared_used = heapster__load_relaxed(&heapster__shared_shards.are_used);
  for (unsigned heap = 1; heap <= last; heap++)
    changes[heap] = are_shared_used ? shard_changes(shared_shard_of(heap), heap) : 0;
  const uint32_t threads = heapster__thread_count();
  for (uint32_t i = 0; i < threads; i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    for (unsigned heap = 1; thread && heap <= last; heap++) changes[heap] += heapster__thread_changes(thread, heap);
  }
}

static void add_requests(struct heapster__requests *sum, struct heapster__shard *shard) {
  if (!shard) return;
  const unsigned buckets = buckets_of(shard);
  sum->alloc_count += heapster__total_relaxed(shard->alloc_histogram, buckets);
  sum->realloc_growth_count += heapster__total_relaxed(shard->realloc_growth_histogram, buckets);
  sum->total_alloc_sum += heapster__load_relaxed(&shard->alloc_sum);
  sum->total_alloc_sum += heapster__load_relaxed(&shard->realloc_growth_sum);
  sum->total_dealloc_sum += heapster__load_relaxed(&shard->dealloc_sum);
  sum->total_dealloc_sum += heapster__load_relaxed(&shard->realloc_shrink_sum);
}

struct heapster__requests heapster__requests_of_thread(struct heapster__thread *thread, unsigned heap) {
  struct heapster__requests sum = {0};
  add_requests(&sum, heapster__load_acquire(&thread->shards[heap]));
  return sum;
}

struct heapster__requests heapster__requests_of(unsigned heap) {
  struct heapster__requests sum = {0};
  const uint32_t threads = heapster__thread_count();
  add_requests(&sum, shared_shard_of(heap));
  for (uint32_t i = 0; i < threads; i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    if (thread) add_requests(&sum, heapster__load_acquire(&thread->shards[heap]));
  }
  return sum;
}

bool heapster__is_alone(const struct heapster__thread *thread) {
  return heapster__thread_count() == 1 && heapster__thread_at(0) == thread &&
         !heapster__load_relaxed(&heapster__shared_shards.are_used);
}

static int64_t total_pending_peak(struct heapster__thread *thread) {
  struct heapster__shard *active = heapster__active_shard_of(thread);
  int64_t highest =
      active ? heapster__active_peak(&active->pending, &thread->total) : heapster__pending_bytes(&thread->total);
  int64_t earlier = heapster__load_relaxed(&thread->total.earlier_peak);
  return highest > earlier ? highest : earlier;
}

static inline int64_t pending_peak(struct heapster__thread *thread, unsigned heap) {
  if (!heap) return total_pending_peak(thread);
  struct heapster__shard *shard = heapster__load_acquire(&thread->shards[heap]);
  return shard && !heapster__is_outdated(shard) ? heapster__pending_peak(&shard->pending) : 0;
}

int64_t heapster__thread_pending_peak(struct heapster__thread *thread, unsigned heap) {
  return pending_peak(thread, heap);
}

int64_t heapster__highest_pending(unsigned heap) {
  const uint32_t threads = heapster__thread_count();
  int64_t highest = 0;
  for (uint32_t i = 0; i < threads; i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    int64_t pending = thread ? pending_peak(thread, heap) : 0;
    if (pending > highest) highest = pending;
  }
  return highest;
}
