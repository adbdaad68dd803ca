/* Retiring a heap: its number is free for the next heap, and nothing that threads have pending reaches that one. */
#include "count/retire.h"

#include "base/lock.h"
#include "count/arming.h"
#include "count/sums.h"

/* The shard of the thread at that index which is of the heap's generation, or NULL. */
static struct heapster__shard *fresh_shard_at(uint32_t index, unsigned heap) {
  struct heapster__thread *const thread = heapster__thread_at(index);
  struct heapster__shard *const shard = thread ? heapster__load_acquire(&thread->shards[heap]) : NULL;
  return shard && !heapster__is_outdated(shard) ? shard : NULL;
}

/* The owners of the shards of the first `count` threads may open them again. */
static void disarm(unsigned heap, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    struct heapster__shard *const shard = fresh_shard_at(i, heap);
    if (shard) heapster__store_release(&shard->head.heap, heap);
  }
}

/* Returns how many threads' shards were armed; where that is fewer than `threads`, a thread that ends has the next. */
static uint32_t arm(unsigned heap, uint32_t threads) {
  for (uint32_t i = 0; i < threads; i++) {
    struct heapster__shard *const shard = fresh_shard_at(i, heap);
    if (!shard) continue;
    if (!heapster__exchange_acq_rel(&shard->head.heap, 0)) return i; /* pairs with flush_last */
    heapster__close_fast_path(shard);
  }
  return threads;
}

static bool are_all_blocks_freed(unsigned heap) {
  struct heapster__totals sum = {0};
  heapster__sum_heap(&sum, heap);
  return heapster_histogram_total(&sum.alloc_histogram) == sum.dealloc_count &&
         sum.alloc_sum + sum.realloc_growth_sum == sum.dealloc_sum + sum.realloc_shrink_sum;
}

static bool is_all_flushed_or_pending(unsigned heap) {
  int64_t use = heapster__load_acquire(&heapster__high_water_marks[heap].current);
  for (uint32_t i = 0; i < heapster__thread_count(); i++) {
    const struct heapster__shard *const shard = fresh_shard_at(i, heap);
    /* pairs with the release of the last free, whose thread may just have read the heap's place */
    const int64_t pending = shard ? HEAPSTER__PENDING_HALF - heapster__load_acquire(&shard->pending.left) : 0;
    const bool is_armed = !shard || !heapster__load_acquire(&shard->head.heap); /* one made meanwhile is not */
    if (!is_armed || pending > HEAPSTER__PENDING_HALF || pending < -HEAPSTER__PENDING_HALF) return false;
    use += pending;
  }
  return use == 0;
}

bool heapster__counters_retire(unsigned heap) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const uint32_t threads = heapster__thread_count();
  const uint32_t armed = arm(heap, threads);
  if (armed < threads || !are_all_blocks_freed(heap) || !is_all_flushed_or_pending(heap)) {
    disarm(heap, armed);
    return false;
  }
  /* in this order: a reader that finds the mark restarted finds the shards outdated; pairs with is_outdated */
  heapster__add_acq_rel(&heapster__heap_generations[heap], 1);
  heapster__high_water_restart(&heapster__high_water_marks[heap]);
  return true;
}
