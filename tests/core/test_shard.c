/* Shards and orphans: in whose counters an event is booked, and when a thread tells. Heap numbers stand for heaps. */
#include "cmocka_test.h"

#include "another_thread.h"
#include "counters_support.h"

static void *alloc_40(void *unused) {
  heapster__count_alloc(heap, 40);
  return unused;
}

static int64_t told(unsigned number) { return heapster__load_acquire(&heapster__high_water_marks[number].current); }

/* To be the first test: the others bring threads. */
static void one_thread_is_alone_until_another_counts(void **state) {
  (void)state;
  heapster__count_alloc(heap, 1);
  struct heapster__thread *thread = heapster__this_thread();
  assert_true(heapster__is_alone(thread));
  on_another_thread(alloc_40, NULL);
  assert_false(heapster__is_alone(thread));
}

static void a_slots_sum_has_its_own_thread_only(void **state) {
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

static void the_highest_value_untold_is_the_largest_of_the_threads(void **state) {
  (void)state;
  assert_int_equal(heapster__highest_pending(heap), 0);
  heapster__count_alloc(heap, 100);
  assert_int_equal(heapster__highest_pending(heap), 100);
  on_another_thread(shrink_after_growth, NULL);
  assert_int_equal(heapster__highest_pending(heap), 100);
  heapster__flush_heap(heapster__this_thread(), heap);
  assert_int_equal(heapster__highest_pending(heap), 0);
  assert_int_equal(heapster__high_water_raise(&heapster__high_water_marks[heap], 0, 0), 500);
}

static void a_thread_tells_beyond_half_a_drift_and_not_before(void **state) {
  (void)state;
  heapster__flush_all(heapster__thread_claim());
  const int64_t total = told(0);
  heapster__count_alloc(heap, HEAPSTER__PENDING_HALF);
  assert_int_equal(told(heap), 0);
  heapster__count_alloc(heap, 1);
  assert_int_equal(told(heap), HEAPSTER__PENDING_HALF + 1);
  assert_int_equal(told(0) - total, HEAPSTER__PENDING_HALF + 1);
  heapster__count_dealloc(heap, HEAPSTER__PENDING_HALF);
  assert_int_equal(told(heap), HEAPSTER__PENDING_HALF + 1);
  resize(1, 0, false);
  assert_int_equal(told(heap), 0);
  assert_int_equal(told(0) - total, 0);
  resize(0, HEAPSTER__PENDING_HALF + 1, true);
  assert_int_equal(told(heap), HEAPSTER__PENDING_HALF + 1);
}

static void a_thread_tells_at_its_end(void **state) {
  (void)state;
  on_another_thread(alloc_40, NULL);
  assert_int_equal(told(heap), 40);
}

/* Each of the two keeps what it has to itself; with a third, the rest is theirs. */
static void the_total_is_told_when_the_rest_is_beyond_half_a_drift(void **state) {
  (void)state;
  const unsigned other = heap;
  opened(NULL);
  opened(NULL);
  heapster__flush_all(heapster__thread_claim());
  const int64_t total = told(0);
  heapster__count_alloc(other, HEAPSTER__PENDING_HALF - 10);
  heapster__count_alloc(heap - 1, 20);
  assert_int_equal(told(0) - total, 0);
  heapster__count_alloc(heap, 5);
  assert_int_equal(told(0) - total, HEAPSTER__PENDING_HALF + 10);
  heapster__flush_all(heapster__this_thread());
  assert_int_equal(told(0) - total, HEAPSTER__PENDING_HALF + 15);
  assert_int_equal(told(other), HEAPSTER__PENDING_HALF - 10);
  assert_int_equal(told(heap), 5);
}

/* Each run takes less than is told in one. */
static void a_heap_that_falls_in_many_runs_is_told(void **state) {
  (void)state;
  const unsigned other = heap;
  opened(NULL);
  heapster__flush_all(heapster__thread_claim());
  for (int run = 0; run < 4; run++) {
    assert_int_equal(told(other), 0);
    heapster__count_dealloc(other, HEAPSTER__PENDING_HALF / 4);
    heapster__count_alloc(heap, 1);
  }
  heapster__count_dealloc(other, 1);
  assert_int_equal(told(other), -HEAPSTER__PENDING_HALF - 1);
}

static void drifts_are_those_of_the_heap_and_0_is_the_total(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  assert_ptr_equal(heapster__pending_of(thread, 0), &thread->total);
  struct heapster__pending *pending = heapster__pending_of(thread, heap);
  assert_ptr_equal(pending, &thread->shards[heap]->pending);
  assert_ptr_equal(heapster__pending_of(thread, heap), pending);
}

static void a_thread_turns_to_a_heap_that_it_has_counted_for(void **state) {
  (void)state;
  const unsigned other = heap;
  opened(NULL);
  assert_false(heapster__activate_heap(other));
  heapster__count_alloc(other, 10);
  assert_non_null(heapster__shard_here(other));
  heapster__count_alloc(heap, 20);
  assert_null(heapster__shard_here(other));
  assert_true(heapster__activate_heap(other));
  assert_non_null(heapster__shard_here(other));
  assert_null(heapster__shard_here(heap));
}

static void *count_when_dead(void *unused) {
  heapster__cached_shard_head = &heapster__no_thread[HEAPSTER__THREAD_DEAD];
  heapster__count_alloc(heap, 100);
  resize(100, 130, true);
  resize(130, 120, false);
  heapster__count_dealloc(heap, 120);
  heapster__count_alloc(heap, 7);
  heapster__count_alloc_failure(heap);
  return unused;
}

/* It stays told to the end of the program that there were orphans. */
static void a_dead_threads_events_are_the_orphans_and_told_at_once(void **state) {
  (void)state;
  struct heapster__thread *thread = heapster__thread_claim();
  const uint32_t slots = heapster__thread_count();
  on_another_thread(count_when_dead, NULL);
  const struct heapster__totals totals = sum();
  assert_int_equal(heapster__thread_count(), slots);
  assert_field(totals, alloc_sum, 107);
  assert_field(totals, realloc_growth_sum, 30);
  assert_field(totals, realloc_move_sum, 100);
  assert_field(totals, dealloc_sum, 120);
  assert_field(totals, alloc_fail_count, 1);
  assert_int_equal(told(heap), 7);
  assert_int_equal(heapster__high_water_raise(&heapster__high_water_marks[heap], 0, 0), 130);
  assert_false(heapster__is_alone(thread));
}

static void *free_a_few(void *unused) {
  for (unsigned i = 0; i < 10; ++i) heapster__count_dealloc(heap, 3);
  assert_null(heapster__this_thread());
  return unused;
}

static void a_thread_that_only_frees_is_counted_among_the_orphans(void **state) {
  (void)state;
  for (unsigned i = 0; i < 10; ++i) heapster__count_alloc(heap, 3);
  on_another_thread(free_a_few, NULL);
  const struct heapster__totals totals = sum();
  assert_field(totals, dealloc_count, 10);
  assert_field(totals, dealloc_sum, 30);
}

#define TEST(name) cmocka_unit_test_setup(name, opened)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_thread_is_alone_until_another_counts),
      TEST(a_slots_sum_has_its_own_thread_only),
      TEST(the_highest_value_untold_is_the_largest_of_the_threads),
      TEST(a_thread_tells_beyond_half_a_drift_and_not_before),
      TEST(a_thread_tells_at_its_end),
      TEST(the_total_is_told_when_the_rest_is_beyond_half_a_drift),
      TEST(a_heap_that_falls_in_many_runs_is_told),
      TEST(drifts_are_those_of_the_heap_and_0_is_the_total),
      TEST(a_thread_turns_to_a_heap_that_it_has_counted_for),
      TEST(a_dead_threads_events_are_the_orphans_and_told_at_once),
      TEST(a_thread_that_only_frees_is_counted_among_the_orphans),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
