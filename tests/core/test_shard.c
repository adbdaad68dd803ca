/* Shards: which thread's counters an event changes, and when a thread flushes. Heap numbers without heaps. */
#include "cmocka_test.h"

#include "another_thread.h"
#include "count/fast.h"
#include "counters_support.h"

static void *alloc_40(void *unused) {
  heapster__count_alloc(heap, 40);
  return unused;
}

static int64_t flushed_use(unsigned number) {
  return heapster__load_acquire(&heapster__high_water_marks[number].current);
}

static int64_t peak_of_mark(unsigned number) { return heapster__high_water_peak(&heapster__high_water_marks[number]); }

/* Must be the first test: the others start threads. */
static void one_thread_is_alone_until_another_counts(void **state) {
  (void)state;
  heapster__count_alloc(heap, 1);
  struct heapster__thread *thread = heapster__this_thread();
  assert_true(heapster__is_alone(thread));
  on_another_thread(alloc_40, NULL);
  assert_false(heapster__is_alone(thread));
}

static void a_threads_sum_has_its_own_shard_only(void **state) {
  (void)state;
  struct heapster__totals totals = {0};
  heapster__count_alloc(heap, 2);
  on_another_thread(alloc_40, NULL);
  heapster__sum_thread(&totals, heapster__this_thread(), heap);
  assert_field(totals, alloc_sum, 2);
}

static void *shrink_after_growth(void *unused) {
  heapster__count_alloc(heap, 500);
  heapster__count_dealloc(heap, 500);
  assert_int_equal(heapster__highest_pending(heap), 500);
  return unused;
}

static void the_highest_pending_bytes_are_the_most_of_any_thread(void **state) {
  (void)state;
  assert_int_equal(heapster__highest_pending(heap), 0);
  heapster__count_alloc(heap, 100);
  assert_int_equal(heapster__highest_pending(heap), 100);
  on_another_thread(shrink_after_growth, NULL);
  assert_int_equal(heapster__highest_pending(heap), 100);
  heapster__flush_heap(heapster__this_thread(), heap);
  assert_int_equal(heapster__highest_pending(heap), 0);
  assert_int_equal(peak_of_mark(heap), 500);
}

static void a_thread_flushes_beyond_half_the_span_and_not_before(void **state) {
  (void)state;
  heapster__flush_all(heapster__thread_claim());
  const int64_t total = flushed_use(0);
  heapster__count_alloc(heap, HEAPSTER__PENDING_HALF);
  assert_int_equal(flushed_use(heap), 0);
  heapster__count_alloc(heap, 1);
  assert_int_equal(flushed_use(heap), HEAPSTER__PENDING_HALF + 1);
  assert_int_equal(flushed_use(0) - total, HEAPSTER__PENDING_HALF + 1);
  heapster__count_dealloc(heap, HEAPSTER__PENDING_HALF);
  assert_int_equal(flushed_use(heap), HEAPSTER__PENDING_HALF + 1);
  resize(1, 0, false);
  assert_int_equal(flushed_use(heap), 0);
  assert_int_equal(flushed_use(0) - total, 0);
  resize(0, HEAPSTER__PENDING_HALF + 1, true);
  assert_int_equal(flushed_use(heap), HEAPSTER__PENDING_HALF + 1);
}

static void a_thread_flushes_at_its_end(void **state) {
  (void)state;
  on_another_thread(alloc_40, NULL);
  assert_int_equal(flushed_use(heap), 40);
}

/* Each of two heaps stays below the half; when a third becomes active, the total's pending bytes are beyond it. */
static void the_total_is_flushed_when_its_pending_bytes_are_beyond_half_the_span(void **state) {
  (void)state;
  const unsigned other = heap;
  open_heap(NULL);
  open_heap(NULL);
  heapster__flush_all(heapster__thread_claim());
  const int64_t total = flushed_use(0);
  heapster__count_alloc(other, HEAPSTER__PENDING_HALF - 10);
  heapster__count_alloc(heap - 1, 20);
  assert_int_equal(flushed_use(0) - total, 0);
  heapster__count_alloc(heap, 5);
  assert_int_equal(flushed_use(0) - total, HEAPSTER__PENDING_HALF + 10);
  heapster__flush_all(heapster__this_thread());
  assert_int_equal(flushed_use(0) - total, HEAPSTER__PENDING_HALF + 15);
  assert_int_equal(flushed_use(other), HEAPSTER__PENDING_HALF - 10);
  assert_int_equal(flushed_use(heap), 5);
}

/* Each active period frees less than the half. */
static void a_heap_that_shrinks_in_many_turns_is_flushed(void **state) {
  (void)state;
  const unsigned other = heap;
  open_heap(NULL);
  heapster__flush_all(heapster__thread_claim());
  for (int turn = 0; turn < 4; turn++) {
    assert_int_equal(flushed_use(other), 0);
    heapster__count_dealloc(other, HEAPSTER__PENDING_HALF / 4);
    heapster__count_alloc(heap, 1);
  }
  heapster__count_dealloc(other, 1);
  assert_int_equal(flushed_use(other), -HEAPSTER__PENDING_HALF - 1);
}

static void pending_bytes_are_those_of_the_heap_and_0_is_the_total(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  assert_ptr_equal(heapster__pending_of(thread, 0), &thread->total);
  struct heapster__pending *pending = heapster__pending_of(thread, heap);
  assert_ptr_equal(pending, &thread->shards[heap]->pending);
  assert_ptr_equal(heapster__pending_of(thread, heap), pending);
}

static void a_heap_that_the_thread_has_a_shard_of_becomes_active(void **state) {
  (void)state;
  const unsigned other = heap;
  open_heap(NULL);
  assert_false(heapster__activate_heap(other));
  heapster__count_alloc(other, 10);
  assert_non_null(heapster__shard_here(other));
  heapster__count_alloc(heap, 20);
  assert_null(heapster__shard_here(other));
  assert_true(heapster__activate_heap(other));
  assert_non_null(heapster__shard_here(other));
  assert_null(heapster__shard_here(heap));
}

static void *count_after_end(void *unused) {
  heapster__cached_shard_head = &heapster__no_thread[HEAPSTER__THREAD_DEAD];
  heapster__count_alloc(heap, 100);
  resize(100, 130, true);
  resize(130, 120, false);
  heapster__count_dealloc(heap, 120);
  heapster__count_alloc(heap, 7);
  heapster__count_one(heap, alloc_fail_count);
  return unused;
}

/* From then on a thread is never taken for alone. */
static void events_after_a_threads_end_are_in_the_shared_shard_and_flushed_at_once(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  const uint32_t records = heapster__thread_count();
  on_another_thread(count_after_end, NULL);
  const struct heapster__totals totals = sum();
  assert_int_equal(heapster__thread_count(), records);
  assert_field(totals, alloc_sum, 107);
  assert_field(totals, realloc_growth_sum, 30);
  assert_field(totals, realloc_move_sum, 100);
  assert_field(totals, dealloc_sum, 120);
  assert_field(totals, alloc_fail_count, 1);
  assert_int_equal(flushed_use(heap), 7);
  assert_int_equal(peak_of_mark(heap), 130);
  assert_false(heapster__is_alone(thread));
}

static void *free_a_few(void *unused) {
  for (unsigned i = 0; i < 10; ++i) heapster__count_dealloc(heap, 3);
  assert_null(heapster__this_thread());
  return unused;
}

static void a_thread_that_only_frees_counts_in_the_shared_shard(void **state) {
  (void)state;
  for (unsigned i = 0; i < 10; ++i) heapster__count_alloc(heap, 3);
  on_another_thread(free_a_few, NULL);
  const struct heapster__totals totals = sum();
  assert_field(totals, dealloc_count, 10);
  assert_field(totals, dealloc_sum, 30);
}

#define TEST(name) cmocka_unit_test_setup(name, open_heap)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_thread_is_alone_until_another_counts),
      TEST(a_threads_sum_has_its_own_shard_only),
      TEST(the_highest_pending_bytes_are_the_most_of_any_thread),
      TEST(a_thread_flushes_beyond_half_the_span_and_not_before),
      TEST(a_thread_flushes_at_its_end),
      TEST(the_total_is_flushed_when_its_pending_bytes_are_beyond_half_the_span),
      TEST(a_heap_that_shrinks_in_many_turns_is_flushed),
      TEST(pending_bytes_are_those_of_the_heap_and_0_is_the_total),
      TEST(a_heap_that_the_thread_has_a_shard_of_becomes_active),
      TEST(events_after_a_threads_end_are_in_the_shared_shard_and_flushed_at_once),
      TEST(a_thread_that_only_frees_counts_in_the_shared_shard),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
